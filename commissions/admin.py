"""What operators may read of commissions. They change through the merchant's own verbs, never here."""

from django.contrib import admin

from commissions.models import Commission, Decision, Flag, Reversal
from merchants.readable import Owned, Table


@admin.register(Commission)
class CommissionAdmin(Owned):
    list_display = ("amount", "partner", "order", "status", "held_until", "occurred_at")
    list_filter = ("status",)
    ids = ("partner_id", "order_id", "customer_id")
    amounts = dict.fromkeys(("base", "amount", "reversed"), "currency")
    tables = (
        Table("reversals", ("amount", "working", "created_at"), {"amount": "commission__currency"}),
        Table(
            "decisions", ("kind", "amount", "reason", "decided_by", "created_at"), {"amount": "commission__currency"}
        ),
    )


@admin.register(Reversal)
class ReversalAdmin(Owned):
    list_display = ("amount", "commission", "refund", "created_at")
    ids = ("commission_id", "refund_id")
    amounts = {"amount": "commission__currency"}


@admin.register(Flag)
class FlagAdmin(Owned):
    list_display = ("rule", "commission", "severity", "outcome", "created_at")
    list_filter = ("outcome", "rule")
    ids = ("commission_id",)


@admin.register(Decision)
class DecisionAdmin(Owned):
    list_display = ("kind", "amount", "commission", "decided_by", "created_at")
    list_filter = ("kind",)
    ids = ("commission_id",)
    amounts = {"amount": "commission__currency"}
