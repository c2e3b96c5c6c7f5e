"""The audit log (SPEC P4): who did what to which object, and what it was before."""

import uuid
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.urls import reverse

from backoffice.asked import Asked
from backoffice.door import StaffRequest, page, staff_page
from merchants.audit import written_between
from merchants.models import AuditEntry
from merchants.roles import Permission
from pages.exports import Export, each
from pages.listing import Sort, sheet
from pages.periods import PRESETS, Period, period_of

_ACTORS = (
    ("user", "Team"), ("partner", "Partners"), ("key", "API keys"), ("system", "Accrue"), ("operator", "Operators"),
)  # fmt: skip
_AREAS = (
    ("partner", "Partners"), ("coupon", "Codes"), ("link", "Links"), ("rewardversion", "Rewards"),
    ("customer", "Customers"), ("order", "Orders"), ("commission", "Commissions"), ("payout", "Payouts"),
    ("merchant", "Settings"), ("membership", "Team"), ("invitation", "Invitations"), ("apikey", "API keys"),
    ("job", "Jobs"),
)  # fmt: skip
#: Where an object has a page of its own.
_PAGES = {
    "partner": "partners_detail",
    "customer": "customers_detail",
    "order": "orders_detail",
    "commission": "commissions_detail",
    "payout": "payouts_detail",
}


@staff_page(Permission.VIEW_AUDIT)
def audit(request: StaffRequest) -> HttpResponseBase:
    """The log, newest first."""
    asked = Asked.of(request)
    found = sheet(request, _rows(asked), sorts={"at": Sort("id", uuid.UUID)}, default="-at")
    entries = [(entry, list(changes_of(entry)), _address(request, entry)) for entry in found.rows]
    context = {
        "sheet": found, "entries": entries, "period": _period(asked), "presets": PRESETS,
        "actors": _ACTORS, "areas": _AREAS, "actor": asked.text("actor"), "area": asked.text("area"),
        "partials": {"list"},
    }  # fmt: skip
    return page(request, "backoffice/audit.html", context)


def _period(asked: Asked) -> Period:
    return period_of(asked.query, default=90)


def _rows(asked: Asked) -> "QuerySet[AuditEntry]":
    """The entries asked for."""
    period = _period(asked)
    rows = written_between(asked.merchant.audit_entries.all(), period.begins(), period.ends())
    if not asked.may(Permission.VIEW_PAYOUTS):
        rows = rows.exclude(object_type="payout")
    actor, area = asked.text("actor"), asked.text("area")
    if actor in dict(_ACTORS):
        rows = rows.filter(actor_kind=actor)
    if area in dict(_AREAS):
        rows = rows.filter(object_type=area)
    return rows


def _cells(entry: AuditEntry) -> list[object]:
    return [
        entry.at, entry.actor_kind, entry.actor_name, entry.verb, entry.object_type, entry.object_id,
        entry.object_count, entry.before, entry.after, entry.request_id,
    ]  # fmt: skip


def _called(asked: Asked) -> str:
    period = _period(asked)
    return f"audit-{period.start}-{period.end}"


EXPORT = Export(
    name="audit",
    title="Audit log",
    header="at actor_kind actor verb object_type object_id objects before after request_id".split(),
    rows=_rows,
    lines=lambda asked: each(_cells),
    by="id",
    # Its file tells of payouts too.
    needs=frozenset({Permission.VIEW_AUDIT, Permission.VIEW_PAYOUTS}),
    called=_called,
)


def changes_of(entry: AuditEntry) -> Iterator[tuple[str, str, str]]:
    """Field, before and after, as text."""
    before, after = entry.before or {}, entry.after or {}
    for name in {**before, **after}:
        yield name.replace("_", " "), _text(before.get(name)), _text(after.get(name))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return ", ".join(map(_text, value[:20])) + (f" and {len(value) - 20} more" if len(value) > 20 else "")
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_text(each)}" for name, each in value.items())
    return str(value)


def _address(request: StaffRequest, entry: AuditEntry) -> str:
    name = _PAGES.get(entry.object_type)
    if name is None or (entry.object_type == "payout" and not request.may(Permission.VIEW_PAYOUTS)):
        return ""
    return reverse(f"backoffice:{name}", args=[request.merchant.slug, entry.object_id])
