"""Hundreds of random sagas through the real drain and store, with mishaps, callbacks and people; then books are read.

`SAGA_SEED=7 pytest tests/orchestration/test_random_sagas.py` plays other ones.
"""

import json
import os
import random
import sys
from collections.abc import Iterable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from orchestration.callback_tokens import token_of
from orchestration.core import breaker
from orchestration.core.effects import open_effects
from orchestration.core.states import SagaStatus, StepKind
from orchestration.definitions import compiled_definition
from orchestration.models import Saga, Step
from orchestration.operator_actions import Conflict
from orchestration.store import outside
from tests.orchestration.bookkeeper import BOOKS, Books
from tests.orchestration.scripted import World, act, define, drain, run, start

SEEDS = [int(os.environ["SAGA_SEED"])] if "SAGA_SEED" in os.environ else [1, 2, 3]
DEFINITIONS, SAGAS_EACH, ROUNDS = 30, 5, 60
MISHAPS = ("", "lost reply", "lost request", "error", "refuse", "later")


class People:
    """Operators and participants who act between two drains, at random but truthfully."""

    def __init__(self, luck: random.Random, books: Books) -> None:
        self.luck = luck
        self.books = books

    def look_at(self, saga: Saga) -> None:
        for step in saga.steps.all():
            kind = compiled_definition(saga.definition_id).steps[step.position].kind
            if step.status == "waiting" and kind == "approval":
                outcome = self.luck.choice(["approved", "approved", "rejected"])
                self._try("approve", saga, step=step.name, details={"outcome": outcome})
            elif kind == "call" and step.status in ("waiting", "compensation_due"):
                self._call_back(saga, step.position, step.name)
        if saga.status == SagaStatus.STUCK:
            self._repair(saga)
        elif saga.paused:
            self._try("resume", saga)
        elif self.luck.random() < 0.05:
            self._try(self.luck.choice(["pause", "compensate"]), saga)

    def _repair(self, saga: Saga) -> None:
        for step in self._stuck_on(saga):
            if step.in_doubt:
                direction = "action" if step.status == "failed" else "compensation"
                applied = self.books.settle(f"{saga.pk}:{step.name}:{direction}")
                self._try("resolve", saga, step=step.name, details={"outcome": "applied" if applied else "not_applied"})
                return
        self._try(self.luck.choice(["retry", "retry", "compensate", "skip", "abandon"]), saga)

    def _stuck_on(self, saga: Saga) -> list[Step]:
        """Undos that failed, or else the actions that did: those are what a person decides about."""
        return list(saga.steps.filter(status="compensation_failed")) or list(saga.steps.filter(status="failed"))

    def _try(self, name: str, saga: Saga, **more: Any) -> None:
        if name == "abandon":
            more["details"] = {"confirm": str(saga.pk)}
        if name in ("retry", "skip") and "step" not in more:
            failed = [step.name for step in self._stuck_on(saga)]
            more["step"] = self.luck.choice(failed) if failed else None
        try:
            act(name, saga, **more)
        except Conflict:
            return  # a choice that does not fit: nothing has changed

    def _call_back(self, saga: Saga, position: int, name: str) -> None:
        """What was accepted is done now; at times it is refused, or told twice."""
        for direction in ("action", "compensation"):
            key = f"{saga.pk}:{name}:{direction}"
            if key not in self.books.accepted or self.luck.random() < 0.4:
                continue
            answer = self.books.decide(key, refuse=self.luck.random() < 0.2)
            for _time in range(self.luck.choice([1, 1, 2])):
                address = f"/api/v1/callbacks/{token_of(saga.pk, position, direction)}"
                response = Client().post(address, json.dumps(answer), content_type="application/json")
                assert response.status_code == 200


def random_document(luck: random.Random) -> list[dict[str, Any]]:
    """Steps, some of them side by side, with conditions, a pivot, approvals, timers and late answers."""
    stages: list[Any] = []
    sizes = [luck.choice([1, 1, 2, 3]) for _stage in range(luck.randint(1, 4))]
    pivot = luck.choice([None, None, *[number for number, size in enumerate(sizes) if size == 1]])
    for number, size in enumerate(sizes):
        steps = [_step(luck, f"s{number}-{member}", pivot=number == pivot) for member in range(size)]
        stages.append({"parallel": steps} if size > 1 else steps[0])
    return stages


def _step(luck: random.Random, name: str, *, pivot: bool) -> dict[str, Any]:
    kind = "call" if pivot else luck.choice(["call"] * 6 + ["approval", "wait"])
    if kind == "approval":
        return {"name": name, "approval": {"timeout": 60}}
    if kind == "wait":
        return {"name": name, "wait": 0.05}
    retry = {"max_attempts": luck.randint(1, 3), "initial": 0.01, "factor": 1, "max": 0.01}
    step = {
        "name": name, "action": "bookkeeper", "compensation": luck.choice(["bookkeeper"] * 3 + ["none"]),
        "timeout": 0.05, "retry": retry, "compensation_retry": retry, "answer_within": luck.choice([0.1, 60]),
        "on_exhausted": luck.choice(["compensate", "compensate", "hold"]),
        "compensate_when_refused": luck.random() < 0.8,
    }  # fmt: skip
    return step | ({"pivot": True} if pivot else {"when": luck.choice([None, None, "input.yes", "input.no"])})


@pytest.mark.parametrize("seed", SEEDS)
def test_what_the_rows_say_is_what_the_books_say(engine: World, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # What is tried here fails more often than any participant may; the circuit, which would wait, has tests of its own.
    monkeypatch.setattr(breaker, "OPENS_AFTER", sys.maxsize)
    luck = random.Random(seed)
    BOOKS.clear()
    BOOKS.mishap_of = lambda _command: luck.choices(MISHAPS, [60, 6, 6, 6, 10, 12])[0]
    sagas = []
    for number in range(DEFINITIONS):
        name = define(*random_document(luck), name=f"random-{number}")
        sagas += [start(name, yes=True, no=False) for _saga in range(SAGAS_EACH)]
    try:
        _play(sagas, People(luck, BOOKS))
    finally:
        BOOKS.clear()


def _play(sagas: Iterable[Saga], people: People) -> None:
    for round_number in range(ROUNDS):
        run(drain())
        assert not forgotten()
        if round_number > ROUNDS // 2:
            BOOKS.mishap_of = None  # from here on all goes well, so that everything comes to its end
        for saga in Saga.objects.live().order_by("id"):
            people.look_at(saga)
        if not Saga.objects.live().exists():
            break
    assert not list(Saga.objects.live().values_list("id", "status", "stuck_reason", "due_at", "parked_on"))
    for saga in sagas:
        saga.refresh_from_db()
        compare(saga, people.books)


def compare(saga: Saga, books: Books) -> None:
    plan = compiled_definition(saga.definition_id)
    standing, undone = books.standing(saga.pk), books.undone(saga.pk)
    steps = {step.name: step for step in saga.steps.all()}
    story = [(event.kind, event.moves, event.reason) for event in saga.events.all()]
    called = {step.name for step in plan.steps if step.kind == StepKind.CALL}
    pivots = {step.name for step in plan.steps if step.pivot}
    assert not pivots & undone, story
    if saga.status == SagaStatus.COMPLETED:
        assert not undone, story
        assert standing >= {name for name, step in steps.items() if step.status == "succeeded" and name in called}, (
            story
        )
    elif saga.status == SagaStatus.COMPENSATED:
        assert not standing & {step.name for step in plan.steps if step.compensation}, story
    state, _now = outside.load(saga.pk, plan, lock=False)
    assert standing <= set(open_effects(state.state)), story


FORGOTTEN = """
SELECT saga.id, saga.status, saga.paused, saga.due_at FROM orchestration_saga saga
WHERE status IN ('pending', 'running', 'compensating') AND drain_id IS NULL AND parked_on IS NULL AND (
    (NOT paused AND (due_at IS NULL OR due_at > (
        SELECT min(step.due_at) FROM orchestration_step step WHERE step.saga_id = saga.id)))
    OR (status <> 'compensating' AND NOT overdue AND (due_at IS NULL OR due_at > deadline_at)))
"""


def forgotten() -> list[Any]:
    """Sagas that nobody owns and nobody will look at in time, by what their rows say and not by the engine's rules."""
    with connection.cursor() as cursor:
        cursor.execute(FORGOTTEN)
        return list(cursor.fetchall())


def test_a_saga_that_is_due_is_never_forgotten(engine: World) -> None:
    """After each drain and each act; and the look itself finds one that is."""
    luck, people = random.Random(4), People(random.Random(4), BOOKS)
    BOOKS.mishap_of = lambda _command: luck.choice(MISHAPS)
    for number in range(20):
        start(define(*random_document(luck), name=f"random-{number}"), yes=True, no=False)
    try:
        for _round in range(10):
            run(drain())
            assert not forgotten()
            for saga in Saga.objects.live().order_by("id"):
                people.look_at(saga)
                assert not forgotten()
    finally:
        BOOKS.clear()
    forgetful = start(define({"name": "cool-down", "wait": 3600}, name="forgetful"))
    run(drain())
    Saga.objects.filter(pk=forgetful.pk).update(due_at=None)
    assert [row[0] for row in forgotten()] == [forgetful.pk]
