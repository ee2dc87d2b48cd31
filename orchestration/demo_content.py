"""The demo's rows: one user per role, their API tokens, the participants, and the definitions that come with them."""

import hashlib
from collections.abc import Mapping
from typing import Protocol

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.db import transaction

from orchestration.audit import Actor
from orchestration.definitions import load_document, publish_definition
from orchestration.models import ApiToken, Participant

_LABEL = "demo"


class DemoUser(Protocol):
    """Someone to make an account for."""

    @property
    def username(self) -> str: ...
    @property
    def password(self) -> str: ...
    @property
    def api_token(self) -> str: ...


@transaction.atomic
def seed_demo(*, users: Mapping[str, DemoUser], participants: Mapping[str, str]) -> None:
    """Make or correct the rows. `users` by role, `participants` as name -> base URL. Nothing is doubled.

    Raises WrongDefinition when a document in participants_demo/sagas is not in order.
    """
    for role, wanted in users.items():
        _give_token(_make_user(role, wanted), wanted.api_token)
    for name, base_url in participants.items():
        Participant.objects.update_or_create(
            name=name, defaults={"transport": Participant.Transport.HTTP, "base_url": base_url}
        )
    admin = Actor(user=User.objects.get(username=users["admin"].username), via="demo")
    for file in sorted((settings.BASE_DIR / "participants_demo" / "sagas").glob("*.yaml")):
        publish_definition(document=load_document(file.read_bytes(), "application/yaml"), actor=admin)


def _make_user(role: str, wanted: DemoUser) -> User:
    is_admin = role == "admin"
    user, _created = User.objects.get_or_create(username=wanted.username)
    user.is_staff = user.is_superuser = is_admin
    if not user.check_password(wanted.password):
        user.set_password(wanted.password)
    user.save()
    user.groups.set(Group.objects.filter(name=role))
    return user


def _give_token(user: User, token: str) -> None:
    digest = hashlib.sha256(token.encode()).hexdigest()
    ApiToken.objects.update_or_create(digest=digest, defaults={"user": user, "name": _LABEL, "revoked_at": None})
