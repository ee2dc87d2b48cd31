"""The one statement that writes what has happened to sagas, for the drain (many at once) and for operators (one)."""

import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from orchestration.core.saga_state import StepState
from orchestration.store.arrays import literal
from orchestration.store.rows import AttemptRow, SagaChange

_ATTEMPTS = """INSERT INTO orchestration_attempt (
        saga_id, position, direction, number, epoch, started_at, finished_at, outcome, request, answer, error, fault)
    SELECT ended.saga_id, position, direction, number, ended.epoch, ended.started_at, ended.finished_at, outcome,
        request::jsonb, answer::jsonb, error::jsonb, fault
    FROM unnest(
        %s::uuid[], %s::smallint[], %s::text[], %s::int[], %s::bigint[], %s::timestamptz[], %s::timestamptz[],
        %s::text[], %s::text[], %s::text[], %s::text[], %s::text[]
    ) AS ended(
        saga_id, position, direction, number, epoch, started_at, finished_at, outcome, request, answer, error, fault)"""

# Sagas are locked in id order, so two writers never wait for each other in a circle. A saga whose epoch or
# outside_writes has moved on since it was read is left untouched, with its steps, attempts and journal.
# What webhooks are told is written here too; where there are none, nothing is looked at (the filter is tested once).
# An end is announced in the same transaction to whoever listens; while nobody does, no row is written.
# All locks are taken before the first update because the count of the locked is a filter that is tested once. A join
# with them would be a nested loop, which for batches of 600 is most of the time: the planner expects ten rows.
RECORD = f"""
WITH change AS (
    SELECT * FROM unnest(
        %s::uuid[], %s::bigint[], %s::int[], %s::text[], %s::bool[], %s::text[], %s::text[], %s::bigint[], %s::int[],
        %s::int[], %s::uuid[], %s::timestamptz[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::text[],
        %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::bool[], %s::bool[]
    ) AS change(
        id, seen_epoch, seen_outside_writes, status, paused, stuck_code, stuck_reason, epoch, outside_writes,
        revision, drain_id, due_at, parked_on, started_at, finished_at, kind, at, moves, actor, reason, overdue, news)
), locked AS MATERIALIZED (
    SELECT saga.id FROM orchestration_saga saga JOIN change USING (id) ORDER BY saga.id FOR NO KEY UPDATE OF saga
), landed AS (
    UPDATE orchestration_saga saga SET
        status = change.status, paused = change.paused, stuck_code = change.stuck_code,
        stuck_reason = change.stuck_reason, epoch = change.epoch, outside_writes = change.outside_writes,
        revision = change.revision, drain_id = change.drain_id, due_at = change.due_at, parked_on = change.parked_on,
        started_at = change.started_at, finished_at = change.finished_at, journal_length = saga.journal_length + 1,
        overdue = change.overdue
    FROM change
    WHERE (SELECT count(*) FROM locked) > 0 AND saga.id = change.id AND saga.epoch = change.seen_epoch
        AND saga.outside_writes = change.seen_outside_writes
    RETURNING saga.id, saga.journal_length
), steps AS (
    UPDATE orchestration_step step SET
        status = new.status, in_doubt = new.in_doubt, sent = new.sent, refused_only = new.refused_only,
        effect_stands = new.effect_stands, never_undoable = new.never_undoable, tries = new.tries,
        losses = new.losses, stale_answers = new.stale_answers, action_attempts = new.action_attempts,
        compensation_attempts = new.compensation_attempts, due_at = new.due_at,
        attempt_started_at = new.attempt_started_at, started_at = new.started_at, finished_at = new.finished_at,
        done = new.done, answer_by = new.answer_by,
        error = CASE WHEN new.error IS NULL THEN step.error ELSE nullif(new.error::jsonb, 'null'::jsonb) END
    FROM unnest(
        %s::uuid[], %s::smallint[], %s::text[], %s::bool[], %s::bool[], %s::bool[], %s::bool[], %s::bool[], %s::int[],
        %s::smallint[], %s::smallint[], %s::int[], %s::int[], %s::timestamptz[], %s::timestamptz[],
        %s::timestamptz[], %s::timestamptz[], %s::bool[], %s::timestamptz[], %s::text[]
    ) AS new(
        saga_id, position, status, in_doubt, sent, refused_only, effect_stands, never_undoable, tries, losses,
        stale_answers, action_attempts, compensation_attempts, due_at, attempt_started_at, started_at, finished_at,
        done, answer_by, error)
    JOIN landed ON landed.id = new.saga_id
    WHERE step.saga_id = new.saga_id AND step.position = new.position
), attempts AS (
    {_ATTEMPTS}
    JOIN landed ON landed.id = ended.saga_id
), journal AS (
    INSERT INTO orchestration_event (saga_id, seq, at, kind, status, epoch, actor, moves, reason)
    SELECT change.id, landed.journal_length, change.at, change.kind, change.status, change.epoch, change.actor,
        change.moves, change.reason
    FROM change JOIN landed USING (id)
), announced AS (
    INSERT INTO orchestration_announcement (channel, saga_id, seq, status, at)
    SELECT listener.name, change.id, landed.journal_length, change.status, change.at
    FROM change JOIN landed USING (id)
    CROSS JOIN (SELECT name FROM orchestration_enginestate WHERE name = 'announce:amqp') listener
    WHERE change.status IN ('completed', 'compensated', 'abandoned')
), told AS (
    INSERT INTO orchestration_webhookdelivery (saga_id, seq, endpoint_id, event, at, state, due_at, tries)
    SELECT change.id, landed.journal_length, endpoint.id, change.status, change.at, 'pending', change.at, '[]'::jsonb
    FROM change JOIN landed USING (id)
    JOIN orchestration_webhookendpoint endpoint ON endpoint.enabled AND change.status = ANY (endpoint.events)
    WHERE change.news AND (SELECT count(*) FROM orchestration_webhookendpoint WHERE enabled) > 0
)
SELECT coalesce(array_agg(id), '{{}}'), clock_timestamp(),
    (SELECT value FROM orchestration_enginestate WHERE name = 'configuration')
FROM landed
"""  # noqa: S608  only this module's constants are put in
# The same with numbered parameters, for the drains: psycopg takes a text with so many others apart at each execution.
_number = itertools.count(1)
RECORD_NUMBERED = re.sub("%s", lambda _found: f"${next(_number)}", RECORD)
# An answer that came too late is history and nothing else; a try that was recorded before stays as it is.
KEEP_ATTEMPTS = f"""
{_ATTEMPTS} JOIN orchestration_saga saga ON saga.id = ended.saga_id AND saga.epoch = ended.epoch
ON CONFLICT DO NOTHING
"""
_KINDS = re.findall(r"%s::(\w+)\[\]", RECORD)
_SAGA_WIDTH, _STEP_WIDTH = 22, 20
_SAGA_KINDS = _KINDS[:_SAGA_WIDTH]
_STEP_KINDS = _KINDS[_SAGA_WIDTH : _SAGA_WIDTH + _STEP_WIDTH]
_ATTEMPT_KINDS = _KINDS[_SAGA_WIDTH + _STEP_WIDTH :]


@dataclass(frozen=True, slots=True)
class Recorded:
    """Which sagas landed, the database's time, and the version of the configuration."""

    landed: frozenset[UUID]
    now: datetime
    configuration: int


def parameters(changes: Sequence[SagaChange]) -> list[str]:
    """The array literals that RECORD takes, column by column."""
    ordered = sorted(changes, key=lambda change: change.id)
    sagas = [_saga_row(change) for change in ordered]
    steps = [_step_row(change, step) for change in ordered for step in change.steps]
    attempts = [(change.id, one) for change in ordered for one in change.attempts]
    return [
        *_columns(sagas, _SAGA_KINDS),
        *_columns(steps, _STEP_KINDS),
        *attempt_parameters(attempts),
    ]


def attempt_parameters(attempts: Iterable[tuple[UUID, AttemptRow]]) -> list[str]:
    """The array literals that KEEP_ATTEMPTS takes, of (saga id, attempt)."""
    rows = [
        (saga_id, one.position, one.direction, one.number, one.epoch, one.started_at, one.finished_at, one.outcome,
         one.request, one.answer, one.error, one.fault)
        for saga_id, one in attempts
    ]  # fmt: skip
    return list(_columns(rows, _ATTEMPT_KINDS))


def recorded(row: Sequence[Any]) -> Recorded:
    """The statement's one row as a value."""
    return Recorded(frozenset(row[0]), row[1], row[2] or 0)


def _columns(rows: list[tuple[Any, ...]], kinds: Sequence[str]) -> Iterable[str]:
    columns = zip(*rows, strict=True) if rows else [()] * len(kinds)
    return map(literal, kinds, columns)


def _saga_row(change: SagaChange) -> tuple[Any, ...]:
    state = change.state
    return (
        change.id, change.seen_epoch, change.seen_outside_writes, state.status, state.paused, state.stuck_code,
        state.stuck_reason, change.epoch, change.outside_writes, change.revision, change.drain_id, change.due_at,
        change.parked_on, change.started_at, change.finished_at, change.kind, change.at, change.moves, change.actor,
        change.reason, state.overdue, change.news,
    )  # fmt: skip


def _step_row(change: SagaChange, step: StepState) -> tuple[Any, ...]:
    position = step.definition.index
    return (
        change.id, position, step.status, step.in_doubt, step.sent, step.refused_only, step.effect_stands,
        step.never_undoable, step.tries, step.losses, step.stale_answers, step.action_attempts,
        step.compensation_attempts, step.due_at, step.attempt_started_at, step.started_at, step.finished_at, step.done,
        step.answer_by, change.step_errors.get(position),
    )  # fmt: skip
