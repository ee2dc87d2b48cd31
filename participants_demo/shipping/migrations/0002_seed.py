from django.db import migrations

CARRIERS = {"north": "Northern Parcels", "south": "Southern Freight", "east": "East Express", "west": "West Express"}


def fill(apps, schema_editor):
    carrier = apps.get_model("shipping", "Carrier")
    carrier.objects.bulk_create(carrier(region=region, name=name) for region, name in CARRIERS.items())



class Migration(migrations.Migration):

    dependencies = [("shipping", "0001_initial")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
