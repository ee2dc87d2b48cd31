"""Reading sagas for whoever will decide on them, their rows locked against everyone else who writes."""

from orchestration.store.rows import SAGA_COLUMNS, STEP_COLUMNS

# Each read says which configuration is in force, so that no call is made on an old one, and what time it is: what was
# due by the database's clock must be due by the drain's too.
ASIDE = "(SELECT value FROM orchestration_enginestate WHERE name = 'configuration'), statement_timestamp()"

# Undo before do, begun before new, oldest first; a row that another drain is claiming is passed over. The low-water
# marks keep the scan off the dead index entries of sagas claimed before. Parameters: room, begun_from, new_from.
CLAIM = f"""
WITH begun AS (
    SELECT id FROM orchestration_saga
    WHERE parked_on IS NULL AND status <> 'pending' AND due_at <= statement_timestamp() AND due_at >= %(begun_from)s
    ORDER BY due_at LIMIT %(room)s FOR NO KEY UPDATE SKIP LOCKED
), fresh AS (
    SELECT id FROM orchestration_saga
    WHERE parked_on IS NULL AND status = 'pending' AND due_at <= statement_timestamp() AND due_at >= %(new_from)s
    ORDER BY due_at LIMIT greatest(0, %(room)s - (SELECT count(*) FROM begun)) FOR NO KEY UPDATE SKIP LOCKED
)
SELECT {SAGA_COLUMNS}, {ASIDE}
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
