"""What operators may read of fraud rules. Addresses are hashes and are shown to nobody."""

from django.contrib import admin

from fraud.models import RuleSetting
from merchants.readable import Owned


@admin.register(RuleSetting)
class RuleSettingAdmin(Owned):
    called = "Fraud rules"
    list_display = ("rule", "is_on", "created_at")
    list_filter = ("is_on",)
