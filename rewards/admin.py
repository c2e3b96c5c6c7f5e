"""What operators may read of terms. A version never changes, for anybody."""

from django.contrib import admin

from merchants.readable import Owned
from rewards.models import RewardStanding, RewardVersion


@admin.register(RewardVersion)
class RewardVersionAdmin(Owned):
    called = "Rewards"
    list_display = ("__str__", "partner", "group", "program", "ended", "effective_from")
    list_filter = ("kind", "ended")
    ids = ("partner_id", "group_id", "program_id", "rule")
    amounts = {"amount": "currency"}


@admin.register(RewardStanding)
class RewardStandingAdmin(Owned):
    """What tiers and caps look at."""

    called = "Counted for rewards"
    list_display = ("__str__", "partner", "customer", "period", "orders")
    ids = ("partner_id", "customer_id")
