import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("orchestration", "0003_every_way_a_saga_can_go")]

    operations = [
        migrations.CreateModel(
            name="Figure",
            fields=[
                ("pk", models.CompositePrimaryKey("name", "labels", blank=True, editable=False, primary_key=True, serialize=False)),
                ("name", models.CharField(max_length=32)),
                ("labels", models.CharField(max_length=512)),
                ("count", models.BigIntegerField()),
                ("total", models.FloatField()),
                ("buckets", django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None)),
            ],
        ),
        # A few rows that are updated all the time.
        migrations.RunSQL("ALTER TABLE orchestration_figure SET (fillfactor = 30)", migrations.RunSQL.noop),
    ]
