"""What the database itself guards and how the hot tables are kept: triggers, storage settings, the engine's counters."""

from django.db import migrations

APPEND_ONLY = """
CREATE FUNCTION orchestration_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% rows are written once and never changed', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE ON orchestration_auditentry
    FOR EACH ROW EXECUTE FUNCTION orchestration_append_only();
CREATE TRIGGER audit_is_never_emptied BEFORE TRUNCATE ON orchestration_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION orchestration_append_only();
CREATE TRIGGER journal_is_never_rewritten BEFORE UPDATE ON orchestration_event
    FOR EACH ROW EXECUTE FUNCTION orchestration_append_only();
CREATE TRIGGER attempts_are_never_rewritten BEFORE UPDATE ON orchestration_attempt
    FOR EACH ROW EXECUTE FUNCTION orchestration_append_only();
"""

PUBLISHED_IS_IMMUTABLE = """
CREATE FUNCTION orchestration_published_is_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'published versions are never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.name, NEW.version, NEW.document, NEW.fingerprint) IS DISTINCT FROM
       (OLD.name, OLD.version, OLD.document, OLD.fingerprint) THEN
        RAISE EXCEPTION 'published versions never change' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER published_is_immutable BEFORE UPDATE OR DELETE ON orchestration_sagadefinition
    FOR EACH ROW EXECUTE FUNCTION orchestration_published_is_immutable();
CREATE TRIGGER published_steps_never_change BEFORE UPDATE OR DELETE ON orchestration_definitionstep
    FOR EACH ROW EXECUTE FUNCTION orchestration_append_only();
"""

# Drains compare this version after each statement and read participants and fault rules again when it has moved.
CONFIGURATION_VERSION = """
CREATE FUNCTION orchestration_configuration_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO orchestration_enginestate AS state (name, value) VALUES ('configuration', extract(epoch FROM now()))
    ON CONFLICT (name) DO UPDATE SET value = state.value + 1, at = clock_timestamp();
    RETURN NULL;
END $$;
CREATE TRIGGER participants_are_configuration AFTER INSERT OR UPDATE OR DELETE ON orchestration_participant
    FOR EACH STATEMENT EXECUTE FUNCTION orchestration_configuration_changed();
CREATE TRIGGER fault_rules_are_configuration AFTER INSERT OR DELETE OR UPDATE OF removed_at, expires_at
    ON orchestration_faultrule FOR EACH STATEMENT EXECUTE FUNCTION orchestration_configuration_changed();
"""

STORAGE = """
ALTER TABLE orchestration_saga SET (fillfactor = 65, autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_cost_delay = 0);
ALTER TABLE orchestration_step SET (fillfactor = 65, autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_cost_delay = 0);
ALTER TABLE orchestration_drain SET (fillfactor = 50);
ALTER TABLE orchestration_enginestate SET (fillfactor = 50);
"""


class Migration(migrations.Migration):
    dependencies = [("orchestration", "0001_initial")]
    operations = [
        migrations.RunSQL(sql, migrations.RunSQL.noop)
        for sql in (APPEND_ONLY, PUBLISHED_IS_IMMUTABLE, CONFIGURATION_VERSION, STORAGE)
    ]
