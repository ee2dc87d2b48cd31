"""Random sagas with two drains at once, some of them killed, and with people and callbacks while they are at work."""

import asyncio
import gc
import os
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event, Lock

import pytest
import uvloop
from django.db import connections

from orchestration.core.states import ENDED
from orchestration.drain import lease
from orchestration.models import Saga
from orchestration.sweep import sweep
from tests.orchestration.bookkeeper import BOOKS
from tests.orchestration.scripted import World, define, drain, start
from tests.orchestration.test_random_sagas import MISHAPS, People, compare, random_document

SEEDS = [int(os.environ["SAGA_SEED"])] if "SAGA_SEED" in os.environ else [1]
DEFINITIONS, SAGAS_EACH = 20, 4
ROUGH_SECONDS, PATIENCE_SECONDS = 4.0, 60.0


class Crew:
    """What goes on at the same time until no saga lives any more; no two people look at one saga at once."""

    def __init__(self, seed: int) -> None:
        self.luck = random.Random(seed)
        self.done = Event()
        self.began_at = time.monotonic()
        self.saga_ids = list(Saga.objects.values_list("id", flat=True))
        self.taken = {saga_id: Lock() for saga_id in self.saga_ids}

    def rough(self) -> bool:
        """At first all sorts of things go wrong, and then nothing more."""
        return time.monotonic() - self.began_at < ROUGH_SECONDS

    def works(self, work: Callable[[], None]) -> None:
        try:
            while not self.done.is_set() and time.monotonic() - self.began_at < PATIENCE_SECONDS:
                work()
        finally:
            self.done.set()
            connections.close_all()

    def drains(self) -> None:
        one = drain(slice_seconds=0.2, stop=self.done.is_set, max_calls=self.luck.choice([1, 5, 1000]))
        killed_after = self.luck.uniform(0, 0.5) if self.rough() and self.luck.random() < 0.4 else None
        uvloop.run(killed(one.run(), killed_after))

    def sweeps(self) -> None:
        sweep()
        self.done.wait(0.2)

    def looks(self) -> None:
        """Like one person who looks at one saga after the other, also while a call of it is out."""
        people = People(self.luck, BOOKS)
        for saga_id in self.luck.sample(self.saga_ids, len(self.saga_ids)):
            with self.taken[saga_id]:
                saga = Saga.objects.get(pk=saga_id)
                if saga.status not in ENDED:
                    people.look_at(saga)
        if not Saga.objects.live().exists():
            self.done.set()


async def killed(run: object, after: float | None) -> None:
    """As a worker that dies: nothing is given back, and its lease runs out."""
    task = asyncio.ensure_future(run)  # type: ignore[call-overload]  # a coroutine
    await asyncio.wait([task], timeout=after)
    if not task.done():
        task.cancel()
        await asyncio.wait([task])
    elif error := task.exception():
        raise error


@contextmanager
def short_leases(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, seconds in {"LEASE_SECONDS": 1.5, "BEAT_SECONDS": 0.3, "FRESH_SECONDS": 1.0}.items():
        monkeypatch.setattr(lease, name, seconds)
    yield
    BOOKS.clear()
    gc.collect()  # connections that a killed drain had just begun end here, and not in the next test


# Whoever is killed while it connects closes nothing.
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("seed", SEEDS)
def test_two_drains_and_people_at_once_agree_with_the_books(
    engine: World, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    luck = random.Random(seed)
    for number in range(DEFINITIONS):
        deadline = luck.choice([1, 3, 86_400])
        name = define(*random_document(luck), name=f"random-{number}", deadline=deadline)
        for _saga in range(SAGAS_EACH):
            start(name, yes=True, no=False)
    crew = Crew(seed)
    BOOKS.mishap_of = lambda _command: luck.choices(MISHAPS, [60, 6, 6, 6, 10, 12])[0] if crew.rough() else ""
    with short_leases(monkeypatch), ThreadPoolExecutor(5) as pool:
        works = [crew.drains, crew.drains, crew.sweeps, crew.looks, crew.looks]
        for end in [pool.submit(crew.works, work) for work in works]:
            end.result()
        assert not list(Saga.objects.live().values_list("id", "status", "stuck_reason", "due_at", "parked_on"))
        for saga in Saga.objects.all():
            compare(saga, BOOKS)
            assert saga.journal_length == saga.events.count()
