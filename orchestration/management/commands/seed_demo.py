"""`manage.py seed_demo`: what the demo needs in the console's database. May run again at every start."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orchestration.demo_content import seed_demo
from sagaconsole.demo.users import demo_secrets


class Command(BaseCommand):
    help = "Make the demo's users, API tokens, participants and saga definitions."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--data-dir", type=Path, required=True, help="where the demo keeps its passwords")
        parser.add_argument("--participants", type=json.loads, required=True, help='JSON: {"name": "base URL"}')

    def handle(self, *_args: Any, **options: Any) -> None:
        if not options["data_dir"].is_dir():
            raise CommandError(f"{options['data_dir']} is not a directory")
        seed_demo(secrets=demo_secrets(options["data_dir"]), participants=options["participants"])
