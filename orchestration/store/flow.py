"""How many calls to each participant may be out, and its circuit: one row for each participant, one grant per drain.

A drain takes slots in blocks and gives back what it does not use, so that calls themselves cost no statement. The sum
of all grants never exceeds the limit. Each statement locks the participant's row first: that is what makes the sum
right.
"""

from orchestration.core.breaker import PROBE_EVERY
from orchestration.store.leases import CONNECTED_AS, LEASE_SECONDS

# Parameters: drain, participant, want, cap (what a slow start allows), longest, changed_at. Nothing is granted to
# whoever has not heard yet that the circuit was opened or closed, and nothing to a drain that counts as dead.
FETCH = """
WITH seen AS MATERIALIZED (
    SELECT flow.participant, least(%(want)s, least(p.max_in_flight, %(cap)s) - flow.granted) AS given
    FROM orchestration_flow flow JOIN orchestration_participant p ON p.name = flow.participant
    WHERE flow.participant = %(participant)s AND NOT p.paused AND NOT flow.is_open
        AND flow.granted < least(p.max_in_flight, %(cap)s) AND flow.changed_at IS NOT DISTINCT FROM %(changed_at)s
        AND EXISTS (SELECT FROM orchestration_drain WHERE id = %(drain)s AND until > clock_timestamp())
    FOR NO KEY UPDATE OF flow
), mine AS (
    INSERT INTO orchestration_grant AS held (drain_id, participant, granted, longest)
    SELECT %(drain)s, participant, given, %(longest)s FROM seen
    ON CONFLICT (drain_id, participant) DO UPDATE SET
        granted = held.granted + excluded.granted, longest = greatest(held.longest, excluded.longest)
        WHERE held.free_at IS NULL
    RETURNING participant
)
UPDATE orchestration_flow flow SET granted = flow.granted + seen.given
FROM seen JOIN mine USING (participant) WHERE flow.participant = seen.participant RETURNING seen.given
"""

# Whether all that is granted is within the limit. Parameters: participant.
FITS = """
SELECT participant FROM orchestration_flow flow JOIN orchestration_participant p ON p.name = flow.participant
WHERE participant = %s AND granted <= max_in_flight
"""

# Parameters: longest, drain, participant.
LENGTHEN = """
UPDATE orchestration_grant SET longest = %s WHERE drain_id = %s AND participant = %s AND free_at IS NULL
RETURNING longest
"""

# Parameters: drain, participant, number.
GIVE_BACK = """
WITH seen AS MATERIALIZED (
    SELECT participant FROM orchestration_flow WHERE participant = %(participant)s FOR NO KEY UPDATE
), mine AS (
    UPDATE orchestration_grant held SET granted = held.granted - %(number)s FROM seen
    WHERE held.drain_id = %(drain)s AND held.participant = seen.participant AND held.free_at IS NULL
        AND held.granted >= %(number)s
    RETURNING held.participant
)
UPDATE orchestration_flow flow SET granted = flow.granted - %(number)s FROM mine
WHERE flow.participant = mine.participant
"""

# A drain ends: what is left of its grants are calls that were cut just now. Parameters: drain.
LEAVE = f"""
UPDATE orchestration_grant SET
    free_at = clock_timestamp() + make_interval(secs => least(longest, {LEASE_SECONDS}))
WHERE drain_id = %s AND free_at IS NULL
"""  # noqa: S608  only this module's constants are put in

# Whoever has no drain row any more, and whoever counted as frozen (see RELEASE_LAPSED) and is dead after all.
ORPHANED = f"""
UPDATE orchestration_grant held SET
    free_at = clock_timestamp() + make_interval(secs => least(longest, {LEASE_SECONDS}))
WHERE (free_at IS NULL AND NOT EXISTS (SELECT FROM orchestration_drain WHERE id = held.drain_id))
    OR (free_at > clock_timestamp() + interval '{LEASE_SECONDS} seconds' AND NOT EXISTS (
        SELECT FROM pg_stat_activity WHERE application_name = '{CONNECTED_AS}' || held.drain_id))
"""  # noqa: S608

# What nobody can be working on any more is free again.
FREE_AGAIN = """
WITH over AS MATERIALIZED (
    SELECT drain_id, participant FROM orchestration_grant WHERE free_at <= clock_timestamp()
), seen AS MATERIALIZED (
    SELECT participant FROM orchestration_flow WHERE participant IN (SELECT participant FROM over)
    ORDER BY participant FOR NO KEY UPDATE
), gone AS (
    DELETE FROM orchestration_grant held USING over JOIN seen USING (participant)
    WHERE held.drain_id = over.drain_id AND held.participant = over.participant AND held.free_at <= clock_timestamp()
    RETURNING held.participant, held.granted
)
UPDATE orchestration_flow flow SET granted = flow.granted - back.granted
FROM (SELECT participant, sum(granted) AS granted FROM gone GROUP BY participant) back
WHERE flow.participant = back.participant RETURNING flow.participant
"""

# Parameters: error, participant.
OPEN = f"""
UPDATE orchestration_flow SET is_open = true, changed_at = clock_timestamp(), last_error = %s,
    probe_at = clock_timestamp() + interval '{PROBE_EVERY.total_seconds()} seconds'
WHERE participant = %s AND NOT is_open RETURNING participant
"""  # noqa: S608

CLOSE = """
UPDATE orchestration_flow SET is_open = false, changed_at = clock_timestamp(), probe_at = NULL, last_error = ''
WHERE participant = %s AND is_open RETURNING participant
"""

# The right to one probe, with a slot for it: of all that ask at the same time one wins. Parameters: drain, participant,
# longest.
PROBE = f"""
WITH won AS (
    UPDATE orchestration_flow flow SET granted = flow.granted + 1,
        probe_at = clock_timestamp() + interval '{PROBE_EVERY.total_seconds()} seconds'
    FROM orchestration_participant p
    WHERE flow.participant = %(participant)s AND p.name = flow.participant AND flow.is_open AND NOT p.paused
        AND flow.probe_at <= clock_timestamp() AND flow.granted < p.max_in_flight
        AND EXISTS (SELECT FROM orchestration_drain WHERE id = %(drain)s AND until > clock_timestamp())
    RETURNING flow.participant
)
INSERT INTO orchestration_grant AS held (drain_id, participant, granted, longest)
SELECT %(drain)s, participant, 1, %(longest)s FROM won
ON CONFLICT (drain_id, participant) DO UPDATE SET
    granted = held.granted + 1, longest = greatest(held.longest, excluded.longest)
RETURNING participant
"""  # noqa: S608

# Nobody wanted the probe after all. Parameters: participant.
NO_PROBE = "UPDATE orchestration_flow SET probe_at = clock_timestamp() WHERE participant = %s AND is_open"
