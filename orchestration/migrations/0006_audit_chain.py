"""The audit's hash chain: which rows wait to be sealed, the links, and the indexes of the audit page's filters."""

from django.db import migrations, models

WAITING_AND_LINKS = """
CREATE FUNCTION orchestration_audit_waits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO orchestration_auditwaiting (entry_id) VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER audit_rows_are_to_be_sealed AFTER INSERT ON orchestration_auditentry
    FOR EACH ROW EXECUTE FUNCTION orchestration_audit_waits();
CREATE TRIGGER audit_links_are_append_only BEFORE UPDATE OR DELETE ON orchestration_auditlink
    FOR EACH ROW EXECUTE FUNCTION orchestration_append_only();
CREATE TRIGGER audit_links_are_never_emptied BEFORE TRUNCATE ON orchestration_auditlink
    FOR EACH STATEMENT EXECUTE FUNCTION orchestration_append_only();
INSERT INTO orchestration_auditwaiting (entry_id) SELECT id FROM orchestration_auditentry;
"""


class Migration(migrations.Migration):
    dependencies = [("orchestration", "0005_drafts_and_limits")]
    operations = [
        migrations.CreateModel(
            name="AuditWaiting",
            fields=[("entry_id", models.UUIDField(primary_key=True, serialize=False))],
        ),
        migrations.CreateModel(
            name="AuditLink",
            fields=[
                ("position", models.BigIntegerField(primary_key=True, serialize=False)),
                ("entry_id", models.UUIDField(unique=True)),
                ("digest", models.CharField(max_length=64)),
            ],
        ),
        migrations.AddIndex("auditentry", models.Index(name="audit_by_actor", fields=["actor", "id"])),
        migrations.AddIndex("auditentry", models.Index(name="audit_by_act", fields=["act", "id"])),
        migrations.AddIndex(
            "auditentry", models.Index(name="audit_refused", fields=["id"], condition=models.Q(granted=False))
        ),
        migrations.RunSQL(WAITING_AND_LINKS, migrations.RunSQL.noop),
    ]
