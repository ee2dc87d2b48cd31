"""What templates need to show statuses, times, ids and JSON the same way everywhere."""

import json as plain_json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import template
from django.forms import BoundField
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from orchestration.console import json_view, times, words
from orchestration.console import stuck_words as stuck
from orchestration.models import Attempt
from orchestration.queries import CappedCount
from orchestration.queries.sagas import CAP

register = template.Library()
NOTHING = times.NOTHING
SHOWN = 120
_MOVING = {"running": "spin", "compensating": "rock"}


@register.simple_tag
def icon(name: str) -> SafeString:
    """A symbol of the sprite; decoration only, so words stand beside it."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', static("console/icons.svg"), name
    )


@register.simple_tag
def look(which: words.Look, extra: str = "") -> SafeString:
    """A pill: colour, icon and word."""
    moving = _MOVING.get(which.icon, "")
    return format_html(
        '<span class="pill tone-{} {} {}">{}{}</span>', which.tone, moving, extra, icon(which.icon), which.word
    )


@register.simple_tag
def saga_status(status: str, paused: bool = False, extra: str = "") -> SafeString:
    """The saga's status, and "paused" beside it."""
    pills = [words.SAGA[status], *([words.PAUSED] if paused else [])]
    return format_html_join(" ", "{}", ((look(which, extra),) for which in pills))


@register.simple_tag
def saga_look(status: str) -> words.Look:
    return words.SAGA[status]


@register.simple_tag
def step_status(status: str) -> SafeString:
    return look(words.STEP[status])


@register.simple_tag
def outcome(value: str, direction: str = "action") -> SafeString:
    """How a try ended."""
    return look(words.undone_outcome(value) if direction == "compensation" else words.outcome(value))


@register.filter
def step_word(status: str) -> SafeString:
    """A step's status inside of a sentence: its word in its colour."""
    which = words.STEP[status]
    return format_html('<span class="tone tone-{}">{}</span>', which.tone, which.word)


@register.filter
def event_word(kind: str) -> str:
    """What a journal row tells of."""
    return str(words.EVENTS.get(kind) or words.ACTS.get(kind) or kind.replace("_", " "))


@register.filter
def autofocused(field: BoundField) -> SafeString:
    """The field's control, first to have the focus when a dialog opens."""
    return field.as_widget(attrs={"autofocus": True})


@register.filter
def stuck_words(reason: str) -> str:
    """Why a saga is stuck, as the engine wrote it down, in the reader's language."""
    return stuck.in_words(reason)


@register.filter
def act_word(act: str) -> str:
    return str(words.ACTS[act])


@register.filter
def ago(moment: datetime | None) -> SafeString | str:
    """A relative time that ticks; the absolute one, with its zone, on hover and focus."""
    if moment is None:
        return NOTHING
    return format_html(
        '<time datetime="{}" title="{}" data-ago tabindex="0">{}</time>',
        moment.isoformat(), times.absolute(moment), times.relative(moment, timezone.now()),
    )  # fmt: skip


@register.filter
def clock(moment: datetime | None) -> SafeString | str:
    """The time of day to the millisecond; the date with its zone on hover."""
    if moment is None:
        return NOTHING
    local = timezone.localtime(moment)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(), times.absolute(moment), f"{local:%H:%M:%S}.{local.microsecond // 1000:03d}",
    )  # fmt: skip


@register.filter
def at(moment: datetime) -> SafeString:
    """A moment to come, to the minute; the date only if it is another day's. All of it on hover and focus."""
    local = timezone.localtime(moment)
    same_day = local.date() == timezone.localdate()
    text = f"{local:%H:%M}" if same_day else f"{local:%Y-%m-%d %H:%M}"
    return format_html(
        '<time datetime="{}" title="{}" tabindex="0">{}</time>', moment.isoformat(), times.absolute(moment), text
    )


@register.filter
def absolute(moment: datetime) -> str:
    return times.absolute(moment)


@register.filter
def duration(length: timedelta | float | str | None) -> str:
    """A length of time, or of seconds, in at most two units; a text is what templates have for "not there"."""
    if length is None or isinstance(length, str):
        return NOTHING
    return times.duration(length if isinstance(length, timedelta) else timedelta(seconds=length))


@register.simple_tag
def elapsed(begin: datetime | None, end: datetime | None = None) -> SafeString | str:
    """From `begin` to `end`; without an end it ticks."""
    if begin is None:
        return NOTHING
    if end is not None:
        return times.duration(end - begin)
    spent = times.duration(timezone.now() - begin)
    return format_html('<time datetime="{}" data-since>{}</time>', begin.isoformat(), spent)


@register.simple_tag
def until(moment: datetime) -> SafeString:
    """How long until `moment`; it ticks down."""
    left = times.duration(max(moment - timezone.now(), timedelta(0)))
    return format_html(
        '<time datetime="{}" title="{}" data-until>{}</time>', moment.isoformat(), times.absolute(moment), left
    )


@register.simple_tag
def short_id(value: UUID | str) -> SafeString:
    """The end of an id, which differs most, with a button that copies all of it."""
    whole = str(value)
    return format_html(
        '<span class="id"><span class="mono" title="{0}">…{1}</span>{2}</span>',
        whole,
        whole[-8:],
        copy(whole, _("Copy id")),
    )


@register.simple_tag
def copy(text: str, label: str) -> SafeString:
    """A button that copies `text`."""
    return format_html(
        '<button type="button" class="bare" data-copy="{}" title="{}"><span class="hush">{}</span>{}</button>',
        text, label, label, icon("copy"),
    )  # fmt: skip


@register.simple_tag
def json(value: Any) -> SafeString:
    """JSON as a tree that folds; long values are cut, with a note of their size."""
    return json_view.tree(value)


@register.filter
def count(number: CappedCount | int | None) -> str:
    """A number with its thousands parted; "10,000+" when it was not counted further."""
    return times.number(number)


@register.filter
def percent(share: float) -> str:
    """A share of 100; 100 % only when nothing at all is missing."""
    shown = share if share == 100 else min(share, 99.9)
    return f"{formats.number_format(shown, 0 if shown in (0, 100) else 1)} %"


@register.filter
def capped(number: int) -> str:
    """A number that was counted no further than 10,001."""
    return times.number(CappedCount(min(number, CAP), number > CAP))


@register.filter
def told_look(state: str) -> words.Look | None:
    """How a word of a status endpoint looks; None for a word that the protocol does not know."""
    return words.TOLD.get(state)


@register.filter
def trouble_word(code: str) -> str:
    """Why a participant told nothing."""
    return str(words.TROUBLE.get(code, code))


@register.filter
def compact(value: Any, letters: int = SHOWN) -> str:
    """JSON on one short line; a text without its quotes."""
    text = value if isinstance(value, str) else plain_json.dumps(value, ensure_ascii=False)
    return text if len(text) <= letters else f"{text[:letters]}…"


@register.simple_tag
def said_in(said: dict[tuple[int, str, int], Attempt], attempt: Attempt) -> Attempt | None:
    """The same attempt with what was sent and answered; None for those who may not see it."""
    return said.get((attempt.position, attempt.direction, attempt.number))
