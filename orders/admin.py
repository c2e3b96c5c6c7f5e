"""What operators may read of orders and refunds."""

from django.contrib import admin

from merchants.readable import Owned, Table
from orders.models import Order, Refund


@admin.register(Order)
class OrderAdmin(Owned):
    list_display = ("external_id", "customer", "partner", "amount", "refunded", "placed_at")
    search_fields = ("external_id__startswith",)
    ids = ("customer_id", "partner_id")
    amounts = dict.fromkeys(("amount", "tax", "shipping", "discount", "refunded"), "currency")
    hidden = ("fingerprint",)
    tables = (
        Table(
            "commissions", ("partner", "amount", "reversed", "status"), {"amount": "currency", "reversed": "currency"}
        ),
        Table("refunds", ("external_id", "amount", "reason", "refunded_at"), {"amount": "order__currency"}),
    )


@admin.register(Refund)
class RefundAdmin(Owned):
    list_display = ("external_id", "order", "amount", "reason", "refunded_at")
    search_fields = ("external_id__startswith",)
    ids = ("order_id",)
    amounts = {"amount": "order__currency"}
    hidden = ("fingerprint",)
