"""`python -m participants_demo <name>` serves a participant; `... <name> migrate` prepares its database."""

import argparse
import os
import sys

import django
import uvicorn
from django.core.management import call_command

HOST = "127.0.0.1"
NAMES = ("orders", "payments", "inventory", "shipping")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m participants_demo", description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("command", nargs="?", choices=("serve", "migrate"), default="serve")
    arguments = parser.parse_args()
    os.environ["PARTICIPANT"] = arguments.name
    os.environ["DJANGO_SETTINGS_MODULE"] = "participants_demo.service_settings"
    if not os.environ.get("DATABASE_URL"):
        sys.exit("DATABASE_URL is not set (example: postgres://user:password@host:5432/name)")
    if arguments.command == "migrate":
        migrate()
    else:
        serve(_port())


def migrate() -> None:
    """Create or update the tables, and fill in the stock, the cards or the carriers."""
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)


def serve(port: int) -> None:
    """Answer on the loopback address until SIGTERM."""
    uvicorn.run(
        "participants_demo.asgi:application",
        host=HOST,
        port=port,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        log_level="warning",
        access_log=False,
        # Longer than the orchestrator keeps an idle connection: closing one under a request makes the step "in doubt".
        timeout_keep_alive=300,
        timeout_graceful_shutdown=3,
    )


def _port() -> int:
    text = os.environ.get("PORT", "")
    if not text.isdecimal() or not 0 < int(text) < 65536:
        sys.exit("PORT must be a port number from 1 to 65535")
    return int(text)


if __name__ == "__main__":
    main()
