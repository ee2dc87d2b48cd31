"""The gRPC server of the tests, started once, and people who call it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cast import Cast, make_cast
from tests.orchestration.scripted import World
from tests.orchestration.triggers.grpc_server import Server, grpc_server


@pytest.fixture(scope="session")
def grpc_started(
    tmp_path_factory: pytest.TempPathFactory, django_db_setup: None, django_db_blocker: Any
) -> Iterator[Server]:
    with django_db_blocker.unblock(), grpc_server(tmp_path_factory.mktemp("grpc")) as server:
        yield server


@pytest.fixture
def server(grpc_started: Server, engine: World) -> Server:
    return grpc_started


@pytest.fixture
def people(engine: World) -> Cast:
    return make_cast()
