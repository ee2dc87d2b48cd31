"""docs/semantics.md: every rule names a test, and every test that it names exists."""

import ast
import re
from functools import cache

import pytest

from tests.docs.pages import ROOT, prose

PAGE = ROOT / "docs" / "semantics.md"
SECTIONS = re.split(r"^## ", prose(PAGE), flags=re.MULTILINE)[1:]
NAMED = re.compile(r"`(?P<file>tests/[\w/]+\.py)::(?P<test>test_\w+)(?:\[(?P<case>[^\]`]+)\])?`")
# What sagas are bought for: each of these has a row, and a test through the real engine.
CASES = 33


def rules(section: str) -> list[str]:
    """The bullets of a section, each with the lines that belong to it."""
    body = section.partition("\n")[2]
    return re.findall(r"^- .*(?:\n  .*)*", body, re.MULTILINE)


def rows(section: str) -> list[str]:
    return [line for line in section.splitlines() if line.startswith("| ")][1:]


def said(rule: str) -> str:
    """The rule without the tests."""
    return " ".join(NAMED.sub("", rule).split()).removeprefix("- ")


@cache
def functions_in(file: str) -> dict[str, set[str]]:
    """The test functions of a file, and the texts that stand in the decorators of each: ids of cases among them."""
    tree = ast.parse((ROOT / file).read_text())
    return {
        node.name: {
            part.value
            for decorator in node.decorator_list
            for part in ast.walk(decorator)
            if isinstance(part, ast.Constant) and isinstance(part.value, str)
        }
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.partition("\n")[0])
def test_every_sentence_of_a_section_is_a_rule_and_names_its_test(section: str):
    left = section.partition("\n")[2]
    for rule in rules(section) + rows(section):
        assert NAMED.search(rule), f"no test is named for: {rule}"
        left = left.replace(rule, "")
    for rule in rules(section):
        assert re.fullmatch(r"[^.]*(?:\.{3}[^.]*)?\.", said(rule).replace("`false`", "")), f"not one sentence: {rule}"
    left = re.sub(r"^\|[-| a-z]+\|$", "", left, flags=re.MULTILINE)
    allowed = "The cases that sagas are bought for, each through the real engine:"
    assert left.replace(allowed, "").strip() == ""


@pytest.mark.parametrize("named", [found.groups() for found in NAMED.finditer(prose(PAGE))], ids=str)
def test_every_test_that_is_named_exists(named: tuple[str, str, str | None]):
    file, test, case = named
    assert (ROOT / file).exists()
    assert test in functions_in(file)
    assert case is None or case in functions_in(file)[test]


def test_each_case_is_proven_through_the_real_engine():
    cases = rows(SECTIONS[-1])
    assert SECTIONS[-1].startswith("Cases\n")
    assert len(cases) == CASES
    for case in cases:
        assert all(found["file"].startswith("tests/orchestration/") for found in NAMED.finditer(case)), case
