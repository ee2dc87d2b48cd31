"""The pages of the documentation, cut into what can be checked: fenced blocks, commands, links, names of files."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_NOT_RUN = re.compile(r"<!-- not run by the tests: (?P<reason>.+?) -->\s*\Z", re.DOTALL)
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
_IN_BACKTICKS = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. `not_run` is the reason why its commands cannot run in a test, "" when they can."""

    language: str
    text: str
    not_run: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A command, and the output that the page shows for it; None when the page shows commands only."""

    command: str
    output: str | None

    def matches(self, printed: str) -> bool:
        """Whether `printed` is what the page shows; `…` in the page stands for anything."""
        if self.output is None:
            return True
        pattern = re.escape(self.output.strip()).replace("…", ".*?")
        return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path) -> list[Block]:
    text = page.read_text()
    return [Block(found["language"], found["text"], _reason(text[: found.start()])) for found in _FENCE.finditer(text)]


def commands(page: Path) -> list[Shown]:
    """What a reader would type, in order."""
    runnable = [block for block in blocks(page) if not block.not_run]
    return [shown for block in runnable for shown in _commands(block)]


def prose(page: Path) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", page.read_text())


def links(page: Path) -> list[str]:
    """Targets of links to other pages and places of this project."""
    return [target for target in _LINK.findall(prose(page)) if not re.match(r"[a-z]+:", target)]


def anchors(page: Path) -> set[str]:
    """The anchors that a forge makes of the page's headings."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def files_named(page: Path) -> list[str]:
    """Words in backticks that name something in this tree: they begin with one of its directories, or end in .py."""
    tops = {entry.name for entry in ROOT.iterdir() if entry.is_dir() and not entry.name.startswith(".")}
    words = _IN_BACKTICKS.findall(prose(page))
    return [word for word in words if re.fullmatch(r"[\w.*/-]+", word) and word.split("/")[0] in tops and "/" in word]


def make_targets(page: Path) -> set[str]:
    """Every `make <target>` that the page mentions anywhere."""
    return set(re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(), re.MULTILINE))


def rows(page: Path, heading: str) -> list[list[str]]:
    """The cells of every table row under a heading whose first cell begins with a word in backticks."""
    section = re.split(rf"^#+ {re.escape(heading)}$", page.read_text(), maxsplit=1, flags=re.MULTILINE)[1]
    section = re.split(r"^#+ ", section, maxsplit=1, flags=re.MULTILINE)[0]
    return [row.strip("| ").split(" | ") for row in section.splitlines() if row.startswith("| `")]


def first_column(page: Path, heading: str) -> list[str]:
    """The words in backticks in the first cells under a heading, in alphabetical order."""
    return sorted(word for row in rows(page, heading) for word in _IN_BACKTICKS.findall(row[0]))


def _reason(before: str) -> str:
    found = _NOT_RUN.search(before)
    return found["reason"] if found else ""


def _commands(block: Block) -> Iterator[Shown]:
    if block.language == "sh":
        yield Shown(block.text, None)
    elif block.language == "console":
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            typed, output = re.fullmatch(r"(.*\n(?:> .*\n)*)((?:.*\n)*)", part).groups()  # type: ignore[union-attr]  # fits anything
            yield Shown(re.sub(r"^> ", "", typed, flags=re.MULTILINE), output)
