"""All stories, one after the other; what one rule shows twice counts by its worst."""

from collections.abc import AsyncIterator

from orchestration.conformance.findings import PROMISES, Finding, Verdict
from orchestration.conformance.rules import STORIES, CannotStart, there_and_back
from orchestration.conformance.subject import Subject

_BY_WEIGHT = (Verdict.BROKEN, Verdict.KEPT, Verdict.SKIPPED)


class Stopped(Exception):
    """The participant does not even do the action: nothing could be shown."""


async def check(subject: Subject) -> list[Finding]:
    """What the participant keeps and breaks, in the order of PROMISES. Raises Stopped."""
    found: list[Finding] = []
    try:
        found += [finding async for finding in _all(subject)]
    except CannotStart as error:
        raise Stopped(f"the action {error}") from error
    return [_worst([one for one in found if one.rule == rule]) for rule in PROMISES]


async def _all(subject: Subject) -> AsyncIterator[Finding]:
    async for finding in there_and_back(subject):
        yield finding
    for story in STORIES:
        async for finding in story(subject):
            yield finding


def _worst(findings: list[Finding]) -> Finding:
    return min(findings, key=lambda finding: _BY_WEIGHT.index(finding.verdict))
