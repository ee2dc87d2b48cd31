
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orchestration', '0007_restart_from'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Bulk',
            fields=[
                ('id', models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ('act', models.CharField(max_length=32)),
                ('step', models.CharField(blank=True, max_length=64)),
                ('details', models.JSONField(default=dict)),
                ('reason', models.TextField(blank=True)),
                ('status', models.CharField(choices=[('draft', 'not started'), ('running', 'running'), ('paused', 'paused'), ('halted', 'halted itself'), ('cancelled', 'cancelled'), ('completed', 'completed')], max_length=16, verbose_name='status')),
                ('canary', models.BooleanField(default=False)),
                ('selection', models.JSONField()),
                ('actor', models.CharField(max_length=150)),
                ('via', models.CharField(max_length=16)),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=32), null=True, size=None)),
                ('total', models.IntegerField(default=0)),
                ('done', models.IntegerField(default=0)),
                ('refused', models.IntegerField(default=0)),
                ('done_limit', models.IntegerField(null=True)),
                ('looked_at_until', models.DateTimeField(null=True)),
                ('failures_accepted', models.IntegerField(default=0)),
                ('halted_because', models.CharField(blank=True, choices=[('failures', 'too many of its sagas have failed again'), ('slow', 'its first sagas are still under way')], max_length=16)),
                ('holder', models.UUIDField(null=True)),
                ('due_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'bulk act',
                'verbose_name_plural': 'bulk acts',
            },
        ),
        migrations.CreateModel(
            name='BulkItem',
            fields=[
                ('pk', models.CompositePrimaryKey('bulk_id', 'position', blank=True, editable=False, primary_key=True, serialize=False)),
                ('position', models.IntegerField()),
                ('saga_id', models.UUIDField()),
                ('seen_revision', models.IntegerField(null=True)),
                ('result', models.CharField(choices=[('pending', 'not yet'), ('done', 'done'), ('refused', 'refused')], max_length=8)),
                ('code', models.CharField(blank=True, max_length=16)),
                ('error', models.TextField(blank=True)),
                ('acted_revision', models.IntegerField(null=True)),
                ('acted_at', models.DateTimeField(null=True)),
                ('bulk', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='items', to='orchestration.bulk')),
            ],
            options={
                'ordering': ('position',),
            },
        ),
        migrations.AddIndex(
            model_name='bulk',
            index=models.Index(condition=models.Q(('status', 'running')), fields=['id'], name='bulk_running'),
        ),
        migrations.AddIndex(
            model_name='bulk',
            index=models.Index(condition=models.Q(('status', 'draft')), fields=['created_at'], name='bulk_drafts'),
        ),
        migrations.AddConstraint(
            model_name='bulk',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('due_at__isnull', False), ('status', 'running')), models.Q(models.Q(('status', 'running'), _negated=True), ('due_at', None)), _connector='OR'), name='a_running_bulk_is_due_and_the_others_are_not'),
        ),
        migrations.AddConstraint(
            model_name='bulk',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('finished_at__isnull', False), ('status__in', ['cancelled', 'completed'])), models.Q(models.Q(('status__in', ['cancelled', 'completed']), _negated=True), ('finished_at', None)), _connector='OR'), name='an_ended_bulk_is_finished_and_the_others_are_not'),
        ),
        migrations.AddConstraint(
            model_name='bulk',
            constraint=models.CheckConstraint(condition=models.Q(('total__gte', django.db.models.expressions.CombinedExpression(models.F('done'), '+', models.F('refused')))), name='a_bulk_has_no_more_results_than_items'),
        ),
        migrations.AddConstraint(
            model_name='bulk',
            constraint=models.CheckConstraint(condition=models.Q(('status', 'draft'), models.Q(('reason', ''), _negated=True), _connector='OR'), name='a_bulk_that_was_started_has_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='bulkitem',
            constraint=models.UniqueConstraint(fields=('bulk', 'saga_id'), name='a_bulk_holds_a_saga_once'),
        ),
        migrations.AddConstraint(
            model_name='bulkitem',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('acted_at', None), ('result', 'pending')), models.Q(models.Q(('result', 'pending'), _negated=True), ('acted_at__isnull', False)), _connector='OR'), name='only_an_item_with_a_result_was_acted_on'),
        ),
        # One row, written with every item.
        migrations.RunSQL("ALTER TABLE orchestration_bulk SET (fillfactor = 50)", migrations.RunSQL.noop),
        migrations.RunSQL("ALTER TABLE orchestration_bulkitem SET (fillfactor = 70)", migrations.RunSQL.noop),
    ]
