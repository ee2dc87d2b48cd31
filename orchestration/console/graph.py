"""The graph of a definition: boxes in stages from left to right, wires forward, dashed wires of the way back."""

from dataclasses import dataclass
from itertools import groupby, pairwise

from django.utils.translation import gettext as _

from orchestration.console import times
from orchestration.core.definitions import StepDefinition
from orchestration.core.states import StepKind

BOX_WIDTH, BOX_HEIGHT = 168, 62
LINE = 16
GAP_X, GAP_Y, MARGIN = 44, 24, 20
FORWARD_AT, BACK_AT = 21, 49
PER_ROW = 4
LETTERS, NARROW = 24, 22


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text below a box's title: how it is drawn (a class of the style sheet), and the text."""

    y: int
    look: str
    text: str


@dataclass(frozen=True, slots=True)
class Box:
    """A step: the corner of its box and its lines of text. `undoes`: something is undone here or before."""

    x: int
    y: int
    title: str
    kind: str
    lines: list[Line]
    is_pivot: bool
    undoes: bool
    after_pivot: bool


@dataclass(frozen=True, slots=True)
class Wire:
    """A path and its arrow's tip."""

    path: str
    tip: str


@dataclass(frozen=True, slots=True)
class Graph:
    width: int
    height: int
    boxes: list[Box]
    wires: list[Wire]
    wires_back: list[Wire]
    box_height: int
    box_width: int = BOX_WIDTH


def graph(steps: tuple[StepDefinition, ...]) -> Graph:
    """Lay out the stages, four to a row; steps of one stage stand below each other."""
    stages = [list(group) for _stage, group in groupby(steps, key=lambda step: step.stage)]
    height = BOX_HEIGHT + LINE * (max(len(_texts(step)) for step in steps) - 2)
    boxes: list[list[Box]] = []
    y = MARGIN
    for begin in range(0, len(stages), PER_ROW):
        row = stages[begin : begin + PER_ROW]
        boxes += [
            [_box(steps, step, column, y + line * (height + GAP_Y)) for line, step in enumerate(stage)]
            for column, stage in enumerate(row)
        ]
        y += max(map(len, row)) * (height + GAP_Y) + GAP_Y
    pairs = [
        (index, one, other)
        for index, (left, right) in enumerate(pairwise(boxes), start=1)
        for one in left
        for other in right
    ]
    columns = min(len(stages), PER_ROW)
    return Graph(
        width=2 * MARGIN + columns * BOX_WIDTH + (columns - 1) * GAP_X,
        height=y - 2 * GAP_Y + MARGIN,
        boxes=[box for stage in boxes for box in stage],
        wires=[_wire(one, other, min(box.y for box in boxes[index])) for index, one, other in pairs],
        wires_back=[_wire_back(one, other) for _index, one, other in pairs if _leads_back(one, other)],
        box_height=height,
    )


def _leads_back(one: Box, other: Box) -> bool:
    """The way back, within a row: from the pivot itself, if it is refused, but from nothing after it."""
    return other.x > one.x and one.undoes and not other.after_pivot


def _box(steps: tuple[StepDefinition, ...], step: StepDefinition, column: int, y: int) -> Box:
    lines = [Line(21 + LINE * number, look, _short(text)) for number, (look, text) in enumerate(_texts(step), start=1)]
    pivot = next((one.stage for one in steps if one.pivot), len(steps))
    return Box(
        x=MARGIN + column * (BOX_WIDTH + GAP_X), y=y, title=_short(step.name), kind=step.kind, lines=lines,
        is_pivot=step.pivot, after_pivot=step.stage > pivot,
        undoes=any(one.compensation for one in steps if one.stage < step.stage or one is step),
    )  # fmt: skip


def _texts(step: StepDefinition) -> list[tuple[str, str]]:
    """What stands below a step's name: who does it, what undoes it, on which condition; and that it is the pivot."""
    time = {"time": times.duration(step.wait)} if step.wait else {"time": times.NOTHING}
    match step.kind:
        case StepKind.APPROVAL:
            texts = [("dim", _("a person decides, in %(time)s") % time)]
        case StepKind.WAIT:
            texts = [("dim", _("timer, %(time)s") % time)]
        case StepKind.SAGA:
            texts = [("dim", _("sub-saga %(name)s") % {"name": step.saga}), ("dim back", _("↩ undone as one"))]
        case StepKind.CALL:
            undo = ("dim back", f"↩ {step.compensation}") if step.compensation else ("dim", _("nothing to undo"))
            texts = [("dim", f"{step.participant} {step.action}"), undo]
    if step.when:
        texts.append(("dim when", _short(f"? {step.when}", NARROW)))
    return [*texts, ("pivot", _("no way back from here"))] if step.pivot else texts


def _wire(one: Box, other: Box, row_top: int) -> Wire:
    """`row_top`: where the row of `other` begins."""
    if other.x > one.x:
        x1, y1 = one.x + BOX_WIDTH, one.y + FORWARD_AT
        x2, y2 = other.x, other.y + FORWARD_AT
        middle = (x1 + x2) // 2
        return Wire(f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2 - 6} {y2}", f"M{x2 - 8} {y2 - 4}l8 4l-8 4z")
    # To the next row: out at the right, back between the rows, down at the left edge and in. It crosses no box.
    x1, y1, edge = one.x + BOX_WIDTH, one.y + FORWARD_AT, one.x + BOX_WIDTH + MARGIN
    x2, y2 = other.x, other.y + FORWARD_AT
    between, left = row_top - GAP_Y, MARGIN // 2 + 2
    return Wire(f"M{x1} {y1}H{edge - 6}Q{edge} {y1} {edge} {y1 + 6}V{between - 6}Q{edge} {between} {edge - 6} {between}"
                f"H{left + 6}Q{left} {between} {left} {between + 6}V{y2 - 6}Q{left} {y2} {left + 6} {y2}H{x2 - 6}",
                f"M{x2 - 8} {y2 - 4}l8 4l-8 4z")  # fmt: skip


def _wire_back(one: Box, other: Box) -> Wire:
    """From the left side of `other`, where its undo is written, to the right side of `one`."""
    x1, y1 = other.x, other.y + BACK_AT
    x2, y2 = one.x + BOX_WIDTH, one.y + BACK_AT
    middle = (x1 + x2) // 2
    return Wire(f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2 + 6} {y2}", f"M{x2 + 8} {y2 - 4}l-8 4l8 4z")


def _short(text: str, letters: int = LETTERS) -> str:
    return text if len(text) <= letters else f"{text[: letters - 1]}…"
