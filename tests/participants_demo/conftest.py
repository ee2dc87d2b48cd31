"""The four participants, started once, each on a database of its own."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.participants_demo.running import SECRET, Participant, own_database, running

NAMES = ("orders", "payments", "inventory", "shipping")


@pytest.fixture(scope="session")
def participants(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Participant]]:
    logs = tmp_path_factory.mktemp("participants")
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(running(name, stack.enter_context(own_database(name)), logs)) for name in NAMES
        }


@pytest.fixture
def orders(participants: dict[str, Participant]) -> Participant:
    return participants["orders"]


@pytest.fixture
def payments(participants: dict[str, Participant]) -> Participant:
    return participants["payments"]


@pytest.fixture
def inventory(participants: dict[str, Participant]) -> Participant:
    return participants["inventory"]


@pytest.fixture
def shipping(participants: dict[str, Participant]) -> Participant:
    return participants["shipping"]


@pytest.fixture(scope="session")
def signed_inventory(
    participants: dict[str, Participant], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Participant]:
    """The inventory once more, on the same database: it takes signed calls only."""
    database_url = participants["inventory"].database_url
    directory = tmp_path_factory.mktemp("signed")
    with running("inventory", database_url, directory, PARTICIPANT_SECRET=SECRET) as participant:
        yield participant
