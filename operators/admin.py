"""What operators may read of the installation: merchants by slug, log-ins, and their own log."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from merchants.models import Locator, OperatorEntry, User
from merchants.readable import Readable
from merchants.tenancy import Finds
from operators.site import installation

#: An agency may work for hundreds.
_WORKPLACES = 50


@admin.register(Locator, site=installation)
class MerchantsAdmin(Readable):
    """Merchants, as they are found: outside its tenant nothing but the slug of one can be read."""

    called = "Merchants"
    address = "merchants"
    list_display = ("key", "merchant_id")
    labels = {"key": "Slug", "merchant_id": "ID"}
    ordering = ("key",)
    search_fields = ("key__istartswith",)
    ids = ("merchant_id",)
    has_page = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Their slugs, out of everything by which a merchant is found."""
        return super().get_queryset(request).filter(kind=Finds.SLUG)

    def page_of(self, row: Locator) -> str:
        """The site about this merchant."""
        return reverse("operators_merchant", args=[row.key])


@admin.register(User, site=installation)
class UserAdmin(Readable):
    """Log-ins of staff, of every merchant, and of operators."""

    called = "Log-ins"
    address = "users"
    list_display = ("email", "name", "is_active", "is_staff", "last_login", "created_at")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email__istartswith", "name")
    hidden = ("password", "is_superuser")
    labels = {"is_staff": "Operator"}

    def facts(self, row: User) -> list[tuple[str, str]]:
        """Second factors, and where they work."""
        factors = Authenticator.objects.filter(user_id=row.id).order_by("id")
        found = Locator.objects.filter(kind=Finds.STAFF, key=str(row.id)).order_by("id").values("merchant_id")
        slugs = Locator.objects.filter(kind=Finds.SLUG, merchant_id__in=found[:_WORKPLACES]).order_by("key")
        return [
            ("Second factors", ", ".join(str(each.get_type_display()) for each in factors)),
            ("Works at", ", ".join(slugs.values_list("key", flat=True))),
        ]


@admin.register(OperatorEntry, site=installation)
class OperatorEntryAdmin(Readable):
    """What operators did and looked at outside merchants."""

    called = "Operators' log"
    address = "log"
    list_display = ("actor_name", "verb", "object_type", "object_id", "at")
    labels = {"actor_name": "Who", "verb": "Did", "object_type": "To what", "object_id": "Its ID", "at": "When"}
    search_fields = ("verb__istartswith", "actor_name__istartswith")
    ids = ("actor_id",)
