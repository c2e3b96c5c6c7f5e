"""Django's admin, with our site in the place of its own."""

from django.contrib.admin.apps import AdminConfig


class DjangoAdmin(AdminConfig):
    """`admin.register` in an app's `admin.py` leads to the site about a merchant."""

    default_site = "operators.site.MerchantSite"
