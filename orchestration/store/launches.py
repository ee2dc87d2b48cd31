"""Launch is one statement: key, saga, input, steps and the first line of the journal."""

# The definition that a new saga is launched on. Parameters: name, and version, or NULL for the newest.
NEWEST = """
SELECT id FROM orchestration_sagadefinition
WHERE name = %(name)s AND retired_at IS NULL AND (%(version)s::int IS NULL OR version = %(version)s::int)
ORDER BY version DESC LIMIT 1
"""

# With an idempotency key that is already there nothing is written and no row comes back; while another launch with
# that key is still in its transaction the statement waits for it. Without a key (NULL) the row is always written.
LAUNCH = """
WITH key AS (
    INSERT INTO orchestration_launchkey (definition_name, key, fingerprint, saga_id)
    SELECT %(definition_name)s::text, %(key)s::text, %(fingerprint)s, %(id)s WHERE %(key)s::text IS NOT NULL
    ON CONFLICT DO NOTHING RETURNING saga_id
), saga AS (
    INSERT INTO orchestration_saga (
        id, definition_id, definition_name, status, paused, due_at, epoch, outside_writes, revision, journal_length,
        business_key, trigger, launched_by, stuck_code, stuck_reason, overdue, lock_key, limited, created_at,
        deadline_at, parent_id, parent_position, depth)
    SELECT %(id)s, %(definition_id)s, %(definition_name)s::text, 'pending', false, clock_timestamp(), 0, 0, 0, 1,
        %(business_key)s, %(trigger)s, %(launched_by)s::text, '', '', false, %(lock_key)s, %(limited)s,
        clock_timestamp(),
        clock_timestamp() + %(deadline)s, %(parent_id)s::uuid, %(parent_position)s::smallint, %(depth)s
    WHERE %(key)s::text IS NULL OR EXISTS (SELECT FROM key)
    RETURNING id, created_at
), data AS (
    INSERT INTO orchestration_sagadata (saga_id, input) SELECT id, %(input)s::jsonb FROM saga
), steps AS (
    INSERT INTO orchestration_step (
        saga_id, position, stage, name, status, due_at, in_doubt, sent, refused_only, effect_stands, never_undoable,
        tries, losses, stale_answers, action_attempts, compensation_attempts, done)
    SELECT saga.id, plan.position - 1, plan.stage, plan.name,
        CASE WHEN plan.stage = 0 THEN 'due' ELSE 'pending' END,
        CASE WHEN plan.stage = 0 THEN saga.created_at END,
        false, false, true, false, false, 0, 0, 0, 0, 0, false
    FROM saga, unnest(%(names)s::text[], %(stages)s::smallint[]) WITH ORDINALITY AS plan(name, stage, position)
), journal AS (
    INSERT INTO orchestration_event (saga_id, seq, at, kind, status, epoch, actor, moves, reason)
    SELECT id, 1, created_at, 'launched', 'pending', 0, %(launched_by)s::text, %(moves)s, '' FROM saga
)
SELECT id FROM saga
"""
