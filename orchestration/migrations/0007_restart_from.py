from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("orchestration", "0006_audit_chain")]

    operations = [
        migrations.AddField("saga", "restarted_from_id", models.UUIDField(null=True)),
        migrations.AddField("saga", "restarted_as_id", models.UUIDField(null=True)),
        migrations.AddField("step", "origin_saga_id", models.UUIDField(null=True)),
        migrations.AlterModelOptions(
            name="saga",
            options={
                "permissions": [
                    ("launch_saga", "May launch sagas"),
                    ("retry_saga", "May retry sagas"),
                    ("compensate_saga", "May compensate sagas"),
                    ("skip_saga", "May skip steps"),
                    ("resolve_saga", "May say what became of steps in doubt"),
                    ("pause_saga", "May pause sagas"),
                    ("resume_saga", "May resume sagas"),
                    ("edit_and_retry_saga", "May change what a call sends"),
                    ("abandon_saga", "May abandon sagas"),
                    ("approve_saga", "May decide approval steps"),
                    ("restart_from_saga", "May let a new saga take over from a step"),
                    ("note_saga", "May write notes on sagas"),
                ],
                "verbose_name": "saga",
                "verbose_name_plural": "sagas",
            },
        ),
    ]
