"""The Portuguese catalogue is complete, and what is compiled is what is written."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation.template import templatize

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "orchestration" / "locale" / "pt_BR" / "LC_MESSAGES" / "django.po"
ENTRY = re.compile(r'^msgid "(?P<text>.+)"$', re.MULTILINE)
MARKS = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy"}
IN_TEMPLATES = re.compile(r"""\b_?n?p?(?:gettext|_)\(\s*u?(?P<literal>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")


def test_no_text_is_left_untranslated() -> None:
    blocks = CATALOGUE.read_text().split("\n\n")[1:]
    assert [block for block in blocks if re.search(r'^msgstr(\[\d\])? ""$(?!\n")', block, re.MULTILINE)] == []
    assert "fuzzy" not in CATALOGUE.read_text()


def test_every_marked_text_stands_in_the_catalogue() -> None:
    marked = {*in_python(), *in_templates()}
    assert len(marked) > 400
    assert sorted(marked - compiled_texts()) == []


def test_the_compiled_catalogue_is_up_to_date() -> None:
    written = {found["text"] for found in ENTRY.finditer(CATALOGUE.read_text()) if "\\" not in found["text"]}
    assert written - compiled_texts() == set()


def compiled_texts() -> set[str]:
    with CATALOGUE.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    known = {key[0] if isinstance(key, tuple) else key for key in compiled._catalog}  # type: ignore[attr-defined]
    return {key.partition("\x04")[2] or key for key in known}


def in_python() -> Iterator[str]:
    for path in (*ROOT.glob("orchestration/**/*.py"), *ROOT.glob("sagaconsole/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS:
                texts = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
                yield from texts[1:] if node.func.id.startswith("pgettext") else texts[:1]


def in_templates() -> Iterator[str]:
    for path in ROOT.glob("templates/**/*.html"):
        for found in IN_TEMPLATES.finditer(templatize(path.read_text())):
            yield ast.literal_eval(found["literal"])
