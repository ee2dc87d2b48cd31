"""`manage.py demo`: the whole system on this machine. Free of Django, because the settings need its servers first."""

import sys
from collections.abc import Sequence

from sagaconsole.demo.errors import DemoError, Stopped
from sagaconsole.demo.options import parse_options
from sagaconsole.demo.supervisor import run
from sagaconsole.demo.terminal import stopping_on_signals
from sagaconsole.embedded import EmbeddedServerError

__all__ = ["main"]


def main(arguments: Sequence[str]) -> int:
    """Run the demo until it is told to stop. Returns the exit code: 0 when stopped, 1 when it could not run."""
    options = parse_options(arguments)
    try:
        with stopping_on_signals():
            run(options)
    except Stopped:
        return 0
    except (DemoError, EmbeddedServerError) as error:
        sys.stderr.write(f"demo: {error}\n")
    return 1
