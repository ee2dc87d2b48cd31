"""docs/state_machine.md is compared with the tables of moves, in both directions; and what every table must be."""

import re
from enum import StrEnum
from typing import Any

import pytest

from orchestration.core.states import ENDED, LIVE, OUT, SAGA_MOVES, STEP_MOVES, SagaStatus, StepStatus
from tests.docs.pages import ROOT, blocks, rows

PAGE = ROOT / "docs" / "state_machine.md"
Moves = dict[str, set[str]]


def plain(moves: dict[Any, Any]) -> Moves:
    return {before.value: {after.value for after in allowed} for before, allowed in moves.items()}


def in_table(heading: str) -> Moves:
    table = {}
    for first, _meaning, allowed in rows(PAGE, heading):
        table[first.strip("`")] = set(re.findall(r"`(\w+)`", allowed))
        assert table[first.strip("`")] or allowed == "nothing"
    return table


def in_drawings(*drawings: str) -> Moves:
    moves: Moves = {}
    for before, after in re.findall(r"^ +(\S+) --> (\w+|\[\*\])", "".join(drawings), re.MULTILINE):
        moves.setdefault(before, set()).add(after)
    return moves


SAGA, FORWARD, BACK = (block.text for block in blocks(PAGE) if block.language == "mermaid")


@pytest.mark.parametrize(
    ("heading", "drawings", "moves"),
    [
        pytest.param("The saga", [SAGA], SAGA_MOVES, id="saga"),
        pytest.param("The step", [FORWARD, BACK], STEP_MOVES, id="step"),
    ],
)
def test_the_page_tells_exactly_the_moves_of_the_code(heading, drawings, moves):
    assert in_table(heading) == plain(moves)
    drawn = in_drawings(*drawings)
    assert drawn.pop("[*]") == {"pending"}
    assert drawn == {before: after or {"[*]"} for before, after in plain(moves).items()}


@pytest.mark.parametrize(("statuses", "moves"), [(SagaStatus, SAGA_MOVES), (StepStatus, STEP_MOVES)])
def test_every_status_has_its_moves_and_can_be_reached(statuses: type[StrEnum], moves):
    assert set(moves) == set(statuses)
    assert set().union(*moves.values()) == set(statuses) - {statuses("pending")}
    assert all(status not in allowed for status, allowed in moves.items())


def test_an_end_is_what_leads_nowhere_but_for_a_sub_saga_whose_parent_goes_back():
    to_live = {before: allowed for before, allowed in SAGA_MOVES.items() if before in ENDED and allowed}
    assert to_live == {SagaStatus.COMPLETED: {SagaStatus.COMPENSATING, SagaStatus.COMPENSATED}}
    assert set(SagaStatus) - LIVE == ENDED


def test_a_call_is_out_in_one_status_of_each_direction():
    assert {StepStatus.RUNNING, StepStatus.COMPENSATING} == OUT
