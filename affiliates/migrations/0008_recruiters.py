"""Who brought whom. That nobody is above himself is the database's to say, whoever writes and however many at once."""

from django.db import migrations, models

from merchants.schema import tenant_foreign_key

# Two changes that are harmless alone can close a circle together, so a merchant's changes come one after the other.
# What the other one wrote is seen, because each statement of a function that is VOLATILE looks anew.
_NO_CIRCLE = """
CREATE FUNCTION refuse_circle_of_recruiters() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    above uuid := NEW.recruiter_id;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('recruiters:' || NEW.merchant_id, 0));
    WHILE above IS NOT NULL LOOP
        IF above = NEW.id THEN
            RAISE EXCEPTION 'partner % would be above himself', NEW.id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'partner_no_circle';
        END IF;
        SELECT recruiter_id INTO above FROM affiliates_partner WHERE merchant_id = NEW.merchant_id AND id = above;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER no_circle_of_recruiters AFTER UPDATE OF recruiter_id ON affiliates_partner FOR EACH ROW
    WHEN (NEW.recruiter_id IS NOT NULL AND OLD.recruiter_id IS DISTINCT FROM NEW.recruiter_id)
    EXECUTE FUNCTION refuse_circle_of_recruiters();
"""
_CIRCLES = """
DROP TRIGGER no_circle_of_recruiters ON affiliates_partner;
DROP FUNCTION refuse_circle_of_recruiters();
"""


class Migration(migrations.Migration):
    dependencies = [("affiliates", "0007_by_hand")]

    operations = [
        migrations.AddField(
            "partner",
            "recruiter",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=models.PROTECT,
                related_name="recruits",
                to="affiliates.partner",
            ),
        ),
        migrations.AddField("partner", "recruited_at", models.DateTimeField(null=True)),
        migrations.AddConstraint(
            "partner",
            models.CheckConstraint(
                condition=models.Q(
                    models.Q(("recruited_at", None), ("recruiter", None)),
                    models.Q(("recruited_at__isnull", False), ("recruiter__isnull", False)),
                    _connector="OR",
                ),
                name="partner_recruited",
            ),
        ),
        migrations.AddIndex(
            "partner",
            models.Index(
                condition=models.Q(("recruiter__isnull", False)),
                fields=["merchant", "recruiter", "-recruited_at", "-id"],
                name="partner_by_recruiter",
            ),
        ),
        tenant_foreign_key("affiliates_partner", "recruiter_id", "affiliates_partner"),
        migrations.AddField(
            "application",
            "recruiter",
            models.ForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=models.SET_NULL,
                related_name="+",
                to="affiliates.partner",
            ),
        ),
        tenant_foreign_key("affiliates_application", "recruiter_id", "affiliates_partner"),
        migrations.RunSQL(_NO_CIRCLE, _CIRCLES),
    ]
