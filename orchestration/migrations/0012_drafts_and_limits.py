from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("orchestration", "0004_figures")]

    operations = [
        migrations.AddField(
            model_name="apitoken",
            name="per_minute",
            field=models.PositiveIntegerField(blank=True, null=True, verbose_name="requests a minute"),
        ),
        migrations.CreateModel(
            name="DefinitionDraft",
            fields=[
                ("name", models.SlugField(max_length=64, primary_key=True, serialize=False, verbose_name="name")),
                ("document", models.JSONField(verbose_name="document")),
                ("text", models.TextField()),
                ("content_type", models.CharField(max_length=64)),
                ("saved_at", models.DateTimeField()),
                ("saved_by", models.CharField(max_length=150)),
            ],
            options={"verbose_name": "draft", "verbose_name_plural": "drafts"},
        ),
    ]
