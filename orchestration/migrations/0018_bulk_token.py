"""Which API token asked for a bulk act: a token that is revoked acts no more."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orchestration", "0017_participant_timeout")]
    operations = [
        migrations.AddField("bulk", "token", models.CharField(blank=True, default="", max_length=32)),
    ]
