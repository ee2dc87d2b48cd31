"""Reading sagas for whoever will decide on them, their rows locked against everyone else who writes."""

from orchestration.store.rows import SAGA_COLUMNS, STEP_COLUMNS

# Each read says which configuration is in force, so that no call is made on an old one, and what time it is: what was
# due by the database's clock must be due by the drain's too.
ASIDE = "(SELECT value FROM orchestration_enginestate WHERE name = 'configuration'), statement_timestamp()"

NAMES = "(SELECT DISTINCT name FROM orchestration_sagadefinition)"


def in_turn(condition: str, room: str) -> str:
    """SQL for the ids of due sagas that meet `condition`, locked: of each definition the oldest, the definitions by
    turns.

    `room`: how many at most; where it is for fewer than there are definitions, chance decides. A row that another drain
    is claiming is passed over.
    """
    return f"""SELECT id FROM {NAMES} AS definition CROSS JOIN LATERAL (
        SELECT id, row_number() OVER () AS turn FROM (
            SELECT saga.id FROM orchestration_saga saga
            WHERE {condition} AND saga.definition_name = definition.name AND saga.due_at <= statement_timestamp()
            ORDER BY saga.due_at LIMIT greatest(0, {room}) FOR NO KEY UPDATE SKIP LOCKED) oldest) one
    ORDER BY turn, random() LIMIT greatest(0, {room})"""  # noqa: S608  only this package's constants are put in


# Undo before do, begun before new, oldest first; of the new ones the definitions by turns, so that a hundred thousand
# launches of one keep no other waiting. A row that another drain is claiming is passed over. The low-water marks keep
# the scans off the dead index entries of sagas claimed before. Parameters: room, share, undo_from, forward_from, and
# for definitions that are known where their new ones begin and how many there may be: names, new_from, shares.
CLAIM = f"""
WITH undo AS (
    SELECT id FROM orchestration_saga
    WHERE parked_on IS NULL AND status = 'compensating' AND due_at <= statement_timestamp() AND due_at >= %(undo_from)s
    ORDER BY due_at LIMIT %(room)s FOR NO KEY UPDATE SKIP LOCKED
), forward AS (
    SELECT id FROM orchestration_saga
    WHERE parked_on IS NULL AND status = 'running' AND due_at <= statement_timestamp() AND due_at >= %(forward_from)s
    ORDER BY due_at LIMIT greatest(0, %(room)s - (SELECT count(*) FROM undo)) FOR NO KEY UPDATE SKIP LOCKED
), begun AS (
    SELECT id FROM undo UNION ALL SELECT id FROM forward
), fresh AS (
    SELECT id FROM (
        SELECT known.name, coalesce(mark.begins, '-infinity') AS begins, coalesce(mark.share, %(share)s) AS share
        FROM {NAMES} AS known LEFT JOIN unnest(%(names)s::text[], %(new_from)s::timestamptz[], %(shares)s::int[])
            AS mark (name, begins, share) USING (name)
    ) AS definition CROSS JOIN LATERAL (
        SELECT id, row_number() OVER () AS turn FROM (
            SELECT saga.id FROM orchestration_saga saga
            WHERE saga.parked_on IS NULL AND saga.status = 'pending' AND saga.definition_name = definition.name
                AND saga.due_at <= statement_timestamp() AND saga.due_at >= definition.begins
            ORDER BY saga.due_at LIMIT greatest(0, least(definition.share, %(room)s - (SELECT count(*) FROM begun)))
            FOR NO KEY UPDATE SKIP LOCKED) oldest) one
    ORDER BY turn, random() LIMIT greatest(0, %(room)s - (SELECT count(*) FROM begun))
)
SELECT {SAGA_COLUMNS}, {ASIDE}, s.definition_name
FROM (SELECT id FROM begun UNION ALL SELECT id FROM fresh) claimed
JOIN orchestration_saga s USING (id) JOIN orchestration_sagadata d ON d.saga_id = s.id
"""  # noqa: S608  only this module's constants are put in

# Steps that lost their worker are called apart from all others. Parameters: what they are parked on, room.
CLAIM_APART = f"""
SELECT {SAGA_COLUMNS}, {ASIDE} FROM orchestration_saga s JOIN orchestration_sagadata d ON d.saga_id = s.id
WHERE s.parked_on = %s AND s.due_at <= statement_timestamp()
ORDER BY s.due_at LIMIT %s FOR NO KEY UPDATE OF s SKIP LOCKED
"""  # noqa: S608

LOAD = f"""
SELECT {SAGA_COLUMNS}, {ASIDE} FROM orchestration_saga s JOIN orchestration_sagadata d ON d.saga_id = s.id
WHERE s.id = ANY(%s) ORDER BY s.id FOR NO KEY UPDATE OF s
"""  # noqa: S608

STEPS = f"SELECT {STEP_COLUMNS} FROM orchestration_step WHERE saga_id = ANY(%s)"  # noqa: S608

OUTPUTS = """
SELECT saga_id, position, answer::text FROM orchestration_attempt
WHERE saga_id = ANY(%s) AND direction = 'action' AND outcome = 'succeeded'
UNION ALL
SELECT saga_id, position, output::text FROM orchestration_step WHERE saga_id = ANY(%s) AND output IS NOT NULL
"""

# Sagas that cannot be read: nobody is to claim them again. Steps and input stay as they are. Parameters: code, reason,
# saga ids, reason.
SET_ASIDE = """
WITH aside AS (
    UPDATE orchestration_saga SET status = 'stuck', stuck_code = %s, stuck_reason = %s, due_at = NULL, drain_id = NULL,
        parked_on = NULL, revision = revision + 1, journal_length = journal_length + 1
    WHERE id = ANY(%s) AND status IN ('pending', 'running', 'compensating')
    RETURNING id, journal_length, status, epoch
)
INSERT INTO orchestration_event (saga_id, seq, at, kind, status, epoch, actor, moves, reason)
SELECT id, journal_length, clock_timestamp(), 'cannot_go_on', status, epoch, '', '', %s FROM aside
"""
