"""What people do to sagas: right, state check, deed and audit row, in one transaction."""

from orchestration.operator_actions.acts import ACTS, Act, Asked
from orchestration.operator_actions.notes import MAX_NOTE, note
from orchestration.operator_actions.performing import perform
from orchestration.operator_actions.previewing import PlannedCall, Preview, preview
from orchestration.operator_actions.refusals import Conflict, WrongAct, last_act_on
from orchestration.operator_actions.restarting import newer_versions
from orchestration.operator_actions.wording import MAX_REASON

__all__ = [
    "ACTS", "MAX_NOTE", "MAX_REASON", "Act", "Asked", "Conflict", "PlannedCall", "Preview", "WrongAct",
    "last_act_on", "newer_versions", "note", "perform", "preview",
]  # fmt: skip
