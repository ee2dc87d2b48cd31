from django.db import migrations

ACCOUNTS = {"acc-1": True, "acc-2": True, "acc-3": True, "acc-closed": False}


def fill(apps, schema_editor):
    account = apps.get_model("payments", "Account")
    account.objects.bulk_create(account(name=name, open=is_open) for name, is_open in ACCOUNTS.items())


class Migration(migrations.Migration):

    dependencies = [("payments", "0003_transfers")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
