"""Why a saga is stuck is told in the reader's language, whatever the engine wrote down."""

import pytest
from django.urls import reverse
from django.utils import translation

from orchestration.console.stuck_words import in_words
from orchestration.core.decisions import decide
from orchestration.core.events import Event, InDoubt, Lost, Refused, Resolve, Skip, StaleEpoch, TryLater
from orchestration.core.saga_state import SagaState
from orchestration.models import Saga
from tests.cast import Cast
from tests.core.letters import NOW, TRIES, UNDO_TRIES, saga

SPENT = {"tries": TRIES}
DOUBT = {"in_doubt": True, "sent": True, "refused_only": False}


@pytest.mark.parametrize(
    ("before", "event", "told"),
    [
        pytest.param(saga("sc"), Refused(1), "step-2: o participante recusa desfazê-lo"),
        pytest.param(
            saga("sc"), Refused(1, for_ever=True), "step-2: o participante diz que nunca poderá ser desfeito"
        ),
        pytest.param(
            saga("sc", at={1: {"tries": UNDO_TRIES}}), InDoubt(1), "step-2: não pôde ser desfeito em 4 tentativas"
        ),
        pytest.param(
            saga("sc", at={1: {"losses": 4}}), Lost(1),
            "step-2: o worker dele morreu em 5 tentativas, as últimas 3 sozinho",
        ),
        pytest.param(
            saga("sc", at={1: {"stale_answers": 1}}), StaleEpoch(1),
            "step-2: o participante viu um dono mais novo que o atual",
        ),
        pytest.param(
            saga("srp", at={1: SPENT}, defined={1: {"hold_when_exhausted": True}}), TryLater(1),
            "step-2: 3 tentativas esgotadas, e a definição manda esperar",
        ),
        pytest.param(
            saga("srp", pivot=1, at={1: SPENT}), InDoubt(1), "step-2: ninguém sabe se o pivô teve efeito"
        ),
        pytest.param(
            saga("sfp", pivot=1, at={1: DOUBT}), Resolve(1, applied=False),
            "step-2: o pivô não teve efeito, uma pessoa verificou",
        ),
        pytest.param(
            saga("ssr", pivot=1), Refused(2), "step-3: falhou depois do pivô, de onde a saga só segue adiante"
        ),
        pytest.param(
            saga("ffp", stages=[0, 0, 1]), Skip(0), "step-2: falhou antes e ainda precisa de uma pessoa"
        ),
    ],
)  # fmt: skip
def test_what_the_engine_says_is_said_in_portuguese(before: SagaState, event: Event, told: str) -> None:
    reason = decide(before, event, NOW).after.stuck_reason
    with translation.override("en"):
        assert in_words(reason) == reason
    with translation.override("pt-br"):
        assert in_words(reason) == told


def test_a_reason_that_is_not_known_stays_as_it_is() -> None:
    with translation.override("pt-br"):
        assert in_words("charge: ledger said: odd") == "charge: ledger said: odd"
        assert in_words("the participant refuses to undo it") == "the participant refuses to undo it"


def test_the_pages_tell_it_so(cast: Cast, past_pivot: Saga) -> None:
    browser = cast.operator.browser
    browser.cookies["django_language"] = "pt-br"
    for path in (reverse("console:saga", args=[past_pivot.pk]), "/sagas/?status=stuck"):
        assert "ship: falhou depois do pivô" in browser.get(path).content.decode(), path
