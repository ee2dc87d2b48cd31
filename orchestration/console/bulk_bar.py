"""The acts that the saga list offers on what is ticked."""

from dataclasses import dataclass
from typing import Any

from orchestration.console import bulk_words
from orchestration.operator_actions import ACTS


@dataclass(frozen=True, slots=True)
class BulkButton:
    name: str
    allowed: bool


def bulk_bar(user: Any) -> dict[str, list[BulkButton]]:
    """`front` stands in the bar, `menu` behind it; what the reader may not do is shown, and says so."""
    return {"front": _buttons(bulk_words.IN_FRONT, user), "menu": _buttons(bulk_words.IN_MENU, user)}


def _buttons(names: tuple[str, ...], user: Any) -> list[BulkButton]:
    return [BulkButton(name, user.has_perm(f"orchestration.{ACTS[name].permission}")) for name in names]
