"""Who looks after a group of failures, and what is known of it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("orchestration", "0014_sub_sagas"),
    ]
    operations = [
        migrations.CreateModel(
            name="FailureGroup",
            fields=[
                ("key", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("told", models.JSONField()),
                ("note", models.TextField(blank=True, verbose_name="note")),
                ("revision", models.PositiveIntegerField(default=0)),
                ("changed_by", models.CharField(max_length=150)),
                ("changed_at", models.DateTimeField()),
                ("owner", models.ForeignKey(
                    null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+",
                    to=settings.AUTH_USER_MODEL)),
            ],
            options={"verbose_name": "failure group", "verbose_name_plural": "failure groups"},
        ),
    ]
