"""A list of one definition's sagas, newest first, is found by an index, however rarely the definition is used."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orchestration', '0015_failure_groups'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='saga',
            index=models.Index(fields=['definition_name', 'id'], name='saga_by_definition'),
        ),
    ]
