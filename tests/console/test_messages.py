"""Messages that were refused: seen, corrected and sent again, or discarded, by those who may, with a reason."""

import json
from typing import Any

import pytest
from django.db.models.functions import Now
from django.urls import reverse

from orchestration import announcements, broker_health, dead_letters
from orchestration.dead_letters import Letter
from orchestration.identifiers import uuid7
from orchestration.models import Announcement, AuditEntry, DeadLetter, EngineState, Saga, SagaDefinition
from tests.cast import Cast

GOOD = {"definition": "place-order", "input": {"order_id": "A-1", "qty": 1}}


@pytest.fixture
def letter(cast: Cast, definition: SagaDefinition) -> DeadLetter:
    wrong = json.dumps({"definition": "place-order", "input": {"order_id": "A-1", "qty": 99}}).encode()
    return DeadLetter.objects.get(
        pk=dead_letters.keep(Letter(wrong, "m-1", sender="shop"), "input.qty: 99 is too much")
    )


def post(cast: Cast, letter: DeadLetter, name: str = "operator", **fields: Any) -> Any:
    said = {"act": "resend", "text": json.dumps(GOOD), "reason": "the shop has said so", **fields}
    return getattr(cast, name).browser.post(reverse("console:message", args=[letter.pk]), said, follow=True)


def test_a_refused_message_is_listed_with_its_reason(cast: Cast, letter: DeadLetter) -> None:
    html = cast.viewer.browser.get(reverse("console:messages")).content.decode()
    assert "input.qty: 99 is too much" in html
    assert 'title="Messages that need a person">1<' in html
    html = cast.viewer.browser.get(reverse("console:message", args=[letter.pk])).content.decode()
    assert "You may look, not act" in html
    assert "&quot;qty&quot;: 99" in html


def test_a_corrected_message_is_to_be_sent_again_and_audited(cast: Cast, letter: DeadLetter) -> None:
    assert "The message is sent again" in post(cast, letter).content.decode()
    letter.refresh_from_db()
    assert (letter.state, letter.handled_by, json.loads(letter.corrected)) == ("resending", "operator", GOOD)
    assert dead_letters.to_do() == [letter]
    row = AuditEntry.objects.get(act="resend message")
    assert (row.reason, row.granted, row.via) == ("the shop has said so", True, "console")
    assert row.before is not None
    assert "99" in row.before["message"]
    assert not Saga.objects.exists()  # the form has only looked whether it would do


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        (json.dumps({**GOOD, "definition": "other"}), "there is no definition other"),
        (json.dumps({**GOOD, "input": {"order_id": "A-1", "qty": 99}}), "99 is greater than the maximum of 9"),
    ],
)  # fmt: skip
def test_what_would_be_refused_again_is_not_sent_and_nothing_typed_is_lost(
    cast: Cast, letter: DeadLetter, text: str, said: str
) -> None:
    answer = post(cast, letter, text=text)
    assert answer.status_code == 400
    assert said in str(answer.context["form"].errors["text"])
    assert answer.context["form"]["text"].value() == text
    letter.refresh_from_db()
    assert letter.state == "waiting"


def test_a_reason_is_asked_for(cast: Cast, letter: DeadLetter) -> None:
    assert "reason" in post(cast, letter, reason=" ").context["form"].errors


def test_two_operators_at_once(cast: Cast, letter: DeadLetter) -> None:
    post(cast, letter)
    answer = post(cast, letter, "admin", act="discard")
    assert answer.status_code == 409
    assert "operator has handled this message already" in answer.content.decode()


def test_a_message_may_be_discarded(cast: Cast, letter: DeadLetter) -> None:
    post(cast, letter, act="discard", reason="a test of the shop")
    letter.refresh_from_db()
    assert (letter.state, letter.handled_reason) == ("discarded", "a test of the shop")
    assert "No message needs you" in cast.viewer.browser.get(reverse("console:messages")).content.decode()


def test_a_viewer_may_look_and_not_act(cast: Cast, letter: DeadLetter) -> None:
    assert post(cast, letter, "viewer").status_code == 403
    assert AuditEntry.objects.get(act="resend message").granted is False
    assert cast.stranger.browser.get(reverse("console:messages")).status_code == 403


def test_a_broker_that_is_away_is_said_on_every_page(cast: Cast, settings: Any) -> None:
    settings.AMQP_URL = "amqp://127.0.0.1/"

    def page() -> str:
        return str(cast.viewer.browser.get(reverse("console:overview")).content.decode())

    assert "No consumer takes messages from RabbitMQ" in page()
    broker_health.beat(has_broker=False)
    assert "RabbitMQ cannot be reached" in page()
    broker_health.beat(has_broker=True)
    assert "RabbitMQ" not in page()
    EngineState.objects.filter(name=broker_health.ALIVE).update(at="2026-01-01T00:00Z")
    assert "No consumer takes messages from RabbitMQ" in page()


def test_ends_that_wait_to_be_told_are_counted(cast: Cast, settings: Any) -> None:
    settings.AMQP_URL = "amqp://127.0.0.1/"
    page = reverse("console:messages")
    assert "to be told" not in cast.viewer.browser.get(page).content.decode()
    EngineState.objects.create(name=announcements.DROPPED, value=1234)
    Announcement.objects.create(channel=announcements.AMQP, saga_id=uuid7(), seq=1, status="completed", at=Now())
    html = cast.viewer.browser.get(page).content.decode()
    assert "1 end of a saga waits to be told" in html
    assert "More than 100000 are not kept." in html
    assert "1234 were dropped, and are told to nobody." in html
