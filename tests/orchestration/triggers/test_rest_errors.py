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
