"""Vendored files are those of their release."""

import hashlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (?P<file>\S+) \|.*\| (?P<checksum>[0-9a-f]{64}) \|$", re.MULTILINE)


@pytest.mark.parametrize("vendor", [ROOT / "static" / "vendor", ROOT / "tests" / "vendor"], ids=["pages", "tests"])
def test_every_vendored_file_has_the_checksum_of_the_list(vendor: Path) -> None:
    listed = {row["file"]: row["checksum"] for row in ROW.finditer((vendor / "README.md").read_text())}
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in vendor.iterdir()
        if path.suffix not in (".md", ".txt")
    }
    assert found == listed
