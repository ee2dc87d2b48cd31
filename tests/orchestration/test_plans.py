"""No hot statement and no list reads a whole table: with many sagas in them, each finds its rows by an index."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orchestration import advance, queries
from orchestration.console import reading, step_figures
from orchestration.core.events import Pause
from orchestration.definitions import compiled_definition
from orchestration.filling import NAME, TABLES
from orchestration.identifiers import uuid7
from orchestration.models import Attempt, Drain, Saga
from orchestration.queries import failures, monitoring, search_window
from orchestration.queries.sagas import CAP
from orchestration.store import launches, leases, outside, parked, read, record
from orchestration.store.rows import AttemptRow
from tests.cast import Person, make_person

SAGAS = 20_000
# Of two hundred the planner rightly thinks that they are a large part of tables as small as these.
BATCH = 20
BIG = set(TABLES)
NOW = timezone.now()
BEGINNING: dict[str, Any] = {
    "undo_from": NOW - timedelta(days=9999),
    "forward_from": NOW - timedelta(days=9999),
    "names": [],
    "new_from": [],
    "shares": [],
    "room": BATCH,
    "share": BATCH,
}
FROM_THE_MARK = {"undo_from": NOW, "forward_from": NOW, "names": [NAME], "new_from": [NOW], "shares": [BATCH]}


@pytest.fixture(scope="module")
def filled(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Filled once for all tests of this module, which only look."""
    with django_db_blocker.unblock():
        call_command("fill", "--sagas", str(SAGAS), "--yes", verbosity=0)
        Drain.objects.bulk_create(Drain(id=uuid7(), until=NOW, host="a", pid=number) for number in range(2))
        with connection.cursor() as cursor:
            cursor.execute(f"VACUUM (ANALYZE) {', '.join(BIG)}, orchestration_drain")
        yield
        # Ids go on: what is cached by a definition's id must not meet another definition.
        call_command("flush", interactive=False, verbosity=0, reset_sequences=False)


@pytest.fixture
def viewer(filled: None, db: None, monkeypatch: pytest.MonkeyPatch) -> Person:
    """Counts and samples are bounded; the bounds are made to fit tables a fiftieth as long as large ones."""
    monkeypatch.setattr(queries.capped_count, "__defaults__", (CAP // 50,))
    monkeypatch.setattr(monitoring, "CAP", CAP // 50)
    monkeypatch.setattr(step_figures, "SAMPLE", step_figures.SAMPLE // 50)
    monkeypatch.setattr(search_window, "SEARCHED", search_window.SEARCHED // 50)
    monkeypatch.setattr(search_window, "STEPPED", search_window.STEPPED // 50)
    monkeypatch.setattr(search_window, "COMPARED", search_window.COMPARED // 50)
    monkeypatch.setattr(failures, "CAPS", {kind: cap // 50 for kind, cap in failures.CAPS.items()})
    monkeypatch.setattr(reading, "SAMPLE", reading.SAMPLE // 50)
    monkeypatch.setattr(step_figures, "SAMPLE", step_figures.SAMPLE // 50)
    monkeypatch.setattr(reading, "CALLS_SAMPLE", reading.CALLS_SAMPLE // 50)
    return make_person("viewer")


def nodes(plan: dict[str, Any], early: bool = False) -> Iterator[tuple[dict[str, Any], bool]]:
    """Every node, and whether it is expected to be left early: below a LIMIT, with nothing between that needs all."""
    yield plan, early
    for child in plan.get("Plans", ()):
        if plan["Node Type"] == "Limit":
            early = plan["Plan Rows"] < child["Plan Rows"]
        yield from nodes(child, early and child["Node Type"] not in ("Sort", "Aggregate", "Hash", "Materialize"))


def scans(statement: str, values: Any = None) -> dict[str, set[str]]:
    """How the statement gets at the rows of each big table: kinds of plan nodes. What is left early is no Seq Scan."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", values)
        told = cursor.fetchone()[0]
    [found] = json.loads(told) if isinstance(told, str) else told
    kinds: dict[str, set[str]] = {}
    for node, early in nodes(found["Plan"]):
        if node.get("Relation Name") in BIG and "Scan" in node["Node Type"]:
            kind = "the first rows" if early and node["Node Type"] == "Seq Scan" else node["Node Type"]
            kinds.setdefault(node["Relation Name"], set()).add(kind)
    return kinds


def by_index(statement: str, values: Any = None) -> dict[str, set[str]]:
    """The same; fails when a big table is read from one end to the other."""
    kinds = scans(statement, values)
    whole = {table for table, found in kinds.items() if "Seq Scan" in found}
    assert not whole, f"{statement}\nreads all of {whole}"
    return kinds


def live_ids(number: int) -> list[UUID]:
    return list(Saga.objects.live().values_list("pk", flat=True)[:number])


def batch(number: int) -> list[str]:
    """What RECORD takes for so many sagas: a change of each, with a step."""
    changes = []
    for saga_id in live_ids(number):
        [(definition_id,)] = Saga.objects.filter(pk=saga_id).values_list("definition_id")
        saga, now = outside.load(saga_id, compiled_definition(definition_id), lock=False)
        change = advance.outside(saga, Pause(), advance.Happened("pause"), now)
        change.steps = saga.state.steps
        changes.append(change)
    return record.parameters(changes)


def test_a_whole_scan_would_be_noticed(filled: None, db: None) -> None:
    assert scans("SELECT * FROM orchestration_saga WHERE stuck_reason = 'x'") == {"orchestration_saga": {"Seq Scan"}}


# -- the engine ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("from_mark", [False, True], ids=["a full look", "from the mark"])
def test_the_claim_uses_its_two_indexes(filled: None, db: None, from_mark: bool) -> None:
    marks: dict[str, Any] = BEGINNING | (FROM_THE_MARK if from_mark else {})
    assert by_index(read.CLAIM, marks).keys() == {"orchestration_saga", "orchestration_sagadata"}
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {read.CLAIM}", marks)
        told = "\n".join(row[0] for row in cursor.fetchall())
    assert "saga_claim_begun" in told
    assert "saga_claim_new" in told


@pytest.mark.parametrize("number", [1, BATCH])
def test_reading_a_batch(filled: None, db: None, number: int) -> None:
    saga_ids = live_ids(number)
    assert by_index(read.LOAD, [saga_ids])
    assert by_index(read.STEPS, [saga_ids])
    assert by_index(read.OUTPUTS, [saga_ids, saga_ids])


@pytest.mark.parametrize("number", [1, 200])
def test_recording_a_batch(filled: None, db: None, number: int) -> None:
    values = batch(number)
    assert by_index(record.RECORD, values).keys() >= {"orchestration_saga", "orchestration_step"}


def test_what_is_kept_of_late_answers(filled: None, db: None) -> None:
    saga_id = live_ids(1)[0]
    row = AttemptRow(0, "action", 9, 1, NOW, NOW, "succeeded")
    assert by_index(record.KEEP_ATTEMPTS, record.attempt_parameters([(saga_id, row)]))


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        (read.CLAIM_APART, ["solo", 1]),
        (leases.RELEASE_LAPSED, None),
        (leases.RELEASE_OWNERLESS, None),
        (leases.RELEASE_PARKED, []),
        (leases.SUSPECTS_WAITING, [5, UUID(int=0)]),
        (parked.CLAIM_PARKED, {"queue": "participant:fill-stock", "room": 7}),
        (parked.CLAIM_LONGEST_PARKED, {"queue": "participant:fill-stock", "room": 1}),
        (parked.QUEUES, None),
        (parked.IN_FLIGHT, [[NAME]]),
        (parked.UNLOCKED, [[UUID(int=0)]]),
        (parked.NEXT_IN_LINE, [[NAME], ["a"]]),
        (parked.HEAL_LOCKS, []),
        (outside.SAID, [None, None, UUID(int=0), 0]),
        (outside.NOTED, [UUID(int=0), "note", "", ""]),
    ],
    ids=[
        "apart",
        "lapsed",
        "ownerless",
        "parked",
        "suspects waiting",
        "line",
        "probe",
        "lines",
        "in flight",
        "unlocked",
        "next in line",
        "locks",
        "said",
        "noted",
    ],
)
def test_the_dispatchers_and_the_rare_statements(filled: None, db: None, statement: str, values: Any) -> None:
    assert by_index(statement, values)


def test_a_launch_reads_nothing_at_all(filled: None, db: None) -> None:
    names = {
        "definition_name": "a", "key": "k", "fingerprint": "", "id": uuid7(), "definition_id": 1, "business_key": "",
        "lock_key": None, "limited": False, "parent_id": None, "parent_position": None, "depth": 1,
        "trigger": "test", "launched_by": "", "deadline": timedelta(days=1), "input": "{}", "names": ["one"],
        "stages": [0], "moves": "",
    }  # fmt: skip
    assert scans(launches.LAUNCH, names) == {}


# -- lists, pages, monitoring -----------------------------------------------------------------------------------


def paths() -> list[Any]:
    old, new = (NOW - timedelta(days=20)).date(), (NOW - timedelta(days=1)).date()
    lists = [
        "", "?status=stuck", "?status=completed", "?status=stuck&status=running", f"?definition={NAME}",
        "?business_key=FILL-1", "?participant=fill-stock", f"?created_after={old}", f"?created_before={old}",
        f"?created_after={old}&created_before={new}", f"?q={UUID(int=1)}",
    ]  # fmt: skip
    return [
        "/", "/banner/", "/metrics", "/failure-groups/", "/failure-groups/?kind=went_back", "/participants/",
        "/definitions/", f"/definitions/{NAME}/",
        *(f"/api/v1/sagas{query}" for query in lists), *(f"/sagas/{query}" for query in lists),
        "/workers/", "/audit/", "/audit/?actor=viewer", "/audit/?act=issue+token", "/audit/?result=refused",
        f"/audit/?after={old}&before={new}", f"/audit/?saga={UUID(int=1)}",
        "/sagas/?step=reserve", "/sagas/?q=nothing-like-it", "/sagas/?error=nothing-like-it",
        "/sagas/?definition=rare",
        "/api/v1/sagas?limit=200", "/sagas/?age=1h", "/sagas/?age=7d&status=completed",
        "/api/v1/sagas?definition=rare", "/api/v1/sagas?participant=rare",
        "/api/v1/sagas?definition=rare&status=completed",
        "/api/v1/sagas?q=nothing-like-it", "/api/v1/sagas?error=nothing-like-it", "/api/v1/sagas?step=nothing-like-it",
    ]  # fmt: skip


@pytest.mark.parametrize("path", paths())
def test_a_page_reads_no_whole_table(viewer: Person, path: str) -> None:
    if path.endswith("?status=completed") and server_version() < 18:
        pytest.skip("an older planner rather reads a table of this size whole when most of it is asked for")
    asked = questions(viewer, path)
    for sql in asked:
        by_index(sql)


def test_the_page_of_one_saga(viewer: Person) -> None:
    saga_id = Attempt.objects.values_list("saga_id", flat=True).order_by("-saga_id")[0]
    for path in (f"/sagas/{saga_id}/", f"/api/v1/sagas/{saga_id}", f"/api/v1/sagas/{saga_id}/events",
                 f"/api/v1/sagas/{saga_id}/attempts"):  # fmt: skip
        asked = questions(viewer, path)
        assert asked
        for sql in asked:
            by_index(sql)


def server_version() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return int(cursor.fetchone()[0]) // 10_000


def questions(viewer: Person, path: str) -> list[str]:
    """The statements about big tables that this page asks."""
    browser = viewer.browser
    headers = {"Authorization": f"Bearer {viewer.token}"} if path.startswith(("/api", "/metrics")) else {}
    with CaptureQueriesContext(connection) as captured:
        answer = browser.get(path, headers=headers)
    assert answer.status_code == 200, answer.content[:500]
    return [one["sql"] for one in captured if any(table in one["sql"] for table in BIG)]
