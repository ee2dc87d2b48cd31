import orchestration.core.states
from django.db import migrations, models

OUTCOMES = [
    ("succeeded", "succeeded"),
    ("accepted", "accepted, answer comes later"),
    ("refused", "refused"),
    ("in_doubt", "in doubt"),
    ("not_sent", "not sent"),
    ("try_later", "told to try later"),
    ("in_progress", "still in progress"),
    ("lost", "lost with its worker"),
    ("stale_epoch", "refused as stale"),
    ("undone", "undone by the participant"),
    ("given_up", "given up by a person"),
]
KINDS = [("call", "call"), ("approval", "approval"), ("wait", "wait"), ("saga", "saga")]


class Migration(migrations.Migration):

    dependencies = [("orchestration", "0011_broker_messages")]

    operations = [
        migrations.AddField("saga", "parent_id", models.UUIDField(null=True)),
        migrations.AddField("saga", "parent_position", models.PositiveSmallIntegerField(null=True)),
        migrations.AddField("saga", "depth", models.PositiveSmallIntegerField(db_default=0)),
        migrations.AddField("step", "child_saga_id", models.UUIDField(null=True)),
        migrations.AlterField("attempt", "outcome", models.CharField(choices=OUTCOMES, max_length=16)),
        migrations.AlterField(
            "definitionstep",
            "kind",
            models.CharField(choices=KINDS, default=orchestration.core.states.StepKind["CALL"], max_length=16),
        ),
    ]
