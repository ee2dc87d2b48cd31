"""The demo's three users, as the data directory remembers them. The command `seed_demo` makes their accounts."""

from dataclasses import dataclass
from pathlib import Path

from sagaconsole.embedded.secrets_file import SecretsFile

ROLES = ("viewer", "operator", "admin")
_PASSWORD_BYTES = 9  # 12 characters: a person types it


@dataclass(frozen=True, slots=True)
class User:
    """Someone who may sign in, and call the API."""

    username: str
    password: str
    api_token: str


def demo_secrets(directory: Path) -> SecretsFile:
    return SecretsFile(directory / "secrets.json")


def password_of(role: str, secrets: SecretsFile) -> str:
    return secrets.get(f"password of {role}", random_bytes=_PASSWORD_BYTES)


def token_name(role: str) -> str:
    """The name that the API token of `role` has among the secrets. The console issues tokens, so it is put there."""
    return f"API token of {role}"


def demo_users(directory: Path) -> dict[str, User]:
    """The users by role. Raises KeyError as long as the console has not issued their tokens."""
    secrets = demo_secrets(directory)
    return {role: User(role, password_of(role, secrets), secrets.known()[token_name(role)]) for role in ROLES}
