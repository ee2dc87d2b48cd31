"""JSON as a tree of folds, rendered on the server and bounded: a value of a megabyte costs no more than a small one."""

import json
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MAX_NODES = 400
MAX_TEXT = 1000
OPEN_DEPTH = 2
OPEN_ITEMS = 24
_NOTHING = mark_safe("")


def size_of(value: Any) -> int:
    """Bytes of the value as JSON text."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def size_word(size: int) -> str:
    """`312 B`, `4.1 KB`, `1.2 MB`."""
    if size < 1000:
        return f"{size} B"
    return f"{size / 1000:.1f} KB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"


def tree(value: Any) -> SafeString:
    """The value as HTML; what is beyond the budget is cut and the page says how large the whole is."""
    budget = _Budget()
    body = _node(value, 0, budget)
    note = (
        format_html(
            '<p class="cut">{}</p>', _("Cut here; the whole is %(size)s.") % {"size": size_word(size_of(value))}
        )
        if budget.spent
        else _NOTHING
    )
    return format_html('<div class="json">{}{}</div>', body, note)


@dataclass
class _Budget:
    nodes: int = MAX_NODES

    def take(self) -> bool:
        self.nodes -= 1
        return self.nodes >= 0

    @property
    def spent(self) -> bool:
        return self.nodes < 0


def _node(value: Any, depth: int, budget: _Budget) -> SafeString:
    if isinstance(value, dict) and value:
        pairs = [
            (format_html('<span class="k">{}</span>: ', _cut(str(key))), item)
            for key, item in _within(value.items(), budget)
        ]
        return _fold(pairs, "{}", _keys(len(value)), len(value), depth, budget)
    if isinstance(value, list) and value:
        items = [(_NOTHING, item) for item in _within(value, budget)]
        return _fold(items, "[]", _items(len(value)), len(value), depth, budget)
    return _scalar(value)


def _within(items: Any, budget: _Budget) -> list[Any]:
    taken = []
    for item in items:
        if not budget.take():
            break
        taken.append(item)
    return taken


def _fold(items: list[Any], brackets: str, summary: str, length: int, depth: int, budget: _Budget) -> SafeString:
    is_open = depth < OPEN_DEPTH and length <= OPEN_ITEMS
    lines = format_html_join("", "<div>{}{}</div>", ((label, _node(item, depth + 1, budget)) for label, item in items))
    if len(items) < length:
        lines += format_html('<div class="cut">… {}</div>', _("%(number)d more") % {"number": length - len(items)})
    return format_html(
        "<details{}><summary>{} {}</summary>{}</details>",
        mark_safe(" open") if is_open else "",
        brackets,
        summary,
        lines,
    )


def _scalar(value: Any) -> SafeString:
    if isinstance(value, str):
        return format_html('<span class="s">"{}"</span>', _cut(value))
    return format_html('<span class="n">{}</span>', json.dumps(value))


def _cut(text: str) -> SafeString:
    if len(text) <= MAX_TEXT:
        return format_html("{}", text)
    note = _("%(size)s in all") % {"size": size_word(len(text.encode("utf-8", "replace")))}
    return format_html('{}… <span class="cut">({})</span>', text[:MAX_TEXT], note)


def _keys(number: int) -> str:
    return ngettext("%(number)d key", "%(number)d keys", number) % {"number": number}


def _items(number: int) -> str:
    return ngettext("%(number)d item", "%(number)d items", number) % {"number": number}
