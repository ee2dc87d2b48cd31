"""What is no good request whatever it asks for: wrong bytes, wrong labels, wrong addresses. Never a 500."""

import json

import pytest

ORDER = {"definition": "place-order", "input": {"order_id": "o-1"}}
pytestmark = pytest.mark.usefixtures("place_order")


def body(order_id: bytes) -> bytes:
    return b'{"definition": "place-order", "input": {"order_id": ' + order_id + b"}}"


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        pytest.param(b"", "body", id="empty"),
        pytest.param(b"{", "body", id="broken"),
        pytest.param(b"\xff\xfe", "body", id="not UTF-8"),
        pytest.param(b"\xef\xbb\xbf" + body(b'"x"'), "body", id="byte order mark"),
        pytest.param(body(b"NaN"), "input.order_id", id="NaN"),
        pytest.param(body(b"-Infinity"), "input.order_id", id="infinity"),
        pytest.param(body(b"1e999"), "input.order_id", id="number too large"),
        pytest.param(body(b"9223372036854775808"), "input.order_id", id="integer beyond 64 bits"),
        pytest.param(body(b"9" * 10_000), "input.order_id", id="integer of 10,000 digits"),
        pytest.param(body(b'"\\u0000"'), "input.order_id", id="NUL"),
        pytest.param(body(b'"\\ud800"'), "input.order_id", id="lone surrogate"),
        pytest.param(body(b'"x", "order_id": "y"'), "input.order_id", id="doubled key"),
        pytest.param(body(b"[" * 65 + b"]" * 65), None, id="nested 66 deep"),
        pytest.param(body(b"[" * 100_000 + b"]" * 100_000), "body", id="nested 100,000 deep"),
        pytest.param(b"[]", "body", id="not an object"),
        pytest.param(b"null", "body", id="null"),
    ],
)
def test_bodies_are_strict_json(cast, raw, field):
    answer = cast.operator.api.post("/sagas", raw)
    assert answer.status_code == 400, answer.content
    fields = answer.json()["error"]["fields"]
    assert field in fields if field else fields


def test_an_input_64_deep_is_accepted(cast):
    deep = b'{"definition": "place-order", "input": {"order_id": "o", "more": ' + b"[" * 63 + b"]" * 63 + b"}}"
    assert cast.operator.api.post("/sagas", deep).status_code == 201


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "x"])
@pytest.mark.parametrize("path", ["/sagas", "/definitions"])
def test_another_content_type_is_refused(cast, kind, path):
    answer = cast.admin.api.send("POST", path, json.dumps(ORDER).encode(), kind)
    assert answer.status_code == 415, answer.content


def test_a_charset_beside_the_content_type_is_fine(cast):
    answer = cast.operator.api.send("POST", "/sagas", ORDER, "application/json; charset=utf-8")
    assert answer.status_code == 201


@pytest.mark.parametrize("path", ["/sagas", "/sagas/batch", "/faults", "/definitions"])
def test_a_body_over_4_mib_is_too_large(cast, path):
    answer = cast.admin.api.post(path, b" " * (4 * 1024 * 1024 + 1))
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "too_large"


@pytest.mark.parametrize(("method", "path"), [("PATCH", "/sagas"), ("DELETE", "/sagas"), ("POST", "/participants")])
def test_another_method_is_refused_in_the_envelope(cast, method, path):
    answer = cast.admin.api.send(method, path, {})
    assert answer.status_code == 405
    assert answer.json()["error"]["code"] == "method_not_allowed"
    assert "GET" in answer["Allow"]


@pytest.mark.parametrize("path", ["/nothing", "/sagas/a/b/c/d", "/", ""])
def test_an_unknown_address_is_refused_in_the_envelope(cast, path):
    answer = cast.admin.api.post(path, {}) if path else cast.admin.api.get("/")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize("path", ["/sagas", "/definitions", "/participants", "/faults"])
def test_lists_refuse_what_they_do_not_know(cast, path):
    for query in ({"colour": "red"}, {"cursor": "!"}, {"cursor": "é"}, {"limit": "-1"}):
        answer = cast.viewer.api.get(path, **query)
        assert answer.status_code == 400, answer.content
        assert set(answer.json()["error"]["fields"]) == set(query)


def test_the_openapi_document_and_its_page_are_local(cast):
    document = cast.viewer.api.get("/openapi.json")
    assert document.status_code == 200
    assert {"/api/v1/sagas", "/api/v1/definitions", "/api/v1/faults"} <= set(document.json()["paths"])
    page = cast.viewer.api.get("/docs").content.decode()
    assert "http://" not in page
    assert "https://" not in page
