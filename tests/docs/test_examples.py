"""The examples of docs/writing_a_saga.md are documents that a running console takes."""

import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from tests.docs.pages import ROOT, blocks

EXAMPLES: list[dict[str, Any]] = [
    yaml.safe_load(block.text) for block in blocks(ROOT / "docs" / "writing_a_saga.md") if block.language == "yaml"
]


def test_the_page_shows_every_kind_of_step():
    shown = {field for example in EXAMPLES for step in example["steps"] for field in step}
    assert {"parallel", "when", "pivot", "approval", "wait", "answer_within", "on_exhausted", "compensation"} <= shown


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_can_be_published(standing_in: Path, number: int):
    facts = json.loads((standing_in / ".demo" / "demo.json").read_text())
    document = {"name": f"example-{number}", **EXAMPLES[number]}
    answer = httpx2.post(
        f"{facts['url']}/api/v1/definitions", json=document,
        headers={"Authorization": f"Bearer {facts['api_token']}"}, timeout=30,
    )  # fmt: skip
    assert answer.status_code == 201, answer.text
