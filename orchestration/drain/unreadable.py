"""A saga whose rows cannot be read would end every drain that claims it. It alone becomes stuck."""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from orchestration.about import about
from orchestration.core.saga_state import Stuck
from orchestration.store import read

if TYPE_CHECKING:
    from orchestration.drain.loop import Drain

logger = logging.getLogger(__name__)
REASON = "what is stored of it cannot be read; see the worker's log"


async def set_aside(drain: "Drain", unreadable: Mapping[UUID, Exception]) -> None:
    """Part of the transaction that holds the sagas' rows. Their steps stay as they are."""
    for saga_id, error in unreadable.items():
        logger.error("saga %s cannot be read", saga_id, exc_info=error, extra=about(saga_id))
    if unreadable:
        await drain.connection.execute(read.SET_ASIDE, [Stuck.CANNOT_GO_ON, REASON, list(unreadable), REASON])
