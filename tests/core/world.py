"""What is really the case in the participants, whatever the orchestrator knows of it; and what it then owes them."""

from dataclasses import dataclass, field
from enum import Enum

from orchestration.core import events
from orchestration.core.events import CallEvent
from orchestration.core.saga_state import StepState
from orchestration.core.states import StepKind


class Hap(Enum):
    """What a call brought about whose answer nobody got."""

    NOTHING = "nothing"
    EFFECT = "effect"
    ON_ITS_WAY = "on its way"


# Answers that leave open what happened; those of the first line use up no try.
AT_WORK = (events.Accepted, events.InProgress, events.Lost, events.StaleEpoch)
UNCERTAIN = (*AT_WORK, events.InDoubt, events.GivenUp)
RETRIABLE = (events.InDoubt, events.TryLater, events.NotSent)
DOUBTFUL = (events.InProgress, events.Lost, events.StaleEpoch, events.InDoubt, events.GivenUp)
SURE = (events.Succeeded, events.Undone)


@dataclass
class Budget:
    """Tries used up since the last fresh start, and how many there may be."""

    most: int
    used: int = 0


@dataclass
class Participant:
    """The truth about one step. It has the barrier: its action counts once, and not after its undo.

    promised: it has accepted a call and said nothing since. output: what its action answers.
    """

    kind: StepKind
    has_undo: bool
    spares_refused: bool
    is_pivot: bool
    action: Budget
    undo: Budget
    acted: bool = False
    undone: bool = False
    on_its_way: bool = False
    promised: bool = False
    heard_only_noes: bool = True
    left_the_worker: bool = False
    in_doubt: bool = False
    undo_called: bool = False
    skipped: bool = False
    undo_skipped: bool = False
    output: object = None
    journal: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, step: StepState) -> "Participant":
        definition = step.definition
        return cls(
            kind=definition.kind,
            has_undo=definition.compensation is not None,
            spares_refused=not definition.compensate_when_refused,
            is_pivot=definition.pivot,
            action=Budget(definition.retry.max_attempts),
            undo=Budget(definition.compensation_retry.max_attempts),
        )

    @property
    def owed_an_undo(self) -> bool:
        """Whether going back must call the undo: the architecture page's rule, in its own words."""
        spared = not self.left_the_worker or (self.heard_only_noes and self.spares_refused)
        return self.has_undo and not spared and not self.skipped

    @property
    def stands(self) -> bool:
        """Its effect is there, or may still come."""
        return not self.undone and (self.acted or self.on_its_way)

    def arrives(self) -> None:
        """A call that was on its way gets there; after the undo it is refused as a late action."""
        self.on_its_way = False
        self.acted = self.acted or not self.undone

    def action_ends(self, event: CallEvent, hap: Hap) -> None:
        self._keep_books(self.action, event)
        unsent = isinstance(event, events.NotSent) or (isinstance(event, events.Refused) and not event.sent)
        self.left_the_worker |= not unsent
        self.heard_only_noes &= unsent or isinstance(event, events.Refused)
        if isinstance(event, events.Succeeded):
            self.output = event.output
            self.undone = False  # past the pivot a retry may find done what somebody else had undone
        if isinstance(event, events.Succeeded) or (isinstance(event, UNCERTAIN) and hap is Hap.EFFECT):
            self.arrives()
        elif isinstance(event, events.Undone):
            self.undone = True
        elif isinstance(event, UNCERTAIN) and hap is Hap.ON_ITS_WAY:
            self.on_its_way = True

    def undo_ends(self, event: CallEvent, hap: Hap) -> None:
        self._keep_books(self.undo, event)
        self.undone |= isinstance(event, SURE) or (isinstance(event, UNCERTAIN) and hap is Hap.EFFECT)

    def begins_anew(self) -> None:
        """Another sub-saga in the place of one of which nothing is left."""
        self.left_the_worker, self.heard_only_noes = False, True

    def breaks_its_promise(self) -> None:
        """Nobody waits for the promised answer any longer, and it has not come."""
        if self.promised:
            self.promised, self.in_doubt = False, True

    def _keep_books(self, budget: Budget, event: CallEvent) -> None:
        self.journal.append(type(event).__name__)
        budget.used -= isinstance(event, AT_WORK)
        for_ever = isinstance(event, events.Refused) and event.for_ever and budget is self.undo
        if for_ever or isinstance(event, SURE):
            self.in_doubt = False  # "it can never be undone" is as sure as "done"
        self.in_doubt |= isinstance(event, DOUBTFUL) and not (self.promised and isinstance(event, events.InProgress))
        if isinstance(event, (*SURE, events.GivenUp)) or (isinstance(event, events.Refused) and event.sent):
            self.promised = False
        elif isinstance(event, (*RETRIABLE, events.Refused)):
            self.breaks_its_promise()
        self.promised |= isinstance(event, events.Accepted)
