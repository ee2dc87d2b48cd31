"""What the commands share: JSON from the command line or a file, read as strictly as everywhere."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from orchestration import strict_json


def json_argument(name: str, text: str) -> Any:
    """The value in `text`, or in the file that `@name` says. Raises CommandError with place and reason."""
    try:
        return strict_json.loads(file_argument(name, text[1:]) if text.startswith("@") else text.encode())
    except strict_json.WrongJSON as error:
        raise CommandError(f"{name}: {error}") from error
    except UnicodeEncodeError as error:
        raise CommandError(f"{name}: must be UTF-8") from error


def file_argument(name: str, path: str) -> bytes:
    """Raises CommandError."""
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        raise CommandError(f"{name}: cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
