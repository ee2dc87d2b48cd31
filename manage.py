#!/usr/bin/env python
"""Django's command line for sagaconsole."""

import os
import sys


def main() -> None:
    if sys.argv[1:2] == ["demo"]:
        # The settings need a database and a queue, and those are what the demo starts first.
        from sagaconsole.demo import main as demo  # noqa: PLC0415  only this command needs it

        sys.exit(demo(sys.argv[2:]))
    if sys.argv[1:2] in (["grpc"], ["consume"]):
        os.environ.setdefault("DATABASE_POOL", "10")  # they serve many at once, as the web process does
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sagaconsole.settings")
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415  the demo runs without Django
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"sagaconsole: {error}")


if __name__ == "__main__":
    main()
