"""What operators may read of partners and what leads to them."""

from django.contrib import admin

from affiliates.models import (
    Application,
    Click,
    Coupon,
    CustomerAttribution,
    EarlierAttribution,
    Group,
    Lead,
    Link,
    Partner,
    PartnerStretch,
    Program,
    ProgramTerms,
    Question,
    TermsAcceptance,
)
from merchants.readable import Owned, Table


@admin.register(Program)
class ProgramAdmin(Owned):
    list_display = ("name", "is_default", "created_at")
    search_fields = ("name",)


@admin.register(Group)
class GroupAdmin(Owned):
    list_display = ("name", "program", "hold_days", "minimum_payout", "created_at")
    search_fields = ("name",)
    amounts = {"minimum_payout": "minimum_currency"}


@admin.register(PartnerStretch)
class PartnerStretchAdmin(Owned):
    called = "What partners were"
    list_display = ("partner", "group", "status", "recruiter", "since", "until")
    ids = ("partner_id", "group_id", "recruiter_id")


@admin.register(Partner)
class PartnerAdmin(Owned):
    list_display = ("name", "email", "group", "status", "created_at")
    list_filter = ("status",)
    search_fields = ("email__istartswith", "name", "portal_code__iexact")
    hidden = ("password",)
    tables = (
        Table("coupons", ("code", "is_active", "uses", "max_uses", "created_at")),
        Table("links", ("code", "destination", "is_active", "created_at")),
    )


@admin.register(Coupon)
class CouponAdmin(Owned):
    list_display = ("code", "partner", "is_active", "uses", "max_uses", "created_at")
    list_filter = ("is_active",)
    search_fields = ("key__istartswith",)
    hidden = ("key",)


@admin.register(Link)
class LinkAdmin(Owned):
    list_display = ("code", "partner", "destination", "is_active", "created_at")
    list_filter = ("is_active",)
    search_fields = ("code__istartswith",)


@admin.register(Click)
class ClickAdmin(Owned):
    list_display = ("clicked_at", "link", "partner", "country", "is_unique")
    hidden = ("ip_hash",)
    ids = ("visitor",)


@admin.register(Lead)
class LeadAdmin(Owned):
    list_display = ("name", "customer", "partner", "occurred_at")
    search_fields = ("name__istartswith",)
    hidden = ("fingerprint",)


@admin.register(CustomerAttribution)
class CustomerAttributionAdmin(Owned):
    called = "Attributions"
    list_display = ("customer", "partner", "touch", "since")
    list_filter = ("touch",)
    ids = ("customer_id", "partner_id")


@admin.register(EarlierAttribution)
class EarlierAttributionAdmin(Owned):
    called = "Earlier attributions"
    list_display = ("customer", "partner", "since", "until")
    ids = ("customer_id", "partner_id")


@admin.register(Application)
class ApplicationAdmin(Owned):
    list_display = ("name", "email", "partner", "created_at", "confirmed_at")
    search_fields = ("email__istartswith",)
    hidden = ("ip_hash",)
    ids = ("partner_id",)


@admin.register(Question)
class QuestionAdmin(Owned):
    list_display = ("label", "program", "kind", "required", "version")


@admin.register(ProgramTerms)
class ProgramTermsAdmin(Owned):
    list_display = ("number", "program", "accept_by", "created_at")


@admin.register(TermsAcceptance)
class TermsAcceptanceAdmin(Owned):
    list_display = ("partner", "terms", "accepted_at")
    ids = ("partner_id",)
