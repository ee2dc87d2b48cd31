from django.db import migrations

LOTS = 125_000_000
SHELVES = {
    **{f"SKU-{number}": [LOTS] * 8 for number in range(1, 6)},
    "SKU-FEW": [5],
    "SKU-EMPTY": [0],
}


def fill(apps, schema_editor):
    shelf = apps.get_model("inventory", "Shelf")
    shelf.objects.bulk_create(
        shelf(sku=sku, number=number, available=available)
        for sku, shelves in SHELVES.items()
        for number, available in enumerate(shelves)
    )


class Migration(migrations.Migration):

    dependencies = [("inventory", "0001_initial")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
