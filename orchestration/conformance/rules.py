"""The stories that are played, and what each shows. The order inside a story is part of it."""

import asyncio
from collections.abc import AsyncIterator

from orchestration.conformance.findings import Finding, kept_if, skipped
from orchestration.conformance.subject import Story, Subject, done, is_outcome, refused, shown
from orchestration.core.states import Direction
from orchestration.participants.messages import Answer, Outcome

COPIES = 8
ACTION, UNDO = Direction.ACTION, Direction.COMPENSATION
NO_LEDGER = "no ledger is known (GET /ledger?saga_id=, over HTTP or at --ledger)"
NO_STATUS = "it has no status endpoint"
NO_EXAMPLE = "no input was given that it refuses (--refused-input)"
_MAY_WAIT = (Outcome.SUCCEEDED, Outcome.ACCEPTED, Outcome.TRY_LATER, Outcome.IN_PROGRESS)


class CannotStart(Exception):
    """The action does not work at all, so nothing can be shown with it."""


async def there_and_back(subject: Subject) -> AsyncIterator[Finding]:
    """The action with all its repetitions, then the undo with all of its own."""
    story = subject.new()
    first = await story.do()
    yield kept_if("action", done(first), shown(first))
    if not done(first):
        raise CannotStart(shown(first) + ("; give an --input that it accepts" if refused(first) else ""))
    story.output = first.output
    again = await story.do(attempt=2)
    yield kept_if("repeat", _same(first, again), _instead(first, again))
    newer = await story.do(attempt=3, epoch=3)
    older = await story.do(attempt=4, epoch=2)
    good = done(newer) and is_outcome(older, Outcome.STALE_EPOCH)
    yield kept_if("epoch", good, f"after epoch 3, epoch 2 {shown(older)}")
    async for finding in _status_done(story, first):
        yield finding
    yield await _entries("ledger-once", story, ACTION, 1)
    async for finding in _back(story):
        yield finding


async def _back(story: Story) -> AsyncIterator[Finding]:
    first = await story.undo(epoch=3)
    yield kept_if("undo", done(first), shown(first))
    again = await story.undo(attempt=2, epoch=5)
    yield kept_if("undo-repeat", _same(first, again), _instead(first, again))
    older = await story.undo(attempt=3, epoch=4)
    yield kept_if("epoch-undo", is_outcome(older, Outcome.STALE_EPOCH), f"after epoch 5, epoch 4 {shown(older)}")
    yield await _entries("ledger-undone", story, UNDO, 1)
    if not story.subject.has_status:
        yield skipped("status-undone", NO_STATUS)
        return
    action, undo = await story.status(ACTION), await story.status(UNDO)
    good = is_outcome(action, Outcome.UNDONE) and done(undo)
    yield kept_if("status-undone", good, f"of the action it {shown(action)}; of the undo it {shown(undo)}")


async def _status_done(story: Story, first: Answer) -> AsyncIterator[Finding]:
    if not story.subject.has_status:
        yield skipped("status-done", NO_STATUS)
        yield skipped("status-absent", NO_STATUS)
        return
    told = await story.status(ACTION)
    yield kept_if("status-done", told is not None and _same(first, told), shown(told))
    unknown = await story.subject.new().status(ACTION)
    yield kept_if("status-absent", is_outcome(unknown, Outcome.ABSENT), f"of a key never seen it {shown(unknown)}")


async def undo_first(subject: Subject) -> AsyncIterator[Finding]:
    """The undo overtakes its action."""
    story = subject.new()
    first = await story.undo()
    yield kept_if("empty-undo", done(first), shown(first))
    again = await story.undo(attempt=2)
    yield kept_if("empty-undo-repeat", done(again), shown(again))
    if subject.has_status:
        told = await story.status(ACTION)
        yield kept_if("status-empty", is_outcome(told, Outcome.UNDONE), f"of the action it {shown(told)}")
    else:
        yield skipped("status-empty", NO_STATUS)
    late = await story.do()
    yield kept_if("late-action", refused(late), shown(late))
    if done(late):
        await story.undo(attempt=3)
    yield await _nothing_in_ledger(story, "an undo without its action, and the action after it")


async def many_at_once(subject: Subject) -> AsyncIterator[Finding]:
    """The same action, redelivered without mercy; then the undo, by somebody who has lost the answer."""
    story = subject.new()
    answers = await asyncio.gather(*(story.once() for _copy in range(COPIES)))
    last = await story.do(attempt=2)
    odd = [one for one in answers if one.outcome not in _MAY_WAIT or (done(one) and not _same(last, one))]
    entries = await story.entries(ACTION) if subject.ledger else 1
    seen = f"the ledger has {entries} entries" if entries != 1 else f"one copy {shown(odd[0])}" if odd else shown(last)
    yield kept_if("twins", done(last) and not odd and entries == 1, seen)
    blind = await story.undo()
    yield kept_if("undo-blind", done(blind), shown(blind))


async def both_at_once(subject: Subject) -> AsyncIterator[Finding]:
    """Action and undo cross on the wire: whichever comes first, nothing stands in the end."""
    story = subject.new()
    did, undone = await asyncio.gather(story.once(), story.once(direction=UNDO))
    last = await story.undo(attempt=2)
    late = await story.do(attempt=2)
    good = done(last) and (refused(late) or (done(did) and _same(did, late)))
    yield kept_if("race", good, f"the undo {shown(undone)}, then {shown(last)}; the action again {shown(late)}")
    if subject.ledger is None:
        yield skipped("ledger-race", NO_LEDGER)
        return
    actions, undos = await story.entries(ACTION), await story.entries(UNDO)
    yield kept_if("ledger-race", actions == undos <= 1, f"{actions} of the action, {undos} of the undo")


async def a_clear_no(subject: Subject) -> AsyncIterator[Finding]:
    """A refusal has done nothing and stands in nobody's way."""
    story, wrong = subject.new(), subject.asked.refused_input
    if wrong is None:
        for rule in ("refusal", "status-refused", "refusal-undo", "refusal-forgotten"):
            yield skipped(rule, NO_EXAMPLE)
        return
    no = await story.do(instead=wrong)
    yield kept_if("refusal", refused(no), shown(no))
    if subject.has_status:
        told = await story.status(ACTION)
        yield kept_if("status-refused", refused(told), shown(told))
    else:
        yield skipped("status-refused", NO_STATUS)
    yield await _nothing_in_ledger(story, "a refusal")
    undone = await story.undo()
    yield kept_if("refusal-undo", done(undone), shown(undone))
    other = subject.new()
    await other.do(instead=wrong)
    then = await other.do(attempt=2)
    yield kept_if("refusal-forgotten", done(then), shown(then))
    await other.undo()


async def a_stranger(subject: Subject) -> AsyncIterator[Finding]:
    """Somebody who does not have the secret."""
    story = subject.new()
    answer = await story.as_stranger()
    if answer is None:
        yield skipped("signature", "it has no secret")
        return
    yield kept_if("signature", refused(answer), shown(answer))
    if done(answer):
        await story.undo()


STORIES = (undo_first, many_at_once, both_at_once, a_clear_no, a_stranger)


async def _entries(rule: str, story: Story, direction: Direction, wanted: int) -> Finding:
    if story.subject.ledger is None:
        return skipped(rule, NO_LEDGER)
    found = await story.entries(direction)
    return kept_if(rule, found == wanted, f"it has {found}")


async def _nothing_in_ledger(story: Story, what: str) -> Finding:
    if story.subject.ledger is None:
        return skipped("ledger-nothing", NO_LEDGER)
    found = await story.entries(ACTION) + await story.entries(UNDO)
    return kept_if("ledger-nothing", found == 0, f"{what} left {found}")


def _same(first: Answer, again: Answer) -> bool:
    return done(first) and done(again) and first.output == again.output


def _instead(first: Answer, again: Answer) -> str:
    return shown(again) + (f", first {shown(first)}" if done(again) else "")
