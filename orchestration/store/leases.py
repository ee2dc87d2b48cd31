"""Leases: one row per drain. Whoever lets its row lapse has lost its sagas."""

LEASE_SECONDS = 8.0
BEAT_SECONDS = 2.0
# A drain that has missed two heartbeats and is not connected is dead, unless the server itself has only just come back.
MISSED_TWO_SECONDS = LEASE_SECONDS - 2.25 * BEAT_SECONDS
CONNECTED_AS = "sagaconsole lease "  # and the drain's id

BEGIN_DRAIN = """
INSERT INTO orchestration_drain (id, until, host, pid, in_flight)
VALUES (%s, clock_timestamp() + make_interval(secs => %s), %s, %s, 0)
RETURNING clock_timestamp()
"""

# Does nothing when the row is gone or has lapsed: then the lease is lost for good.
HEARTBEAT = """
UPDATE orchestration_drain SET until = clock_timestamp() + make_interval(secs => %s), in_flight = %s
WHERE id = %s AND until > clock_timestamp()
RETURNING (SELECT value FROM orchestration_enginestate WHERE name = 'configuration')
"""

END_DRAIN = "DELETE FROM orchestration_drain WHERE id = %s"

# Run by the worker's parent when its child died: no need to wait for the lease to run out.
EXPIRE_CHILD = "UPDATE orchestration_drain SET until = clock_timestamp() WHERE host = %s AND pid = %s"

GONE = f"NOT EXISTS (SELECT FROM pg_stat_activity WHERE application_name = '{CONNECTED_AS}' || drain.id)"
# A lapsed drain's sagas are due at once for others. Raising the epoch shuts out a late write of a frozen owner. Its
# calls keep their slots for as long as they may be worked on: of a frozen drain to the end of their timeout; of one
# that is gone the kernel has cut them, and who serves them nevertheless has the length of a lease. Rows are locked in
# id order. `status` narrows the scan by its index; an owned saga is always in one of the two.
RELEASE_LAPSED = f"""
WITH lapsed AS (
    SELECT id, {GONE} AS is_gone FROM orchestration_drain drain
    WHERE until < clock_timestamp() OR (
        until < clock_timestamp() + interval '{MISSED_TWO_SECONDS} seconds'
        AND pg_postmaster_start_time() < clock_timestamp() - interval '{LEASE_SECONDS} seconds' AND {GONE})
    ORDER BY id FOR UPDATE SKIP LOCKED
), orphan AS MATERIALIZED (
    SELECT saga.id FROM orchestration_saga saga
    WHERE saga.status IN ('running', 'compensating') AND saga.drain_id IN (SELECT id FROM lapsed)
    ORDER BY saga.id FOR NO KEY UPDATE
), released AS (
    UPDATE orchestration_saga saga SET drain_id = NULL, due_at = clock_timestamp(), epoch = saga.epoch + 1
    FROM orphan WHERE saga.id = orphan.id AND saga.drain_id IN (SELECT id FROM lapsed) RETURNING saga.id
), cut AS (
    UPDATE orchestration_grant held SET free_at = clock_timestamp() + make_interval(
        secs => CASE WHEN is_gone THEN least(longest, {LEASE_SECONDS}) ELSE longest END)
    FROM lapsed WHERE held.drain_id = lapsed.id AND held.free_at IS NULL
), gone AS (
    DELETE FROM orchestration_drain WHERE id IN (SELECT id FROM lapsed) RETURNING id
)
SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM released)
"""  # noqa: S608  only this module's constants are put in

# Sagas owned by a drain that has no row (its row was deleted by hand, or an older database was restored).
RELEASE_OWNERLESS = """
WITH orphan AS MATERIALIZED (
    SELECT saga.id FROM orchestration_saga saga
    WHERE saga.status IN ('running', 'compensating') AND saga.drain_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM orchestration_drain drain WHERE drain.id = saga.drain_id)
    ORDER BY saga.id FOR NO KEY UPDATE
)
UPDATE orchestration_saga saga SET drain_id = NULL, due_at = clock_timestamp(), epoch = saga.epoch + 1
FROM orphan WHERE saga.id = orphan.id AND saga.drain_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM orchestration_drain drain WHERE drain.id = saga.drain_id)
"""

# Parked sagas of which a deadline has passed, or of which something is due that needs nothing of what they wait for,
# are due again; drains take the others out of their queues themselves. Oldest first, in portions. A deadline that only
# alerts (past the pivot) has no more to say once it was seen: it would unpark the saga in each round. What needs no
# call waits for nobody: the end of an approval's time, of a timer, of the wait for an accepted call's answer. And what
# waits for one participant does not keep calls to another waiting, unless that is out of reach too. A saga that waits
# for its place again was stuck: it waits for that alone.
RELEASE_PARKED = """
WITH free AS (
    SELECT saga.id FROM orchestration_saga saga
    WHERE saga.parked_on IS NOT NULL AND (saga.status = 'pending' OR saga.parked_on NOT LIKE 'concurrency:%%') AND (
        (saga.status IN ('pending', 'running') AND saga.deadline_at <= clock_timestamp() AND NOT saga.overdue)
        OR EXISTS (SELECT FROM orchestration_step step WHERE step.saga_id = saga.id AND (
            step.answer_by <= clock_timestamp()
            OR (step.status = 'waiting' AND step.answer_by IS NULL AND step.due_at <= clock_timestamp())
            OR (step.due_at <= clock_timestamp() AND saga.parked_on LIKE 'participant:%%' AND EXISTS (
                SELECT FROM orchestration_definitionstep planned
                JOIN orchestration_participant p ON p.id = planned.participant_id
                JOIN orchestration_flow flow ON flow.participant = p.name
                WHERE planned.definition_id = saga.definition_id AND planned.position = step.position
                    AND saga.parked_on <> 'participant:' || p.name AND NOT p.paused AND NOT flow.is_open
                    AND flow.granted < p.max_in_flight)))))
    ORDER BY saga.due_at LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE orchestration_saga saga SET parked_on = NULL, due_at = least(saga.due_at, clock_timestamp())
FROM free WHERE saga.id = free.id
"""

# After a restore. Each saga gets the time in milliseconds as its epoch, or one more than it has, whichever is higher;
# what was owned is due. The journal says so. Rows are locked in id order. Parameters: the id to go on after, how many.
ADVANCE_EPOCHS = """
WITH live AS MATERIALIZED (
    SELECT id FROM orchestration_saga
    WHERE id > %s AND status IN ('pending', 'running', 'compensating', 'stuck')
    ORDER BY id LIMIT %s FOR NO KEY UPDATE
), advanced AS (
    UPDATE orchestration_saga saga SET
        epoch = greatest(saga.epoch + 1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint), drain_id = NULL,
        due_at = CASE WHEN saga.drain_id IS NULL THEN saga.due_at ELSE clock_timestamp() END,
        journal_length = saga.journal_length + 1
    FROM live WHERE saga.id = live.id
    RETURNING saga.id, saga.journal_length, saga.status, saga.epoch
), journal AS (
    INSERT INTO orchestration_event (saga_id, seq, at, kind, status, epoch, actor, moves, reason)
    SELECT id, journal_length, clock_timestamp(), 'epoch_advanced', status, epoch, '', '', '' FROM advanced
)
SELECT (SELECT id FROM live ORDER BY id DESC LIMIT 1), (SELECT count(*) FROM advanced)
"""

COUNT_DRAINS = "SELECT count(*) FROM orchestration_drain WHERE until > clock_timestamp()"

# Only the youngest drain makes room for suspects: the one that follows a drain that died holds least. The others go on
# with everything else. One that has missed a heartbeat does not count: it may be dead. Who has waited
# longest says which kind is called next. Parameters: seconds that a fresh lease has left, id of the drain.
SUSPECTS_WAITING = """
SELECT (SELECT parked_on FROM orchestration_saga
    WHERE parked_on IN ('solo', 'suspect') AND due_at <= clock_timestamp() ORDER BY due_at LIMIT 1)
WHERE NOT EXISTS (SELECT FROM orchestration_drain
    WHERE until > clock_timestamp() + make_interval(secs => %s) AND id > %s)
"""

COUNT_UP = """
INSERT INTO orchestration_enginestate AS state (name, value) VALUES (%s, %s)
ON CONFLICT (name) DO UPDATE SET value = state.value + excluded.value, at = clock_timestamp()
"""

DISPATCHER_BEAT = """
INSERT INTO orchestration_enginestate (name, value) VALUES ('dispatcher', 1)
ON CONFLICT (name) DO UPDATE SET value = orchestration_enginestate.value + 1, at = clock_timestamp()
"""
