"""What operators may read of a merchant and of who acts for it."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from merchants import tenancy
from merchants.models import ApiKey, AuditEntry, Invitation, MailWords, Membership, Merchant
from merchants.readable import Owned, Readable


class ActorKind(admin.SimpleListFilter):
    """Who acted. The column has no choices, and to ask the table for them would read all of it."""

    title = "who"
    parameter_name = "actor_kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """As `Actor.kind` has them."""
        return [
            ("user", "Team"), ("key", "API keys"), ("partner", "Partners"), ("system", "Accrue"),
            ("operator", "Operators"),
        ]  # fmt: skip

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Theirs alone."""
        return queryset.filter(actor_kind=self.value()) if self.value() else queryset


@admin.register(Merchant)
class MerchantAdmin(Readable):
    """The tenant's own row."""

    called = "Settings"
    list_display = ("name", "slug", "currency", "time_zone", "created_at")
    amounts = {"minimum_payout": "currency"}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """One."""
        return super().get_queryset(request).filter(id=tenancy.current())


@admin.register(Membership)
class MembershipAdmin(Owned):
    called = "Team"
    list_display = ("user", "role", "created_at")
    list_filter = ("role",)
    search_fields = ("user__email", "user__name")


@admin.register(Invitation)
class InvitationAdmin(Owned):
    list_display = ("email", "role", "created_at", "expires_at")
    search_fields = ("email",)
    hidden = ("token_hash",)


@admin.register(ApiKey)
class ApiKeyAdmin(Owned):
    called = "API keys"
    list_display = ("name", "prefix", "scopes", "last_used_at", "expires_at", "revoked_at")
    search_fields = ("name", "prefix")
    hidden = ("secret_hash",)


@admin.register(MailWords)
class MailWordsAdmin(Owned):
    called = "Words of e-mails"
    list_display = ("letter", "subject")


@admin.register(AuditEntry)
class AuditEntryAdmin(Owned):
    called = "Audit log"
    labels = {
        "actor_name": "Who",
        "actor_kind": "As",
        "verb": "Did",
        "object_type": "To what",
        "object_id": "Its ID",
        "at": "When",
    }
    list_display = ("actor_name", "actor_kind", "verb", "object_type", "object_id", "at")
    list_filter = (ActorKind,)
    search_fields = ("verb__istartswith", "actor_name__istartswith")
    ids = ("object_id", "actor_id")
