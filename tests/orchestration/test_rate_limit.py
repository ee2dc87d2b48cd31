"""How often one token may ask, with Valkey and without."""

from collections.abc import Iterator

import pytest

from orchestration import rate_limit, tokens
from tests.cast import Api


def ask(secret: str, times: int) -> list[int]:
    return [Api(secret).get("/sagas").status_code for _time in range(times)]


@pytest.fixture
def three_a_minute(cast) -> str:
    _token, secret = tokens.issue(user=cast.viewer.user, name="slow", per_minute=3)
    return secret


def test_too_many_requests_with_one_token_wait(cast, three_a_minute):
    assert ask(three_a_minute, 4) == [200, 200, 200, 429]
    refused = Api(three_a_minute).get("/sagas")
    assert refused.json()["error"]["code"] == "rate_limited"
    assert 1 <= int(refused["Retry-After"]) <= 20
    assert ask(cast.viewer.token, 1) == [200], "another token of the same person"


def test_a_request_that_is_refused_costs_nothing(three_a_minute):
    ask(three_a_minute, 3)
    waits = {int(Api(three_a_minute).get("/sagas")["Retry-After"]) for _time in range(5)}
    assert max(waits) <= 20


@pytest.fixture
def no_valkey(settings, monkeypatch) -> Iterator[None]:
    monkeypatch.setattr(rate_limit, "_here", rate_limit._Here())
    settings.RQ_QUEUES = {"drain": {**settings.RQ_QUEUES["drain"], "URL": "redis://127.0.0.1:1/0"}}
    rate_limit._script.cache_clear()
    yield
    rate_limit._script.cache_clear()


def test_without_valkey_the_api_goes_on_and_each_process_counts(no_valkey, three_a_minute, caplog):
    assert ask(three_a_minute, 4) == [200, 200, 200, 429]
    assert len([line for line in caplog.messages if "counted in this process" in line]) == 1, (
        "asked once, not each time"
    )


def test_the_deployment_sets_what_every_token_may(settings, cast):
    settings.SAGA_API_RATE = 2
    assert ask(cast.viewer.token, 3) == [200, 200, 429]
    settings.SAGA_API_RATE = 0
    assert ask(cast.viewer.token, 3) == [200, 200, 200]


def test_what_waits_in_this_process_is_bounded(monkeypatch):
    here = rate_limit._Here()
    monkeypatch.setattr(rate_limit, "MOST_KEPT", 10)
    for number in range(100):
        here.spend(f"token {number}", -1.0)
    assert len(here._full_at) <= 11
