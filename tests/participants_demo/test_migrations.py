"""The migrations of each participant: complete, and safe to run again."""

import os
import subprocess
import sys

import pytest

from tests.participants_demo.running import ROOT, Participant, migrate


@pytest.mark.parametrize("name", ["orders", "payments", "inventory", "shipping"])
def test_the_models_need_no_further_migration(participants: dict[str, Participant], name: str):
    argv = [sys.executable, "-m", "django", "makemigrations", "--check", "--dry-run"]
    environment = {
        **os.environ,
        "PARTICIPANT": name,
        "DATABASE_URL": participants[name].database_url,
        "DJANGO_SETTINGS_MODULE": "participants_demo.service_settings",
    }
    ran = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_migrating_again_changes_nothing(inventory: Participant):
    before = inventory.get("/balances")
    migrate("inventory", inventory.database_url)
    assert inventory.get("/balances") == before
