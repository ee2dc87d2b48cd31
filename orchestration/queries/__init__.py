"""The read side of pages and API: lists, filters, journal, counts. Nothing here writes."""

from orchestration.queries.bulks import BulkNow, bulk_now, items_of, started_bulks
from orchestration.queries.filters import SagaFilter, WrongFilter, filter_sagas
from orchestration.queries.journal import AttemptView, EventView, StepMove, attempts_of, events_of, moves_of
from orchestration.queries.monitoring import Kept, Now, Taking, due_now, kept_figures, standing_now
from orchestration.queries.paging import DEFAULT_LIMIT, MAX_LIMIT, Page, WrongCursor, after, cursor_at, page
from orchestration.queries.participants import Standing, held_up, standings
from orchestration.queries.sagas import (
    CappedCount,
    capped_count,
    outputs_of,
    parent_steps,
    saga_for_page,
    status_counts,
    step_attempts,
    step_direction,
    sub_sagas_of,
    waiting_until,
)
from orchestration.queries.search_window import search
from orchestration.queries.standing import open_effects, state_of

__all__ = [
    "DEFAULT_LIMIT", "MAX_LIMIT", "AttemptView", "BulkNow", "CappedCount", "EventView", "Kept", "Now", "Page",
    "SagaFilter", "Standing", "StepMove", "Taking", "WrongCursor", "WrongFilter", "after", "attempts_of", "bulk_now",
    "capped_count", "cursor_at", "due_now", "events_of", "filter_sagas", "held_up", "items_of", "kept_figures",
    "moves_of", "open_effects", "outputs_of", "page", "parent_steps", "saga_for_page", "search", "standing_now",
    "standings", "started_bulks", "state_of", "status_counts", "step_attempts", "step_direction", "sub_sagas_of",
    "waiting_until",
]  # fmt: skip
