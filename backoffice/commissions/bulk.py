"""Rejecting and restoring many commissions, ticked or all that match: all of them or none, and very many by a job."""

from collections.abc import Callable
from typing import NamedTuple

from django.contrib import messages
from django.http import HttpResponseBase
from django.urls import reverse

from backoffice.asked import Asked
from backoffice.chosen import Chosen
from backoffice.commissions.detail import ReasonForm
from backoffice.commissions.list import address_of, matching
from backoffice.door import StaffRequest, done, form_status, led_to, page, staff_page
from commissions.in_bulk import start_deciding
from commissions.models import Commission
from commissions.rejection import reject_many, restore_many
from merchants.roles import Permission


class _Decision(NamedTuple):
    """What can be decided about many."""

    verb: Callable[..., int]
    said: str
    said_of_none: str


_DECISIONS = {
    "reject": _Decision(reject_many, "rejected", "All were rejected."),
    "restore": _Decision(restore_many, "restored", "None was rejected."),
}


@staff_page(Permission.EDIT_COMMISSIONS)
def commissions_decide(request: StaffRequest, action: str) -> HttpResponseBase:
    """Ask why, then decide."""
    chosen: Chosen[Commission] = Chosen(request, matching(Asked.of(request)))
    if not chosen.ids:
        return done(request, "Nothing was changed: choose commissions in the list first.", address_of(request))
    form = ReasonForm(request.POST if chosen.confirmed else None)
    if chosen.are_others:
        messages.error(request, "Meanwhile other commissions match. Nothing is changed yet: look again.")
    elif chosen.confirmed and form.is_valid():
        decision, reason = _DECISIONS[action], form.cleaned_data["reason"]
        with form.refused():
            if chosen.is_many:
                job = start_deciding(
                    action, merchant=request.merchant, commission_ids=chosen.ids, reason=reason, actor=request.actor
                )
                return led_to(request, reverse("backoffice:jobs_detail", args=[request.merchant.slug, job.id]))
            count = decision.verb(request.merchant, chosen.ids, reason=reason, actor=request.actor)
            plural = "" if count == 1 else "s"
            said = f"{count} commission{plural} {decision.said}." if count else decision.said_of_none
            return done(request, said, address_of(request))
    context = {"chosen": chosen, "form": form, "action": action, "partials": {"ask"}}
    return page(request, "backoffice/commissions/bulk.html", context, status=form_status(form))
