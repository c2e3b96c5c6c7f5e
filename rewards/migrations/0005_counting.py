"""Who lets more be counted waits until the sales under way are over; so no row is made beside one that counts nothing.

Sales hold `pg_advisory_xact_lock_shared` on the same number (`merchants.tenancy.rules_stay`), taken before they read.
"""

from django.db import migrations, models

_WAIT = """
CREATE FUNCTION wait_for_sales() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'merchants_merchant' THEN
        PERFORM pg_advisory_xact_lock(hashtextextended(NEW.id::text, 0));
    ELSIF TG_TABLE_NAME = 'rewards_rewardversion' THEN
        PERFORM pg_advisory_xact_lock(hashtextextended(NEW.merchant_id::text, 0));
    ELSIF EXISTS (SELECT FROM rewards_rewardversion WHERE merchant_id = NEW.merchant_id AND counts
                     AND (group_id = NEW.group_id OR program_id = NEW.program_id)) THEN
        PERFORM pg_advisory_xact_lock(hashtextextended(NEW.merchant_id::text, 0));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER before_counting AFTER INSERT ON rewards_rewardversion FOR EACH ROW
    WHEN (NEW.counts) EXECUTE FUNCTION wait_for_sales();
"""
# Triggers fire in the order of their names: these come before `forget_standings`.
_WAIT_TOO = """
CREATE TRIGGER before_counting AFTER UPDATE OF group_id, program_id ON affiliates_partner FOR EACH ROW
    WHEN (OLD.group_id IS DISTINCT FROM NEW.group_id OR OLD.program_id <> NEW.program_id)
    EXECUTE FUNCTION wait_for_sales();
CREATE TRIGGER before_counting AFTER UPDATE OF time_zone ON merchants_merchant FOR EACH ROW
    WHEN (OLD.time_zone <> NEW.time_zone) EXECUTE FUNCTION wait_for_sales();
"""
_WAIT_NO_MORE = """
DROP TRIGGER before_counting ON rewards_rewardversion;
DROP TRIGGER before_counting ON affiliates_partner;
DROP TRIGGER before_counting ON merchants_merchant;
DROP FUNCTION wait_for_sales();
"""


class Migration(migrations.Migration):
    dependencies = [("rewards", "0004_levels")]

    operations = [
        migrations.AddField("rewardversion", "counts", models.BooleanField(default=False)),
        migrations.AddIndex(
            "rewardversion",
            models.Index(condition=models.Q(("counts", True)), fields=["merchant"], name="reward_that_counts"),
        ),
        migrations.RunSQL(_WAIT + _WAIT_TOO, _WAIT_NO_MORE),
    ]
