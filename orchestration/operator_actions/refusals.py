"""Why an act is not done, apart from a lacking right: the request is wrong, or the saga has moved on."""

from typing import Self
from uuid import UUID

from orchestration.models import Event, Saga

NOTE = "note"
LAUNCHED = "launched"


class WrongAct(ValueError):
    """The request itself is wrong, whatever the saga's state; `field` names the part."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(message)


class Conflict(Exception):
    """The act does not fit the saga as it stands now; nothing was changed.

    `changed_by` did `last_act` to it, the last that anybody did; both are empty when the engine alone moved it.
    """

    def __init__(self, message: str, saga: Saga, changed_by: str, last_act: str = "") -> None:
        self.message = message
        self.saga = saga
        self.changed_by = changed_by
        self.last_act = last_act
        super().__init__(message)

    @classmethod
    def on(cls, saga_id: UUID, message: str) -> Self:
        """The conflict with the saga as it stands now."""
        last = last_act_on(saga_id)
        saga = Saga.objects.get(pk=saga_id)
        return cls(message, saga, last.actor, last.kind) if last is not None else cls(message, saga, "")


def last_act_on(saga_id: UUID) -> Event | None:
    """The last thing that a person did to the saga; to launch it or to write a note is none."""
    journal = Event.objects.filter(saga_id=saga_id).exclude(actor="").exclude(kind__in=(NOTE, LAUNCHED))
    return journal.order_by("-seq").first()
