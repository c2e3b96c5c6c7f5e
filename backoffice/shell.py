"""What stands around every page: the sidebar, who is signed in, where.

A context processor, so that a view hands over only what is its own. Pages outside a merchant (sign-in, the choice of a
merchant) have no `merchant` on the request and get nothing.
"""

from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest
from django.urls import reverse

from affiliates.models import PartnerStatus
from commissions.models import FlagOutcome
from merchants.models import Merchant
from merchants.roles import Permission, Role, allowed
from pages.listing import CountedSoFar, counted_shown

_COUNT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the sidebar."""

    name: str
    label: str
    icon: str
    key: str
    """The letter that leads there after G."""
    permission: Permission
    counted: str = ""
    """What is counted beside the label."""


GROUPS: tuple[tuple[str, tuple[Item, ...]], ...] = (
    ("", (Item("overview", "Overview", "layout-dashboard", "h", Permission.VIEW),)),
    (
        "Affiliates",
        (
            Item("partners", "Partners", "users-round", "p", Permission.VIEW, "partners"),
            Item("groups", "Groups", "layers", "g", Permission.VIEW),
            Item("customers", "Customers", "contact-round", "c", Permission.VIEW, "customers"),
            Item("orders", "Orders", "shopping-bag", "o", Permission.VIEW),
            Item("rules", "Rewards", "percent", "r", Permission.VIEW),
            Item("bonuses", "Bonuses", "trophy", "b", Permission.VIEW),
            Item("commissions", "Commissions", "receipt", "m", Permission.VIEW),
            Item("payouts", "Payouts", "banknote", "y", Permission.VIEW_PAYOUTS),
            Item("review", "Fraud review", "shield-alert", "f", Permission.VIEW, "doubts"),
            Item("assets", "Assets", "images", "a", Permission.VIEW),
            Item("announcements", "Announcements", "megaphone", "n", Permission.VIEW),
        ),
    ),
    (
        "Developers",
        (
            Item("keys", "API keys", "key-round", "k", Permission.MANAGE_KEYS),
            Item("audit", "Audit log", "scroll-text", "l", Permission.VIEW_AUDIT),
        ),
    ),
    ("Workspace", (
        Item("jobs", "Exports and jobs", "list-checks", "j", Permission.VIEW),
        Item("staff", "Team", "users", "t", Permission.MANAGE_STAFF),
        Item("settings", "Settings", "settings", "s", Permission.EDIT_SETTINGS),
    )),
)  # fmt: skip


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context of every page of the back-office."""
    membership = getattr(request, "membership", None)
    if membership is None:
        return {}
    merchant: Merchant = membership.merchant
    role = Role(membership.role)
    match = request.resolver_match
    active = (match.url_name or "").partition("_")[0] if match else ""
    counts = _counts(merchant)
    groups = [
        (label, [
            {
                "label": item.label,
                "icon": item.icon,
                "key": item.key,
                "url": reverse(f"backoffice:{item.name}", args=[merchant.slug]),
                "count": counts.get(item.counted),
                "active": active == item.name,
            }
            for item in items
            if allowed(role, item.permission)
        ])
        for label, items in GROUPS
    ]  # fmt: skip
    return {
        "merchant": merchant,
        "membership": membership,
        "role_name": role.label,
        "applications": counts["applications"],
        "doubts": counts["doubts"],
        "navigation": [(label, items) for label, items in groups if items],
        "may": {permission.value: allowed(role, permission) for permission in Permission},
    }


def _counts(merchant: Merchant) -> dict[str, str]:
    """How many partners, customers, applications and doubtful commissions there are, up to 10,000 each.

    As of the last half minute. One query.
    """
    key = f"shell:{merchant.id}"
    found: dict[str, str] | None = cache.get(key)
    if found is None:
        counted = {
            "partners": merchant.partners.all(),
            "customers": merchant.customers.all(),
            "applications": merchant.partners.filter(status=PartnerStatus.APPLIED),
            "doubts": merchant.commissions.filter(
                id__in=merchant.flags.filter(outcome=FlagOutcome.OPEN).values("commission")
            ),
        }
        counts = {name: CountedSoFar(rows) for name, rows in counted.items()}
        numbers = Merchant.objects.filter(id=merchant.id).values_list(*counts.values()).first()
        if numbers is None:
            # A page that says 404 is rendered outside of the tenant, where nothing is visible.
            return dict.fromkeys(counts, "")
        found = {name: counted_shown(number) for name, number in zip(counts, numbers, strict=True)}
        cache.set(key, found, _COUNT_SECONDS)
    return found
