"""`python -m tests.screenshots`: starts a demo (or takes a running one), fills it, and photographs every page."""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import sync_playwright

from sagaconsole.demo.terminal import say
from tests.console.browser import SWITCHES, Demo, chromium_of_this_machine, running_demo
from tests.screenshots.looks import LOOKS, photograph
from tests.screenshots.pages import pages
from tests.screenshots.scenes import fill

FOLDER = Path(__file__).parents[2] / "screenshots"


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    looks = [look for look in LOOKS if not options.look or look.name in options.look]
    chromium = chromium_of_this_machine()
    with _demo(options.demo_json) as demo, sync_playwright() as playwright:
        shown = pages(fill(demo))
        wanted = {name: path for name, path in shown.items() if not options.page or name in options.page}
        browser = playwright.chromium.launch(executable_path=chromium, args=SWITCHES)
        for look in looks:
            complaints = photograph(browser, demo, look, wanted, options.folder)
            say(f"{look.name}: {len(wanted)} pages in {options.folder}")
            if complaints:
                say("\n".join(complaints))
                return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots", description=__doc__)
    parser.add_argument("--demo-json", type=Path, help="of a demo that runs; without it one is started")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--page", action="append", help="only this page; may be given again")
    parser.add_argument("--look", action="append", choices=[look.name for look in LOOKS], help="only this look")
    return parser


@contextmanager
def _demo(demo_json: Path | None) -> Iterator[Demo]:
    if demo_json is not None:
        yield Demo(json.loads(demo_json.read_text()))
        return
    with (
        tempfile.TemporaryDirectory(prefix="sagaconsole-screenshots-") as directory,
        running_demo(Path(directory)) as demo,
    ):
        yield demo


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
