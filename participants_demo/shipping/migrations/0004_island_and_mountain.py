from django.db import migrations

CARRIERS = [
    {"region": "island", "name": "Island Ferry", "answers": "calls_back", "most_pieces": 20},
    {"region": "mountain", "name": "Mountain Mules", "answers": "when_asked", "most_pieces": 8},
]


def fill(apps, schema_editor):
    carrier = apps.get_model("shipping", "Carrier")
    carrier.objects.bulk_create(carrier(**one) for one in CARRIERS)


class Migration(migrations.Migration):

    dependencies = [("shipping", "0003_carriers_that_take_their_time")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
