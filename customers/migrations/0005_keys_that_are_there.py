"""Unique keys only where there is one: a customer without a phone costs no index of phones."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0004_kept"),
        ("merchants", "0004_brand"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="customer",
            name="customer_external_id_once",
        ),
        migrations.RemoveConstraint(
            model_name="customer",
            name="customer_email_once",
        ),
        migrations.RemoveConstraint(
            model_name="customer",
            name="customer_phone_once",
        ),
        migrations.RemoveConstraint(
            model_name="identity",
            name="customers_identity_email_key",
        ),
        migrations.RemoveConstraint(
            model_name="identity",
            name="customers_identity_phone_key",
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.UniqueConstraint(
                condition=models.Q(("external_id__isnull", False)),
                fields=("merchant", "external_id"),
                name="customer_external_id_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.UniqueConstraint(
                condition=models.Q(("email__isnull", False)), fields=("merchant", "email"), name="customer_email_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.UniqueConstraint(
                condition=models.Q(("phone__isnull", False)), fields=("merchant", "phone"), name="customer_phone_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="identity",
            constraint=models.UniqueConstraint(
                condition=models.Q(("email__isnull", False)), fields=("email",), name="customers_identity_email_key"
            ),
        ),
        migrations.AddConstraint(
            model_name="identity",
            constraint=models.UniqueConstraint(
                condition=models.Q(("phone__isnull", False)), fields=("phone",), name="customers_identity_phone_key"
            ),
        ),
    ]
