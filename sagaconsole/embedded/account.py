"""Who runs the servers. PostgreSQL refuses to run as root, so root lends both servers to an unprivileged account."""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from sagaconsole.embedded.errors import EmbeddedServerError

_NAME = "nobody"


@dataclass(frozen=True, slots=True)
class Account:
    """A system account that a child changes to before its program starts."""

    name: str
    uid: int
    gid: int


def server_account() -> Account | None:
    """The account the servers must run as: None for an ordinary user (themselves), `nobody` for root."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(_NAME)
    except KeyError as error:
        raise EmbeddedServerError(
            f"PostgreSQL refuses to run as root and there is no account {_NAME!r} to lend it to: run as another user"
        ) from error
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def private_directory(path: Path, account: Account | None) -> Path:
    """Make `path` if needed, for its account's eyes only (0700). Parents are left as they are."""
    try:
        path.mkdir(exist_ok=True)
        if account:
            os.chown(path, account.uid, account.gid)
        path.chmod(0o700)
    except PermissionError as error:
        raise EmbeddedServerError(f"{path} cannot be used by this user: {error.strerror}") from error
    return path
