"""Pages for what went wrong."""

import pytest
from django.db import OperationalError
from django.test import RequestFactory

from orchestration.console.errors import server_error
from tests.cast import Cast


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [(OperationalError("connection refused to db-7.internal"), 503, "The database cannot be reached"),
     (KeyError("secret detail"), 500, "Something broke on our side")],
)  # fmt: skip
def test_our_errors_are_said_plainly_and_tell_no_details(error: Exception, status: int, words: str) -> None:
    try:
        raise error
    except type(error):
        response = server_error(RequestFactory().get("/"))
    html = response.content.decode()
    assert (response.status_code, words in html) == (status, True)
    assert "db-7" not in html
    assert "secret detail" not in html


def test_an_unknown_address_is_a_page_of_ours(cast: Cast) -> None:
    response = cast.viewer.browser.get("/nothing/here/")
    assert response.status_code == 404
    assert "There is nothing at this address" in response.content.decode()
