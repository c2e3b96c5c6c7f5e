"""What operators may read of customers. A person's identity is shown to nobody: it spans merchants."""

from django.contrib import admin

from customers.models import Customer, ProviderKey
from merchants.readable import Owned, Table


@admin.register(Customer)
class CustomerAdmin(Owned):
    list_display = ("__str__", "email", "external_id", "status", "created_at")
    list_filter = ("status",)
    search_fields = ("email__istartswith", "name", "external_id__istartswith")
    hidden = ("identity",)
    tables = (Table("provider_keys", ("provider", "key", "created_at")),)


@admin.register(ProviderKey)
class ProviderKeyAdmin(Owned):
    list_display = ("provider", "key", "customer", "created_at")
    search_fields = ("key__startswith",)
    ids = ("customer_id",)
