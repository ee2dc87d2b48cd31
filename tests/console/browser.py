"""A real browser on a real demo: every process of it, started for one module of tests."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, sync_playwright

ROOT = Path(__file__).parents[2]
READY_WITHIN_SECONDS = 120
SWITCHES = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@dataclass
class Demo:
    """A running demo. `facts` is its demo.json. `sessions`: the cookies of each role that has logged in."""

    facts: dict[str, Any]
    sessions: dict[str, StorageState] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return str(self.facts["url"]).rstrip("/")

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """One call of the REST API with the admin's rights."""
        headers = {"Authorization": f"Bearer {self.facts['api_token']}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/api/v1{path}", data, headers, method=method)  # noqa: S310  our own
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310  our own loopback address
            raw = answer.read()
        return json.loads(raw) if raw else None

    def launch(self, order: str, **values: Any) -> str:
        """Launch place-order over REST and return the saga's id."""
        wanted = {"order_id": order, "sku": "SKU-1", "qty": 1, "card": "card-1", "amount": 4900, "region": "north"}
        return str(self.api("POST", "/sagas", {"definition": "place-order", "input": wanted | values})["id"])


@dataclass
class Tab:
    """A page with somebody logged in, and everything that its console, its policy and its network complained of."""

    page: Page
    demo: Demo
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> Page:
        self.page.goto(self.demo.url + path)
        return self.page


@contextlib.contextmanager
def running_demo(data_dir: Path) -> Iterator[Demo]:
    """The whole system on free ports, stopped at the end."""
    command = [sys.executable, "manage.py", "demo", "--port", "0", "--workers", "1", "--data-dir", str(data_dir)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield Demo(_facts(process, data_dir / "demo.json"))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _facts(process: subprocess.Popen[bytes], file: Path) -> dict[str, Any]:
    ends = time.monotonic() + READY_WITHIN_SECONDS
    while not file.exists():
        assert process.poll() is None, "the demo ended before it was ready"
        assert time.monotonic() < ends, "the demo was not ready in time"
        time.sleep(0.2)
    facts: dict[str, Any] = json.loads(file.read_text())
    return facts


def chromium_of_this_machine() -> str:
    """From the system or from Playwright; without one the tests are skipped, or fail where it is required."""
    if not (path := shutil.which("chromium") or shutil.which("google-chrome")):
        with sync_playwright() as playwright:
            path = playwright.chromium.executable_path
    if not Path(path).exists():
        reason = "no Chromium here: install one, or run `playwright install chromium`"
        (pytest.fail if os.environ.get("SAGA_REQUIRE_BROWSER") == "1" else pytest.skip)(reason)
    return path


def log_in(
    browser: Browser, demo: Demo, role: str, *, width: int = 1280, scheme: Literal["light", "dark"] = "light"
) -> Tab:
    """A new window with the person of that role logged in: by the form the first time, by its session from then on."""
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
        locale="en",
        storage_state=demo.sessions.get(role),
    )
    tab = Tab(context.new_page(), demo)
    _listen(context, tab)
    if role not in demo.sessions:
        _log_in_by_the_form(tab, demo.facts["users"][role])
        demo.sessions[role] = context.storage_state()
    return tab


def _log_in_by_the_form(tab: Tab, person: dict[str, Any]) -> None:
    tab.open("/account/login/")
    tab.page.get_by_label("User name").fill(person["username"])
    tab.page.get_by_label("Password").fill(person["password"])
    tab.page.get_by_role("button", name="Log in").click()
    tab.page.get_by_role("heading", name="Overview").wait_for()


def _listen(context: BrowserContext, tab: Tab) -> None:
    tab.page.on("console", lambda message: tab.complaints.append(message.text))
    tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
    context.on(
        "request",
        lambda request: None if request.url.startswith(tab.demo.url) else tab.complaints.append(request.url),
    )
