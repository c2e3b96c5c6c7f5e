"""One commission, explained so that a person without training understands it (SPEC A14), and what may be done to it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Exists, OuterRef
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse

from backoffice.door import StaffRequest, done, form_status, once, page, posted, sent, staff_page
from backoffice.partners.choosing import PartnerField, came_from
from commissions.adjustment import adjust, adjustments_of, worth
from commissions.decisions import PAID
from commissions.hold import release_now
from commissions.manual import record_manual
from commissions.models import Commission, CommissionStatus
from commissions.rejection import reject, restore
from fraud.rules import RULES
from merchants.money import EXPONENTS
from merchants.roles import Permission
from pages.books import commission_steps, entries_of
from pages.forms import MoneyField, OnceField, PageForm
from pages.working import exact_of, lines_left_out, parts_of

_UNPAID = (CommissionStatus.PENDING, CommissionStatus.APPROVED)
_OVER = (CommissionStatus.REVERSED, CommissionStatus.REJECTED)


class ReasonForm(PageForm):
    """Why."""

    reason = forms.CharField(label="Reason", max_length=500, help_text="Kept in the audit log.")


class AdjustForm(ReasonForm):
    """What the partner shall get, and why."""

    once = OnceField()
    amount = MoneyField(label="The partner gets")
    field_order = ["once", "amount", "reason"]


class ManualForm(ReasonForm):
    """A commission without an order."""

    once = OnceField()
    partner = PartnerField()
    amount = MoneyField(label="Amount", least=None, help_text="Below zero it is a correction.")
    currency = forms.ChoiceField(label="Currency", choices=[(code, code) for code in sorted(EXPONENTS)])
    field_order = ["once", "partner", "amount", "currency", "reason"]


@staff_page(Permission.VIEW)
def commissions_detail(request: StaffRequest, commission: UUID) -> HttpResponseBase:
    """The explanation: as a page, or as a panel beside the list."""
    found = _commission(request, commission)
    reversals = list(found.reversals.select_related("refund").order_by("id"))
    item = found.payout_items.filter(is_live=True).select_related("payout").first() if found.status in PAID else None
    adjustments = list(adjustments_of(found))
    decisions = list(found.decisions.order_by("id"))
    steps = commission_steps(found.id, reversals, decisions)
    context = {
        "commission": found,
        "worth": sum(row.amount - row.reversed for row in [found, *adjustments]),
        "adjustments": adjustments,
        "flags": list(found.flags.order_by("-severity", "id")),
        "titles": {key: rule.title for key, rule in RULES.items()},
        "adjusted": found.adjusts,
        "reward": found.explanation.get("reward", {}),
        "rules": found.explanation.get("rules", []),
        "left_out": [
            (part, amount) for part, amount in found.explanation.get("base", {}).get("less", {}).items() if amount
        ],
        "exact": exact_of(found),
        "parts": parts_of(found),
        "lines_left_out": lines_left_out(found),
        "shares": _shares(found),
        "unpaid_levels": _unpaid_levels(found),
        "reversals": reversals,
        "decisions": decisions,
        "payout": item.payout if item and request.may(Permission.VIEW_PAYOUTS) else None,
        "entries": entries_of(request.merchant.entries.all(), steps),
        "has_actions": found.status in _UNPAID or found.status == CommissionStatus.REJECTED or _is_adjustable(found),
        "is_adjustable": _is_adjustable(found),
        "reason": found.order.attribution.get("reason", "") if found.order else "",
        "candidates": found.order.attribution.get("candidates", []) if found.order else [],
        "partials": {"panel"},
    }
    return page(request, "backoffice/commissions/detail.html", context)


@staff_page(Permission.EDIT_COMMISSIONS)
def commissions_new(request: StaffRequest) -> HttpResponseBase:
    """A commission by hand."""
    form = ManualForm(posted(request), initial={"currency": request.merchant.currency, "partner": came_from(request)})
    if sent(request, form):
        with form.refused():
            address = once(request, form, lambda: _record(request, form))
            return done(request, "The commission is recorded.", address)
    return page(request, "backoffice/commissions/new.html", {"form": form}, status=form_status(form))


@staff_page(Permission.EDIT_COMMISSIONS)
def commissions_adjust(request: StaffRequest, commission: UUID) -> HttpResponseBase:
    """Give the partner another amount for it."""
    found = _commission(request, commission)
    form = AdjustForm(posted(request), currency=found.currency, initial={"amount": worth(found)})
    if sent(request, form):
        with form.refused():
            address = once(request, form, lambda: _adjust(request, found, form))
            said = "Adjusted: the difference is a commission of its own"
            if found.status == CommissionStatus.PAID:
                said = "What was paid stays as it was: the difference is a commission of its own, for the next payout"
            return done(request, f"{said}.", address)
    return _ask(request, found, form, "adjust")


@staff_page(Permission.EDIT_COMMISSIONS)
def commissions_reject(request: StaffRequest, commission: UUID) -> HttpResponseBase:
    """Take it back, all of it."""
    return _decide(request, commission, "reject", reject, "The commission is rejected.")


@staff_page(Permission.EDIT_COMMISSIONS)
def commissions_restore(request: StaffRequest, commission: UUID) -> HttpResponseBase:
    """Give it again after it was rejected."""
    return _decide(request, commission, "restore", restore, "The commission is restored.")


@staff_page(Permission.EDIT_COMMISSIONS)
def commissions_release(request: StaffRequest, commission: UUID) -> HttpResponseBase:
    """End its hold early."""
    return _decide(request, commission, "release", release_now, "It can be paid now.")


def _decide(
    request: StaffRequest, commission: UUID, action: str, verb: Callable[..., Commission], said: str
) -> HttpResponseBase:
    found = _commission(request, commission)
    form = ReasonForm(posted(request))
    if sent(request, form):
        with form.refused():
            verb(found, reason=form.cleaned_data["reason"], actor=request.actor)
            return done(request, said, _address(request, found))
    return _ask(request, found, form, action)


def _ask(request: StaffRequest, commission: Commission, form: PageForm, action: str) -> HttpResponseBase:
    context = {"commission": commission, "form": form, "action": action, "partials": {"ask"}}
    return page(request, "backoffice/commissions/decide.html", context, status=form_status(form))


def _record(request: StaffRequest, form: ManualForm) -> str:
    values = form.cleaned_data
    made = record_manual(
        partner=values["partner"],
        amount=values["amount"],
        currency=values["currency"],
        reason=values["reason"],
        actor=request.actor,
    )
    return _address(request, made)


def _adjust(request: StaffRequest, commission: Commission, form: AdjustForm) -> str:
    values = form.cleaned_data
    adjust(commission, amount=values["amount"], reason=values["reason"], actor=request.actor)
    return _address(request, commission)


def _commission(request: StaffRequest, commission: UUID) -> Commission:
    rows = request.merchant.commissions.select_related(
        "order", "customer", "partner", "reward_version", "source__partner", "adjusts__order"
    ).annotate(has_shares=Exists(request.merchant.commissions.filter(source=OuterRef("id"))))
    return get_object_or_404(rows, id=commission)


def _address(request: StaffRequest, commission: Commission) -> str:
    return reverse("backoffice:commissions_detail", args=[request.merchant.slug, commission.id])


def _is_adjustable(commission: Commission) -> bool:
    return commission.is_by_rule and commission.status not in _OVER and not commission.moved


def _shares(commission: Commission) -> list[Commission]:
    """What recruiters earned on it; most commissions have none, and then nothing is asked."""
    if not commission.has_shares:  # type: ignore[attr-defined] # annotated by `_commission`
        return []
    return list(commission.shares.filter(moved=commission.moved).select_related("partner").order_by("level"))


def _unpaid_levels(commission: Commission) -> list[dict[str, Any]]:
    """Those above the partner who earned nothing on it, and why."""
    if commission.order is None or commission.level or commission.moved:
        return []
    return [level for level in commission.order.attribution.get("levels", []) if "why" in level]
