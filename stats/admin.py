"""What operators may read of rollups: the days, and the marks that wait for the worker."""

from django.contrib import admin

from merchants.readable import Owned
from stats.models import MerchantDay, StaleMark


@admin.register(StaleMark)
class StaleMarkAdmin(Owned):
    called = "Waiting rollups"
    list_display = ("touched", "marked_at")
    has_page = False


@admin.register(MerchantDay)
class MerchantDayAdmin(Owned):
    called = "Days"
    list_display = ("day", "clicks", "leads", "orders", "direct_orders", "revenue", "direct_revenue", "earned")
    ordering = ("-day", "currency", "-pk")
    amounts = dict.fromkeys(("revenue", "direct_revenue", "refunded", "direct_refunded", "earned"), "currency")
    has_page = False
