from django.db import migrations

LOTS = 1_000_000_000
STOCK = {"SKU-1": LOTS, "SKU-2": LOTS, "SKU-3": LOTS, "SKU-4": LOTS, "SKU-5": LOTS, "SKU-FEW": 5, "SKU-EMPTY": 0}


def fill(apps, schema_editor):
    stock = apps.get_model("inventory", "Stock")
    stock.objects.bulk_create(stock(sku=sku, available=available) for sku, available in STOCK.items())



class Migration(migrations.Migration):

    dependencies = [("inventory", "0001_initial")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
