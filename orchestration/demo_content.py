"""The demo's rows: one user per role, their API tokens, the participants, and the definitions that come with them."""

from collections.abc import Mapping

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
        publish_definition(document=load_document(file.read_bytes(), "application/yaml"), actor=admin)


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
    status_path = known.status_path if known else "/status"
    enrol(name=name, actor=admin, transport=Participant.Transport.HTTP, base_url=base_url, status_path=status_path)
