"""Who plays in the tests: one person per role, and one without any. `token` is the secret of their API token."""

import json
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group, User
from django.test import Client

from orchestration import roles, tokens
from orchestration.audit import Actor


@dataclass(frozen=True)
class Person:
    user: User
    token: str

    @property
    def actor(self) -> Actor:
        return Actor(self.user, "test")

    @property
    def api(self) -> "Api":
        return Api(self.token)

    @property
    def browser(self) -> Client:
        """A logged-in browser."""
        client = Client()
        client.force_login(self.user)
        return client


@dataclass(frozen=True)
class Cast:
    viewer: Person
    operator: Person
    admin: Person
    stranger: Person


class Api:
    """The REST API with a bearer token (or none)."""

    def __init__(self, token: str | None, prefix: str = "/api/v1") -> None:
        self.headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self.client = Client(raise_request_exception=True)
        self.prefix = prefix

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(self.prefix + path, query, headers=self.headers)

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.send("POST", path, body, **headers)

    def put(self, path: str, body: Any) -> Any:
        return self.send("PUT", path, body)

    def delete(self, path: str) -> Any:
        return self.client.delete(self.prefix + path, headers=self.headers)

    def send(self, method: str, path: str, body: Any, content_type: str = "application/json", **headers: str) -> Any:
        """`body` is sent as it is when it is bytes; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.generic(
            method, self.prefix + path, body if isinstance(body, bytes) else _json(body), content_type,
            headers=self.headers | named,
        )  # fmt: skip


def _json(body: Any) -> bytes:
    return json.dumps(body).encode()


def make_cast() -> Cast:
    """Four people with their tokens and without passwords. The admin is staff, as in a real deployment."""
    return Cast(*(make_person(name) for name in ("viewer", "operator", "admin", "stranger")))


def make_person(name: str) -> Person:
    user = User.objects.create_user(name, is_staff=name == roles.ADMIN)  # no password: hashing one takes half a second
    if name in roles.ROLES:
        user.groups.add(Group.objects.get(name=name))
    _token, secret = tokens.issue(user=user, name=f"{name}'s")
    return Person(user, secret)
