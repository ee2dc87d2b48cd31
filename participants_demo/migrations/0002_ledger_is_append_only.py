from django.db import migrations

FORBID = """
CREATE FUNCTION forbid_ledger_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is append-only: % refused', TG_OP;
END $$;
CREATE TRIGGER ledger_rows_stay BEFORE UPDATE OR DELETE ON ledger
    FOR EACH ROW EXECUTE FUNCTION forbid_ledger_change();
CREATE TRIGGER ledger_stays BEFORE TRUNCATE ON ledger
    FOR EACH STATEMENT EXECUTE FUNCTION forbid_ledger_change();
"""
ALLOW = """
DROP TRIGGER ledger_stays ON ledger;
DROP TRIGGER ledger_rows_stay ON ledger;
DROP FUNCTION forbid_ledger_change();
"""


class Migration(migrations.Migration):

    dependencies = [("participants_demo", "0001_initial")]

    operations = [migrations.RunSQL(FORBID, ALLOW)]
