"""Who may come in over REST, and with which rights."""

import pytest

from orchestration import tokens
from orchestration.models import ApiToken, AuditEntry
from tests.cast import Api

ORDER = {"definition": "place-order", "input": {"order_id": "o-1"}}
pytestmark = pytest.mark.usefixtures("place_order")


@pytest.mark.parametrize("token", [None, "", "wrong", "saga_" + "x" * 43, "é", "a b"])
def test_no_valid_token_no_entry(token):
    answer = Api(token).get("/sagas")
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "unauthorized"
    assert answer["WWW-Authenticate"] == "Bearer"


def test_a_session_cookie_alone_opens_nothing(cast):
    assert cast.admin.browser.get("/api/v1/sagas").status_code == 401
    answer = cast.admin.browser.post("/api/v1/sagas", ORDER, content_type="application/json")
    assert answer.status_code == 401


def test_a_body_is_not_read_before_the_token_is_checked():
    assert Api(None).post("/sagas", b"{nonsense").status_code == 401


def test_a_token_needs_no_csrf_token(cast):
    api = cast.operator.api
    api.client.handler.enforce_csrf_checks = True
    assert api.post("/sagas", ORDER).status_code == 201


@pytest.mark.parametrize(
    ("person", "launch", "act", "enrol", "fault"),
    [
        ("viewer", 403, 403, 403, 403), ("stranger", 403, 403, 403, 403), ("operator", 201, 200, 403, 403),
        ("admin", 201, 200, 200, 201),
    ],
)  # fmt: skip
def test_each_role_may_do_what_it_is_for(cast, person, launch, act, enrol, fault):
    api = getattr(cast, person).api
    saga = cast.admin.api.post("/sagas", ORDER).json()
    assert api.post("/sagas", ORDER).status_code == launch
    assert api.post("/sagas/batch", {"items": [ORDER]}).status_code == (200 if launch == 201 else 403)
    assert api.post(f"/sagas/{saga['id']}/pause", {"reason": "test"}).status_code == act
    body = {"transport": "http", "base_url": "http://127.0.0.1:9"}
    assert api.put("/participants/inventory", body).status_code == enrol
    assert api.post("/faults", {"kind": "refuse", "expires_in": 60}).status_code == fault


@pytest.mark.parametrize("path", ["/sagas", "/definitions", "/participants", "/faults"])
def test_a_stranger_reads_nothing(cast, path):
    assert cast.stranger.api.get(path).status_code == 403
    assert cast.viewer.api.get(path).status_code == 200


def test_a_refused_act_leaves_an_audit_row(cast):
    saga = cast.admin.api.post("/sagas", ORDER).json()
    cast.viewer.api.post(f"/sagas/{saga['id']}/pause", {"reason": "let me"})
    assert AuditEntry.objects.filter(actor="viewer", act="pause", granted=False, reason="let me").count() == 1


def test_scopes_narrow_a_token(cast):
    _token, secret = tokens.issue(user=cast.admin.user, name="launcher", scopes=["launch"])
    assert Api(secret).post("/sagas", ORDER).status_code == 201
    assert Api(secret).get("/sagas").status_code == 403


def test_a_revoked_token_is_out_at_once(cast):
    token = ApiToken.objects.get(user=cast.operator.user)
    tokens.revoke(token_id=token.pk, actor=cast.admin.actor)
    assert cast.operator.api.get("/sagas").status_code == 401
