"""Seconds for a call to a participant whose step names none."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orchestration", "0016_sagas_by_definition")]
    operations = [
        migrations.AddField(
            "participant", "timeout", models.FloatField(default=5.0, verbose_name="seconds for one call")
        ),
        migrations.AddConstraint(
            "participant",
            models.CheckConstraint(
                name="a_call_takes_a_moment_to_an_hour",
                condition=models.Q(("timeout__gte", 0.05), ("timeout__lte", 3600)),
            ),
        ),
        migrations.AlterField("definitionstep", "timeout", models.DurationField(null=True)),
    ]
