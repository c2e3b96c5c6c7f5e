from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("merchants", "0003_invitation")]

    operations = [
        migrations.AddField(
            model_name="merchant", name="brand_color", field=models.CharField(blank=True, max_length=7)
        ),
        migrations.AddField(model_name="merchant", name="reply_to", field=models.CharField(blank=True, max_length=254)),
        migrations.AddField(
            model_name="merchant",
            name="portal_customers",
            field=models.CharField(
                choices=[("name", "Name"), ("initials", "Initials"), ("nothing", "Nothing")],
                default="initials",
                max_length=8,
            ),
        ),
    ]
