"""What operators may read of payouts."""

from django.contrib import admin

from merchants.readable import Owned, Table
from payouts.models import Payout


@admin.register(Payout)
class PayoutAdmin(Owned):
    list_display = ("transaction_id", "partner", "amount", "method", "status", "paid_on")
    list_filter = ("status",)
    search_fields = ("transaction_id__startswith",)
    ids = ("partner_id",)
    amounts = dict.fromkeys(("amount", "netted"), "currency")
    tables = (Table("items", ("commission", "amount", "is_live"), {"amount": "payout__currency"}),)
