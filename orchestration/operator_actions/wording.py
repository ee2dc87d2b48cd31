"""What people must write: the reason of an act, the text of a note."""

from typing import Any

from orchestration import strict_json
from orchestration.operator_actions.refusals import WrongAct

MAX_REASON = 1000


def worded(field: str, value: Any, longest: int) -> str:
    """The text without blanks around it. Raises WrongAct unless it has 1 to `longest` characters."""
    text = value.strip() if isinstance(value, str) else ""
    if not 1 <= len(text) <= longest:
        raise WrongAct(field, f"must be 1 to {longest} characters")
    for problem in strict_json.find_problems(text):
        raise WrongAct(field, problem.reason)
    return text


def reason_of(value: Any) -> str:
    """Raises WrongAct."""
    return worded("reason", value, MAX_REASON)
