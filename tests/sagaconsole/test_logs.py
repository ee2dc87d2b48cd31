"""Log lines as JSON: one object a line, and what it is about as fields."""

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from orchestration.about import about
from orchestration.identifiers import uuid7
from sagaconsole.demo.answers import answers
from sagaconsole.environment import read_environment
from sagaconsole.logs import JSONLines
from tests.orchestration import remote  # noqa: F401  registers the functions here too, so that they can be published
from tests.orchestration.conftest import engine  # noqa: F401  the fixture
from tests.orchestration.real_processes import Processes, wait_for
from tests.orchestration.scripted import World, again, define, start
from tests.orchestration.services import console


def line_of(message: str, *arguments: Any, exc_info: Any = None, **extra: Any) -> dict[str, Any]:
    """What a record becomes, read back."""
    logger = logging.getLogger("orchestration.test")
    record = logger.makeRecord(
        logger.name, logging.WARNING, __file__, 1, message, arguments, exc_info, extra=extra or None
    )
    text = JSONLines().format(record)
    assert "\n" not in text
    return dict(json.loads(text))


def test_a_line_says_when_how_bad_where_and_what() -> None:
    line = line_of("%d of\n%s", 3, 'a "b"')
    assert line.pop("time").endswith("+00:00")
    assert line.pop("process") > 0
    assert line == {"level": "warning", "logger": "orchestration.test", "message": '3 of\na "b"'}


def test_what_a_line_is_about_stands_in_fields() -> None:
    saga_id = uuid7()
    line = line_of("so", **about(saga_id, step="charge", epoch=3))
    assert (line["saga_id"], line["step"], line["epoch"]) == (str(saga_id), "charge", 3)
    assert not {"step", "epoch"} & line_of("so", **about(saga_id)).keys()


def test_what_is_no_text_does_not_hurt_the_line() -> None:
    assert line_of("%r and \udc80", b"\x00")["message"] == "b'\\x00' and \udc80"


def test_an_exception_stays_in_its_line() -> None:
    try:
        raise ValueError("a\nb")
    except ValueError:
        line = line_of("so", exc_info=sys.exc_info())
    assert line["exception"].endswith("ValueError: a\nb")


def test_another_format_is_refused_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_FORMAT", "xml")
    with pytest.raises(ImproperlyConfigured, match="LOG_FORMAT must be text or json, not 'xml'"):
        read_environment()


# -- real processes ---------------------------------------------------------------------------------------------


@pytest.fixture
def processes(engine: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Processes]:  # noqa: F811
    monkeypatch.setenv("REMOTE_DIRECTORY", str(tmp_path))
    running = Processes(tmp_path)
    yield running
    running.stop_all()


def lines(log: Path) -> list[dict[str, Any]]:
    """Every line of a log; fails unless each is one object."""
    found = [json.loads(line) for line in log.read_text().splitlines()]
    assert all(isinstance(line, dict) for line in found)
    return found


def about_sagas(log: Path) -> list[dict[str, Any]]:
    """A busy machine makes a worker say other things too."""
    return [line for line in lines(log) if "saga_id" in line]


@pytest.mark.slow
def test_a_workers_line_about_a_saga_names_saga_step_and_epoch(processes: Processes, tmp_path: Path) -> None:
    step = {"name": "one", "action": "remote-fails", "compensation": "remote-quick", "on_exhausted": "hold"}
    saga = start(define(step | {"retry": {"max_attempts": 1}}))
    processes.start("work", LOG_FORMAT="json")
    processes.start("dispatcher", LOG_FORMAT="json")
    wait_for("the saga's end", lambda: again(saga).status == "stuck")
    wait_for("its lines", lambda: len(about_sagas(tmp_path / "work-0.log")) >= 2)
    failed, stuck = about_sagas(tmp_path / "work-0.log")[:2]
    for line in failed, stuck:
        assert (line["saga_id"], line["step"], line["epoch"]) == (str(saga.pk), "one", saga.epoch)
    assert failed["message"] == "participant function remote-fails failed"
    assert "RuntimeError: what went wrong\ntakes two lines" in failed["exception"]
    assert stuck["message"] == f"saga {saga.pk} is stuck: {saga.stuck_reason}"
    assert lines(tmp_path / "dispatcher-1.log") is not None


@pytest.mark.slow
@pytest.mark.usefixtures("engine")
def test_the_web_servers_own_lines_are_json_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_FORMAT", "json")
    with console(tmp_path) as url:
        assert answers(f"{url}/healthz?asked=1")
        wait_for("the request's line", lambda: "asked=1" in (tmp_path / "console.log").read_text())
    names = {line["logger"] for line in lines(tmp_path / "console.log")}
    assert {"uvicorn.access", "uvicorn.error"} <= names
