"""The four participants, started once, each on a database of its own."""

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from sagaconsole.embedded.ports import free_port
from tests.amqp import new_prefix
from tests.participants_demo.running import SECRET, Participant, own_database, running

NAMES = ("orders", "payments", "inventory", "shipping")


GRPC_ADDRESS = f"127.0.0.1:{free_port()}"
AMQP_PREFIX = new_prefix()


@pytest.fixture(scope="session")
def participants(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Participant]]:
    """Payments serve gRPC too, and shipping takes commands from RabbitMQ where there is one."""
    logs = tmp_path_factory.mktemp("participants")
    amqp = {"AMQP_URL": os.environ.get("SAGA_TEST_AMQP_URL", ""), "AMQP_PREFIX": AMQP_PREFIX}
    more: dict[str, dict[str, str]] = {"payments": {"GRPC_ADDRESS": GRPC_ADDRESS}, "shipping": amqp}
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(
                running(name, stack.enter_context(own_database(name)), logs, **more.get(name, {}))
            )
            for name in NAMES
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
