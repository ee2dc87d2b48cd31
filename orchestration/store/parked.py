"""Sagas that wait: on a participant, for a place among those in flight, for a lock."""

from orchestration.core.parking import LOCK
from orchestration.store.read import ASIDE, in_turn
from orchestration.store.rows import SAGA_COLUMNS

# Undo before do, begun before new, and in each of these the definitions by turns, oldest first. Parameters: queue,
# room.
CLAIM_PARKED = f"""
WITH undo AS (
    {in_turn("saga.parked_on = %(queue)s AND saga.status = 'compensating'", "%(room)s")}
), forward AS (
    {in_turn("saga.parked_on = %(queue)s AND saga.status = 'running'", "%(room)s - (SELECT count(*) FROM undo)")}
), fresh AS (
    {
    in_turn(
        "saga.parked_on = %(queue)s AND saga.status = 'pending'",
        "%(room)s - (SELECT count(*) FROM undo) - (SELECT count(*) FROM forward)",
    )
}
)
SELECT {SAGA_COLUMNS}, {ASIDE}
FROM (SELECT 1 AS rank, id FROM undo UNION ALL SELECT 2, id FROM forward UNION ALL SELECT 3, id FROM fresh) claimed
JOIN orchestration_saga s USING (id) JOIN orchestration_sagadata d ON d.saga_id = s.id
ORDER BY claimed.rank, s.due_at
"""  # noqa: S608  only this package's constants are put in

# For a probe: whoever has waited longest, so that each probe is made for another saga.
CLAIM_LONGEST_PARKED = f"""
SELECT {SAGA_COLUMNS}, {ASIDE} FROM orchestration_saga s JOIN orchestration_sagadata d ON d.saga_id = s.id
WHERE s.parked_on = %(queue)s AND s.due_at <= statement_timestamp()
ORDER BY s.due_at LIMIT %(room)s FOR NO KEY UPDATE OF s SKIP LOCKED
"""  # noqa: S608

# Which queues have somebody in them.
QUEUES = """
SELECT queue FROM (
    SELECT 'participant:' || name FROM orchestration_participant
    UNION SELECT 'concurrency:' || name FROM orchestration_sagadefinition) AS known (queue)
WHERE EXISTS (SELECT FROM orchestration_saga WHERE parked_on = queue AND due_at <= clock_timestamp())
"""

# Whoever decides who begins holds the gate until the end of the transaction. Two that want it at once: one gets it, the
# other lets its sagas wait. A statement of its own: the next one must see what the last holder has committed.
GATES = """
SELECT name FROM unnest(%s::text[]) AS wanted (name)
WHERE pg_try_advisory_xact_lock(hashtextextended('sagaconsole:' || name, 0))
"""

# Sagas in flight: begun, and not waiting for a place. Parameters: names of definitions.
IN_FLIGHT = """
SELECT definition_name, count(*) FROM orchestration_saga
WHERE limited AND status IN ('running', 'compensating') AND definition_name = ANY(%s)
    AND parked_on IS DISTINCT FROM 'concurrency:' || definition_name
GROUP BY definition_name
"""

# Of these sagas those that may begin: nobody of the same key is begun and not ended, nobody waits who was launched
# before.
UNLOCKED = """
SELECT saga.id FROM orchestration_saga saga
WHERE saga.id = ANY(%s) AND NOT EXISTS (
    SELECT FROM orchestration_saga other
    WHERE other.definition_name = saga.definition_name AND other.lock_key = saga.lock_key AND other.id <> saga.id
        AND other.status IN ('pending', 'running', 'compensating', 'stuck')
        AND (other.status <> 'pending' OR (other.created_at, other.id) < (saga.created_at, saga.id)))
"""

# A holder has ended: the next in line is due. Parameters: names of definitions, keys.
NEXT_IN_LINE = f"""
UPDATE orchestration_saga saga SET parked_on = NULL, due_at = clock_timestamp()
FROM unnest(%s::text[], %s::text[]) AS free (definition_name, lock_key)
WHERE saga.id = (
    SELECT id FROM orchestration_saga waiting
    WHERE waiting.definition_name = free.definition_name AND waiting.lock_key = free.lock_key
        AND waiting.status IN ('pending', 'running', 'compensating', 'stuck')
    ORDER BY created_at, id LIMIT 1)
    AND saga.status = 'pending' AND saga.parked_on LIKE '{LOCK}%%' AND saga.due_at IS NOT NULL
"""  # noqa: S608

# The same for every lock that nobody holds: for releases that were missed. In id order, like every write of many sagas.
HEAL_LOCKS = f"""
WITH first AS MATERIALIZED (
    SELECT (array_agg(id ORDER BY created_at, id))[1] AS id FROM orchestration_saga
    WHERE lock_key IS NOT NULL AND status IN ('pending', 'running', 'compensating', 'stuck')
    GROUP BY definition_name, lock_key HAVING bool_and(status = 'pending')
), free AS MATERIALIZED (
    SELECT saga.id FROM orchestration_saga saga
    WHERE saga.id IN (SELECT id FROM first) AND saga.parked_on LIKE '{LOCK}%%'
    ORDER BY saga.id FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE orchestration_saga saga SET parked_on = NULL, due_at = clock_timestamp() FROM free WHERE saga.id = free.id
"""  # noqa: S608
