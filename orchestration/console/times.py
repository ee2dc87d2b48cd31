"""Times, lengths of time and numbers in words, short and the same on every page. The page's script mirrors them."""

from datetime import datetime, timedelta

from django.utils import formats, timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from orchestration.queries import CappedCount

NOTHING = "\N{EN DASH}"
MINUTE, HOUR, DAY = 60, 3600, 86400


def absolute(moment: datetime) -> str:
    """Date, time and zone, for whoever must be exact."""
    local = timezone.localtime(moment)
    return f"{local:%Y-%m-%d %H:%M:%S} {local.tzname()}"


def duration(length: timedelta) -> str:
    """At most two units: `84 ms`, `3.2 s`, `2 m 14 s`, `3 h 5 m`, `4 d 2 h`."""
    seconds = length.total_seconds()
    if seconds < 1:
        return f"{max(seconds * 1000, 0):.0f} ms"
    if seconds < 10:
        return f"{formats.localize(round(seconds, 1))} s"
    whole = int(seconds)
    for size, unit, smaller, below in ((DAY, "d", HOUR, "h"), (HOUR, "h", MINUTE, "m"), (MINUTE, "m", 1, "s")):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit} {rest} {below}" if rest else f"{whole // size} {unit}"
    return f"{whole} s"


def relative(moment: datetime, now: datetime) -> str:
    """`just now`, `14 s ago`, `5 m ago`; future moments as `in 5 m`."""
    seconds = int((now - moment).total_seconds())
    size = abs(seconds)
    for unit, length in (("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", 1)):
        if size >= length and size >= 3:
            text = f"{size // length} {unit}"
            return _("in %(time)s") % {"time": text} if seconds < 0 else _("%(time)s ago") % {"time": text}
    return _("just now")


def number(value: CappedCount | int | None) -> str:
    """Thousands parted the way of the language; a `+` when there are more than were counted."""
    if value is None:
        return NOTHING
    counted, more = value if isinstance(value, CappedCount) else (value, False)
    parted = f"{counted:,}"
    if (get_language() or "").startswith("pt"):
        parted = parted.replace(",", ".")
    return parted + "+" if more else parted
