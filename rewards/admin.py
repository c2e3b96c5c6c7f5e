"""What operators may read of terms. A version never changes, for anybody."""

from django.contrib import admin

from merchants.readable import Owned
from rewards.models import RewardVersion


@admin.register(RewardVersion)
class RewardVersionAdmin(Owned):
    called = "Rewards"
    list_display = ("__str__", "partner", "group", "program", "ended", "effective_from")
    list_filter = ("kind", "ended")
    ids = ("partner_id", "group_id", "program_id")
    amounts = {"amount": "currency"}
