"""The engine's reason why a saga is stuck, in the reader's language; it is stored once, in English."""

import re

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

# In a failure group numbers are written as "#".
_KNOWN: tuple[tuple[re.Pattern[str], str | Promise], ...] = (
    (
        re.compile(r"nobody knows whether the pivot took effect"),
        gettext_lazy("nobody knows whether the pivot took effect"),
    ),
    (
        re.compile(r"failed past the pivot, from where the saga only goes forward"),
        gettext_lazy("failed past the pivot, from where the saga only goes forward"),
    ),
    (
        re.compile(r"(?P<tries>[\d#]+) tries are spent and the definition says hold"),
        gettext_lazy("%(tries)s tries are spent and the definition says hold"),
    ),
    (re.compile(r"failed before and still needs a person"), gettext_lazy("failed before and still needs a person")),
    (
        re.compile(r"the pivot did not take effect, a person has found out"),
        gettext_lazy("the pivot did not take effect, a person has found out"),
    ),
    (
        re.compile(r"the participant says that it can never be undone"),
        gettext_lazy("the participant says that it can never be undone"),
    ),
    (re.compile(r"the participant refuses to undo it"), gettext_lazy("the participant refuses to undo it")),
    (
        re.compile(r"could not be undone in (?P<tries>[\d#]+) tries"),
        gettext_lazy("could not be undone in %(tries)s tries"),
    ),
    (
        re.compile(r"its worker died in (?P<tries>[\d#]+) tries, the last (?P<alone>[\d#]+) alone"),
        gettext_lazy("its worker died in %(tries)s tries, the last %(alone)s alone"),
    ),
    (
        re.compile(r"the participant has seen a newer owner than the living one"),
        gettext_lazy("the participant has seen a newer owner than the living one"),
    ),
)


def in_words(reason: str) -> str:
    """`charge-card: could not be undone in 5 tries` in the reader's language; what is not known here as it is."""
    steps, colon, tail = reason.partition(": ")
    for pattern, words in _KNOWN:
        if colon and (found := pattern.fullmatch(tail)):
            return f"{steps}: {str(words) % found.groupdict()}"
    return reason
