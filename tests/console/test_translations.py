"""The Portuguese catalogue is complete, and what is compiled is what is written."""

import gettext
import re
from pathlib import Path

CATALOGUE = Path(__file__).parents[2] / "orchestration" / "locale" / "pt_BR" / "LC_MESSAGES" / "django.po"
ENTRY = re.compile(r'^msgid "(?P<text>.+)"$', re.MULTILINE)


def test_no_text_is_left_untranslated() -> None:
    blocks = CATALOGUE.read_text().split("\n\n")[1:]
    assert [block for block in blocks if re.search(r'^msgstr(\[\d\])? ""$(?!\n")', block, re.MULTILINE)] == []
    assert "fuzzy" not in CATALOGUE.read_text()


def test_the_compiled_catalogue_is_up_to_date() -> None:
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    written = {found["text"] for found in ENTRY.finditer(CATALOGUE.read_text()) if "\\" not in found["text"]}
    known = {key[0] if isinstance(key, tuple) else key for key in compiled._catalog}  # type: ignore[attr-defined]
    assert {text for text in written if text not in {key.partition("\x04")[2] or key for key in known}} == set()
