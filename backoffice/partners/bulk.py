"""One decision for many partners, ticked or all that match."""

from django.contrib import messages
from django.http import HttpResponseBase
from django.urls import reverse

from affiliates.decisions import DECISIONS, kind_name
from backoffice.asked import Asked
from backoffice.chosen import Chosen
from backoffice.door import StaffRequest, done, led_to, page, staff_page
from backoffice.partners.list import matching
from jobs.start import start
from merchants.roles import Permission

_SHOWN = 20


@staff_page(Permission.EDIT_PARTNERS)
def partners_bulk(request: StaffRequest) -> HttpResponseBase:
    """Ask, then decide. Those whose status does not allow it are left as they are and counted."""
    back = reverse("backoffice:partners", args=[request.merchant.slug])
    action = request.POST.get("action", "")
    if request.method != "POST" or action not in DECISIONS:
        return done(request, "Nothing was changed: choose partners in the list first.", back)
    decision = DECISIONS[action]
    chosen = Chosen(request, matching(Asked.of(request)))
    if not chosen.ids:
        messages.error(request, "Choose at least one partner.")
        return done(request, "Nothing was changed.", back)
    if chosen.are_others:
        messages.error(request, "Meanwhile other partners match. Nothing is changed yet: look again.")
    if not chosen.confirmed or chosen.are_others:
        shown = request.merchant.partners.filter(id__in=chosen.ids[:_SHOWN]).order_by("id")
        context = {"action": action, "decision": decision, "chosen": chosen, "shown": shown}
        return page(request, "backoffice/partners/bulk.html", context)
    if chosen.is_many:
        parameters = {"ids": [str(id) for id in chosen.ids]}
        total = len(chosen.ids)
        job = start(
            kind_name(action), merchant=request.merchant, parameters=parameters, total=total, actor=request.actor
        )
        return led_to(request, reverse("backoffice:jobs_detail", args=[request.merchant.slug, job.id]))
    changed = decision.about(chosen.rows.order_by("id"), actor=request.actor)
    return done(request, decision.said(changed, len(chosen.ids)), back)
