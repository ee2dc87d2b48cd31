"""What each person has chosen for themselves: how the console looks, and lists they come back to."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("orchestration", "0005_flow"),
    ]
    operations = [
        migrations.CreateModel(
            name="Preferences",
            fields=[
                ("user", models.OneToOneField(
                    on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name="preferences",
                    serialize=False, to=settings.AUTH_USER_MODEL)),
                ("language", models.CharField(blank=True, max_length=8)),
                ("time_zone", models.CharField(blank=True, max_length=64)),
                ("theme", models.CharField(blank=True, max_length=8)),
                ("shortcuts", models.BooleanField(default=True)),
            ],
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=64)),
                ("query", models.CharField(blank=True, max_length=2000)),
                ("created_at", models.DateTimeField(
                    db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ("user", models.ForeignKey(
                    on_delete=django.db.models.deletion.CASCADE, related_name="saved_views",
                    to=settings.AUTH_USER_MODEL)),
            ],
            options={"ordering": ("name",)},
        ),
        migrations.AddConstraint(
            "savedview", models.UniqueConstraint(fields=["user", "name"], name="a_person_names_a_view_once")
        ),
    ]
