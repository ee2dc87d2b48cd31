"""Vendored files are those of their release."""

import hashlib
import re
from pathlib import Path

VENDOR = Path(__file__).parents[2] / "static" / "vendor"
ROW = re.compile(r"^\| (?P<file>\S+) \|.*\| (?P<checksum>[0-9a-f]{64}) \|$", re.MULTILINE)


def test_every_vendored_file_has_the_checksum_of_the_list() -> None:
    listed = {row["file"]: row["checksum"] for row in ROW.finditer((VENDOR / "README.md").read_text())}
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.iterdir()
        if path.suffix not in (".md", ".txt")
    }
    assert found == listed
