"""One decision for many partners, ticked or all that match."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponseBase
from django.urls import reverse

from backoffice.asked import Asked
from backoffice.chosen import Chosen
from backoffice.door import StaffRequest, done, form_status, led_to, page, staff_page
from backoffice.partners.list import matching
from jobs.start import start
from merchants.models import Merchant
from merchants.roles import Permission
from pages.bulk_decisions import DECISIONS, NO_GROUP, how_of, kind_name
from pages.forms import PageForm

_SHOWN = 20
#: What each decision asks besides yes or no.
_ASKS = {"approve": ("group", "message", "is_told"), "reject": ("message", "is_told"), "move": ("group",)}
LONGEST_MESSAGE = 2_000


class HowForm(PageForm):
    """What goes with a decision."""

    group = forms.ChoiceField(label="Group", required=False)
    message = forms.CharField(
        label="Message", required=False, max_length=LONGEST_MESSAGE, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Stands in the e-mail. The words around it are in the settings, under E-mail.",
    )  # fmt: skip
    is_told = forms.BooleanField(label="Tell applicants by e-mail", required=False)

    def __init__(self, *args: Any, action: str, merchant: Merchant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in set(self.fields) - set(_ASKS.get(action, ())):
            del self.fields[name]
        if "group" in self.fields:
            group = self.fields["group"]
            assert isinstance(group, forms.ChoiceField)
            named = [(str(id), name) for id, name in merchant.groups.order_by("name").values_list("id", "name")]
            first = ("", "as they asked for") if action == "approve" else ("", "Choose a group")
            group.choices = [first, *named, (NO_GROUP, "no group")]
            group.required = action == "move"


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
    filled = request.POST if chosen.confirmed else None
    form = HowForm(filled, initial={"is_told": True}, action=action, merchant=request.merchant)
    if not chosen.confirmed or chosen.are_others or not form.is_valid():
        shown = request.merchant.partners.filter(id__in=chosen.ids[:_SHOWN]).order_by("id")
        context = {"action": action, "decision": decision, "chosen": chosen, "shown": shown, "form": form}
        return page(request, "backoffice/partners/bulk.html", context, status=form_status(form))
    if chosen.is_many:
        parameters = {"ids": [str(id) for id in chosen.ids], "how": form.cleaned_data}
        total = len(chosen.ids)
        job = start(
            kind_name(action), merchant=request.merchant, parameters=parameters, total=total, actor=request.actor
        )
        return led_to(request, reverse("backoffice:jobs_detail", args=[request.merchant.slug, job.id]))
    rows = chosen.rows.select_related("merchant", "program").order_by("id")
    changed = decision.about(rows, how=how_of(request.merchant, **form.cleaned_data), actor=request.actor)
    return done(request, decision.said(changed, len(chosen.ids)), back)
