"""What becomes of errors that are nobody's fault."""

import pytest
from django.db import InterfaceError, OperationalError

from orchestration.triggers.rest.errors import refusal_of


@pytest.mark.parametrize("error", [OperationalError("server closed the connection"), InterfaceError("closed")])
def test_a_database_that_is_away_is_503_and_says_nothing_of_itself(error: Exception):
    refused = refusal_of(error)
    assert (refused.status, refused.code) == (503, "unavailable")
    assert "closed" not in refused.message


def test_a_bug_stays_a_bug():
    with pytest.raises(ZeroDivisionError):
        refusal_of(ZeroDivisionError())


@pytest.mark.parametrize("path", ["/participants/\0", "/sagas/\0", "/definitions/a\0b", "/callbacks/\0"])
@pytest.mark.parametrize("method", ["get", "put", "post"])
def test_nothing_is_at_an_address_with_a_nul(cast, path, method):
    answer = getattr(cast.admin.api, method)(path.replace("\0", "%00"), *([{}] if method != "get" else []))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found")
