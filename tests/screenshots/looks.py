"""How the pages are looked at: wide and narrow, light and dark, in both languages."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, expect

from tests.console.browser import Demo, log_in


@dataclass(frozen=True, slots=True)
class Look:
    name: str
    width: int
    scheme: Literal["light", "dark"] = "light"
    language: str = "en"


LOOKS = (
    Look("light", 1440),
    Look("dark", 1440, "dark"),
    Look("narrow", 360),
    Look("narrow-dark", 360, "dark"),
    Look("pt-br", 1440, "light", "pt-br"),
    Look("pt-br-narrow", 360, "light", "pt-br"),
)


def photograph(browser: Browser, demo: Demo, look: Look, pages: Mapping[str, str], folder: Path) -> list[str]:
    """One picture of each page, whole, as `<look>/<page>.png`; what the browser complained of meanwhile."""
    tab = log_in(browser, demo, "admin", width=look.width, scheme=look.scheme)
    cookie = {"name": "django_language", "value": look.language, "url": demo.url}
    tab.page.context.add_cookies([cookie])  # type: ignore[list-item]  # a plain dict does
    (folder / look.name).mkdir(parents=True, exist_ok=True)
    for name, path in pages.items():
        page = tab.open(path)
        expect(page.locator("main h1").first).to_be_visible()
        if page.locator(".live").count():
            expect(page.locator(".live")).to_have_attribute("data-state", "live")
        page.evaluate("document.fonts.ready.then(() => null)")
        page.screenshot(path=folder / look.name / f"{name}.png", full_page=True, animations="disabled")
    tab.page.context.close()
    return tab.complaints
