from django.db import migrations

LIMITS = {"card-1": 10_000_000, "card-2": 10_000_000, "card-3": 10_000_000, "card-low": 1_000}  # cents


def fill(apps, schema_editor):
    card = apps.get_model("payments", "Card")
    card.objects.bulk_create(card(name=name, limit=limit) for name, limit in LIMITS.items())
    apps.get_model("payments", "RefundDesk").objects.create(open=True)



class Migration(migrations.Migration):

    dependencies = [("payments", "0001_initial")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
