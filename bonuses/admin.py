"""What operators may read of bonuses."""

from django.contrib import admin

from bonuses.models import Award, Bonus, Due, Progress
from merchants.readable import Owned


@admin.register(Bonus)
class BonusAdmin(Owned):
    list_display = ("name", "partner", "group", "program", "measure", "period", "starts_on", "ends_on")
    list_filter = ("measure", "period")
    ids = ("partner_id", "group_id", "program_id")


@admin.register(Progress)
class ProgressAdmin(Owned):
    called = "Bonus progress"
    list_display = ("bonus", "partner", "first_day", "reached")
    ids = ("partner_id", "bonus_id")


@admin.register(Award)
class AwardAdmin(Owned):
    called = "Bonus targets reached"
    list_display = ("bonus", "partner", "first_day", "target", "commission", "created_at")
    ids = ("partner_id", "bonus_id", "commission_id")


@admin.register(Due)
class DueAdmin(Owned):
    called = "Bonuses to look at"
    list_display = ("__str__", "not_before", "noted_at")
    has_page = False
