"""The demo's rows: one user per role, their API tokens, the participants, and the definitions that come with them."""

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import Group, User

from orchestration import tokens
from orchestration.audit import Actor
from orchestration.definitions import load_document, publish_definition
from orchestration.enrolment import enrol
from orchestration.models import Participant
from orchestration.roles import ADMIN
from sagaconsole.demo.users import ROLES, password_of, token_name
from sagaconsole.embedded.secrets_file import SecretsFile

PLACE_ORDER = "place-order"
OTHERS = {"payments-grpc": "payment by gRPC", "shipping-amqp": "delivery by RabbitMQ"}
STATUS = {"http": "/status", "grpc": "Status", "amqp": "shipping.status"}


def seed_demo(*, secrets: SecretsFile, participants: Mapping[str, str]) -> None:
    """Make or correct the rows; a second time changes nothing. `participants`: name -> base URL.

    Passwords are read from `secrets`, and the API tokens are put there. Raises WrongDefinition when a document in
    participants_demo/sagas is not in order.
    """
    for role in ROLES:
        user = _make_user(role, password_of(role, secrets))
        _give_token(user, token_name(role), secrets)
    admin = Actor(user=User.objects.get(username=ADMIN), via="command")
    for name, base_url in participants.items():
        _enrol(name, base_url, admin)
    for file in sorted((settings.BASE_DIR / "participants_demo" / "sagas").glob("*.yaml")):
        document = load_document(file.read_bytes(), "application/yaml")
        publish_definition(document=document, actor=admin)
        if document["name"] == PLACE_ORDER and OTHERS.keys() & participants.keys():
            publish_definition(document=by_other_transports(document, participants), actor=admin)


def by_other_transports(document: dict[str, Any], participants: Collection[str]) -> dict[str, Any]:
    """place-order with the participants that are also known by gRPC or AMQP called so."""
    steps = [dict(step) for step in document["steps"]]
    for step in steps:
        for transport, prefix in (("grpc", ""), ("amqp", f"{step['participant']}.")):
            if f"{step['participant']}-{transport}" in participants:
                step["participant"] += f"-{transport}"
                step |= {way: prefix + step[way].removeprefix("/") for way in ("action", "compensation")}
                break
    title = f"{document['title']} ({', '.join(words for name, words in OTHERS.items() if name in participants)})"
    return {**document, "name": f"{PLACE_ORDER}-mixed", "title": title, "steps": steps}


def _make_user(role: str, password: str) -> User:
    user, _created = User.objects.get_or_create(username=role)
    user.is_staff = user.is_superuser = role == ADMIN
    if not user.check_password(password):
        user.set_password(password)
    user.save()
    user.groups.set(Group.objects.filter(name=role))
    return user


def _give_token(user: User, name: str, secrets: SecretsFile) -> None:
    """Only its hash is in the database, so the token that was issued first is kept among the secrets."""
    issued = secrets.known().get(name)
    if issued is None or tokens.authenticate(issued) is None:
        _token, secret = tokens.issue(user=user, name="demo")
        secrets.put(name, secret)


def _enrol(name: str, base_url: str, admin: Actor) -> None:
    """The address is another one at every start; what else somebody has changed stays."""
    known = Participant.objects.filter(name=name).first()
    transport = urlsplit(base_url).scheme
    status_path = known.status_path if known else STATUS[transport]
    enrol(name=name, actor=admin, transport=transport, base_url=base_url, status_path=status_path)
