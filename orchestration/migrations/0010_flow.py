from django.db import migrations, models

# Each participant has a row of what the engine keeps about it, from the moment it is known.
FLOWS = """
CREATE FUNCTION orchestration_participant_has_a_flow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO orchestration_flow (participant, granted, is_open, last_error) VALUES (NEW.name, 0, false, '')
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER participants_have_a_flow AFTER INSERT OR UPDATE OF name ON orchestration_participant
    FOR EACH ROW EXECUTE FUNCTION orchestration_participant_has_a_flow();
INSERT INTO orchestration_flow (participant, granted, is_open, last_error)
    SELECT name, 0, false, '' FROM orchestration_participant;
CREATE TRIGGER circuits_are_configuration AFTER UPDATE OF is_open, changed_at ON orchestration_flow
    FOR EACH STATEMENT EXECUTE FUNCTION orchestration_configuration_changed();
"""
# A few rows that are updated all the time.
STORAGE = """
ALTER TABLE orchestration_flow SET (fillfactor = 30);
ALTER TABLE orchestration_grant SET (fillfactor = 50);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('orchestration', '0009_transports'),
    ]

    operations = [
        migrations.CreateModel(
            name='Flow',
            fields=[
                ('participant', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('granted', models.IntegerField(default=0)),
                ('is_open', models.BooleanField(default=False)),
                ('changed_at', models.DateTimeField(null=True)),
                ('probe_at', models.DateTimeField(null=True)),
                ('last_error', models.CharField(blank=True, max_length=500)),
            ],
        ),
        migrations.CreateModel(
            name='Grant',
            fields=[
                ('pk', models.CompositePrimaryKey('drain_id', 'participant', blank=True, editable=False, primary_key=True, serialize=False)),
                ('drain_id', models.UUIDField()),
                ('participant', models.CharField(max_length=64)),
                ('granted', models.IntegerField()),
                ('longest', models.FloatField()),
                ('free_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.AlterModelOptions(
            name='participant',
            options={'permissions': [('pause_participant', 'May pause participants'), ('resume_participant', 'May resume participants')], 'verbose_name': 'participant', 'verbose_name_plural': 'participants'},
        ),
        migrations.RemoveIndex(
            model_name='saga',
            name='saga_claim_begun',
        ),
        migrations.RemoveIndex(
            model_name='saga',
            name='saga_claim_new',
        ),
        migrations.RemoveIndex(
            model_name='saga',
            name='saga_parked',
        ),
        migrations.AddField(
            model_name='participant',
            name='max_in_flight',
            field=models.PositiveIntegerField(default=1000, verbose_name='calls at once'),
        ),
        migrations.AddField(
            model_name='participant',
            name='pause_reason',
            field=models.TextField(blank=True, editable=False),
        ),
        migrations.AddField(
            model_name='participant',
            name='paused_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='participant',
            name='paused_by',
            field=models.CharField(blank=True, editable=False, max_length=150),
        ),
        migrations.AddField(
            model_name='saga',
            name='limited',
            field=models.BooleanField(db_default=False),
        ),
        migrations.AddField(
            model_name='saga',
            name='lock_key',
            field=models.CharField(max_length=255, null=True),
        ),
        migrations.AddIndex(
            model_name='saga',
            index=models.Index(condition=models.Q(('due_at__isnull', False), ('parked_on', None), models.Q(('status', 'pending'), _negated=True)), fields=['status', 'due_at'], name='saga_claim_begun'),
        ),
        migrations.AddIndex(
            model_name='saga',
            index=models.Index(condition=models.Q(('due_at__isnull', False), ('parked_on', None), ('status', 'pending')), fields=['definition_name', 'due_at'], name='saga_claim_new'),
        ),
        migrations.AddIndex(
            model_name='saga',
            index=models.Index(condition=models.Q(('parked_on__isnull', False)), fields=['parked_on', 'status', 'definition_name', 'due_at'], name='saga_parked'),
        ),
        migrations.AddIndex(
            model_name='saga',
            index=models.Index(condition=models.Q(models.Q(('status__in', ['compensating', 'pending', 'running', 'stuck'])), ('lock_key__isnull', False)), fields=['definition_name', 'lock_key', 'created_at', 'id'], name='saga_by_lock'),
        ),
        migrations.AddIndex(
            model_name='saga',
            index=models.Index(condition=models.Q(models.Q(('status__in', ['compensating', 'running'])), ('limited', True)), fields=['definition_name'], name='saga_in_flight'),
        ),
        migrations.AddConstraint(
            model_name='participant',
            constraint=models.CheckConstraint(condition=models.Q(('max_in_flight__gte', 1)), name='a_participant_takes_one_call_at_least'),
        ),
        migrations.AddConstraint(
            model_name='flow',
            constraint=models.CheckConstraint(condition=models.Q(('granted__gte', 0)), name='no_grant_is_below_zero'),
        ),
        migrations.RunSQL(FLOWS, migrations.RunSQL.noop),
        migrations.RunSQL(STORAGE, migrations.RunSQL.noop),
    ]
