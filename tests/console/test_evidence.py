"""Evidence: what participants say, asked on demand, beside what we believe; whatever they say is inert."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from orchestration import evidence
from orchestration.models import Participant, Saga
from tests.cast import Cast
from tests.console.conftest import BEFORE_APPROVAL
from tests.console.rows import make_saga

HTMX = {"HX-Request": "true"}


@contextmanager
def talking(answers: dict[str, Any]) -> Iterator[str]:
    """A participant; `answers` by path: (status, body) or a body; a missing path is 404. Yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            found = answers.get(asked.path, (404, {"error": "nothing here"}))
            found = found(parse_qs(asked.query)) if callable(found) else found
            status, body = found if isinstance(found, tuple) else (200, found)
            raw = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def reach(name: str, url: str, status_path: str = "/status") -> None:
    Participant.objects.filter(name=name).update(base_url=url, status_path=status_path)


def told(cast: Cast, saga: Saga, step: str = "") -> Any:
    address = reverse("console:evidence", args=[saga.pk])
    return cast.viewer.browser.get(address, {"step": step}, headers=HTMX)


def entry(saga: Saga, step: str, direction: str = "action", **more: Any) -> dict[str, Any]:
    return {"saga_id": str(saga.pk), "step": step, "direction": direction, "effect": {"amount": 7}, "at": "now"} | more


def test_the_status_endpoint_is_asked_about_the_step_s_own_key(cast: Cast, doubtful: Saga) -> None:
    def status(query: dict[str, list[str]]) -> Any:
        return {"state": "done" if query["key"] == [f"{doubtful.pk}:charge:action"] else "absent", "output": {"r": 1}}

    with talking({"/status": status, "/ledger": {"entries": [entry(doubtful, "charge")]}}) as url:
        reach("payments", url)
        response = told(cast, doubtful, "charge")
    (one,) = response.context["told"]
    assert [key.told.state for key in one.keys] == ["done"]
    assert [line["effect"] for line in one.entries] == [{"amount": 7}]
    html = response.content.decode()
    assert "Nobody knows whether it took effect." in html
    assert "amount" in html
    assert html.count("asked at") == 2


def test_both_directions_are_asked_about_once_an_undo_was_tried(cast: Cast, stuck: Saga) -> None:
    with talking({"/status": {"state": "in_progress"}}) as url:
        reach("inventory", url)
        (one,) = told(cast, stuck, "reserve-stock").context["told"]
    assert [key.key for key in one.keys] == [f"{stuck.pk}:reserve-stock:{way}" for way in ("action", "compensation")]


def test_steps_that_were_never_called_are_not_asked_about(cast: Cast, doubtful: Saga) -> None:
    with talking({"/status": {"state": "done"}}) as url:
        reach("payments", url)
        reach("inventory", url)
        names = [one.step.name for one in told(cast, doubtful).context["told"]]
    assert names == ["create", "reserve", "greet", "charge"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [((500, {"error": "we are <b>down</b>"}), "answered with an error"),
     (b"<html>", "its answer is not what the protocol allows"),
     (b"x" * 1_100_000, "its answer is not what the protocol allows"),
     ({"state": "maybe"}, "says something that the protocol does not know")],
)  # fmt: skip
def test_an_answer_of_no_use_is_said_plainly(cast: Cast, doubtful: Saga, answer: Any, words: str) -> None:
    with talking({"/status": answer}) as url:
        reach("payments", url)
        html = told(cast, doubtful, "charge").content.decode()
    assert words in html
    assert "<b>down</b>" not in html
    assert len(html) < 100_000


def test_nobody_there_and_nothing_to_ask_are_different_words(cast: Cast, doubtful: Saga) -> None:
    with talking({}) as url:
        pass  # nobody listens there any more
    reach("payments", url)
    html = told(cast, doubtful, "charge").content.decode()
    assert html.count("cannot be reached") == 2  # status endpoint and ledger
    with talking({}) as url:
        reach("payments", url, status_path="")
        html = told(cast, doubtful, "charge").content.decode()
    assert html.count("there is none to ask") == 2


def test_a_host_that_is_not_allowed_is_not_asked(cast: Cast, doubtful: Saga, settings: Any) -> None:
    settings.SAGA_PARTICIPANT_HOSTS = ["elsewhere.example.com"]
    with talking({"/status": {"state": "done"}}) as url:
        reach("payments", url)
        (one,) = told(cast, doubtful, "charge").context["told"]
    assert {key.told.trouble for key in one.keys} == {"host"}


def test_what_a_participant_says_is_inert_text(cast: Cast, doubtful: Saga) -> None:
    evil = "<img src=x onerror=alert(1)>"
    line = entry(doubtful, "charge", effect={evil: evil}, at=evil, direction=evil)
    with talking(
        {"/status": {"state": "done", "output": {evil: evil}}, "/ledger": {"entries": [line, 7, None]}}
    ) as url:
        reach("payments", url)
        html = told(cast, doubtful, "charge").content.decode()
    assert "<img" not in html
    assert "&lt;img src=x" in html


def test_another_saga_s_entries_are_not_shown(cast: Cast, doubtful: Saga, stuck: Saga) -> None:
    lines = [entry(stuck, "charge"), entry(doubtful, "create"), entry(doubtful, "charge")]
    with talking({"/ledger": {"entries": lines}}) as url:
        reach("payments", url)
        (one,) = told(cast, doubtful, "charge").context["told"]
    assert one.entries == [entry(doubtful, "charge")]


@pytest.mark.parametrize(
    ("status", "state", "lines", "differs"),
    [("succeeded", "done", ["action"], False), ("succeeded", "refused", ["action"], True),
     ("succeeded", "done", [], True), ("failed", "done", ["action"], True), ("failed", "absent", [], False),
     ("succeeded", "in_progress", ["action"], False), ("succeeded", "done", ["action", "compensation"], True)],
)  # fmt: skip
def test_a_clear_contradiction_is_pointed_out(
    cast: Cast, doubtful: Saga, status: str, state: str, lines: list[str], *, differs: bool
) -> None:
    steps = [*BEFORE_APPROVAL, "succeeded", status, "pending", "pending"]
    saga = make_saga(doubtful.definition, "running", steps)
    entries = [entry(saga, "charge", way) for way in lines]
    with talking({"/status": {"state": state}, "/ledger": {"entries": entries}}) as url:
        reach("payments", url)
        (one,) = evidence.of_saga(saga, "charge")
    assert one.differs is differs


def test_who_may_not_see_sagas_may_not_ask(cast: Cast, doubtful: Saga) -> None:
    address = reverse("console:evidence", args=[doubtful.pk])
    assert cast.stranger.browser.get(address).status_code == 403
    assert cast.viewer.browser.get(address.replace(str(doubtful.pk)[:8], "00000000")).status_code == 404


def test_the_page_of_its_own_has_a_heading(cast: Cast, doubtful: Saga) -> None:
    html = cast.viewer.browser.get(reverse("console:evidence", args=[doubtful.pk])).content.decode()
    assert html.count("<h1") == 1
