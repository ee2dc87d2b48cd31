"""Random passwords and keys of one data directory, made at first use and kept for the next start."""

import json
import os
import secrets
from pathlib import Path


class SecretsFile:
    """A JSON object of names and random texts in a file that only its owner can read (0600)."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, name: str, *, random_bytes: int = 32) -> str:
        """The secret called `name`, the same at every call: letters, digits, `-` and `_`, made of `random_bytes`."""
        known = self.known()
        if name not in known:
            known[name] = secrets.token_urlsafe(random_bytes)
            self._write(known)
        return known[name]

    def put(self, name: str, value: str) -> None:
        """Keep a secret that was made elsewhere, in place of any earlier one."""
        self._write(self.known() | {name: value})

    def known(self) -> dict[str, str]:
        """All secrets by name."""
        if not self._path.exists():
            return {}
        content: dict[str, str] = json.loads(self._path.read_text())
        return content

    def _write(self, content: dict[str, str]) -> None:
        # Written aside and moved into place: a crash leaves the old file or the new one, never half of one.
        aside = self._path.with_suffix(".new")
        with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(content, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        aside.rename(self._path)
