"""What a partner wrote when they applied, and the decision about it (SPEC A7)."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponseBase
from django.urls import reverse

from affiliates import partners as verbs
from affiliates.applications import proposed_code
from affiliates.models import Application, Partner
from backoffice.door import StaffRequest, done, form_status, posted, staff_page
from backoffice.partners.bulk import LONGEST_MESSAGE
from backoffice.partners.editor import partner_of, partner_page
from fraud.addresses import neighbours
from merchants.roles import Permission
from pages import decisions
from pages.forms import PageForm

_WORDS = {"approve": "approved", "reject": "rejected", "suspend": "suspended"}


class DecisionForm(PageForm):
    """What goes with a decision; about an applicant more than about somebody who is let in again."""

    group: Any = forms.ModelChoiceField(label="Group", queryset=None, required=False, empty_label="None")
    coupon_code = forms.CharField(
        label="Coupon code", required=False, max_length=64, help_text="A proposal that is free. Empty makes none."
    )
    message = forms.CharField(
        label="Message", required=False, max_length=LONGEST_MESSAGE, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Stands in the e-mail.",
    )  # fmt: skip
    is_told = forms.BooleanField(label="Tell them by e-mail", required=False)

    def __init__(self, *args: Any, action: str, partner: Partner, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = {"approve": ("group", "coupon_code", "message", "is_told"), "reject": ("message", "is_told")}
        is_applicant = partner.status in decisions.APPLICANTS
        for name in set(self.fields) - set(asked.get(action, ()) if is_applicant else ()):
            del self.fields[name]
        if "group" in self.fields:
            group = self.fields["group"]
            assert isinstance(group, forms.ModelChoiceField)
            group.queryset = partner.merchant.groups.filter(program=partner.program_id).order_by("name")


@staff_page(Permission.EDIT_PARTNERS)
def partners_status(request: StaffRequest, partner: UUID, action: str) -> HttpResponseBase:
    """Ask, then approve, reject or suspend."""
    found = partner_of(request, partner)
    initial: dict[str, Any] = {"group": found.group_id, "is_told": True}
    if action == "approve" and request.method != "POST":
        initial["coupon_code"] = proposed_code(found)
    form = DecisionForm(posted(request), initial=initial, action=action, partner=found)
    if request.method == "POST" and form.is_valid():
        with form.refused():
            _decide(found, action, form.cleaned_data, request)
            address = reverse("backoffice:partners_detail", args=[request.merchant.slug, found.id])
            return done(request, f"{found.name} is {_WORDS[action]}.", address)
    context = {"form": form, "action": action, "application": latest_of(found), "partials": {"ask"}}
    return partner_page(request, found, "status", context, status=form_status(form))


def _decide(partner: Partner, action: str, how: dict[str, Any], request: StaffRequest) -> None:
    if action == "suspend":
        verbs.suspend(partner, actor=request.actor)
    else:
        verb = decisions.approve if action == "approve" else decisions.reject
        verb(partner, **how, actor=request.actor)


@staff_page(Permission.VIEW)
def partners_application(request: StaffRequest, partner: UUID) -> HttpResponseBase:
    """Every application of the partner, newest first, who came from the same place, and which terms they accepted."""
    found = partner_of(request, partner)
    context = {
        "sent": found.applications.select_related("terms", "group").order_by("-created_at"),
        "accepted": found.terms_acceptances.select_related("terms").order_by("-accepted_at"),
        "neighbours": neighbours(found),
    }
    return partner_page(request, found, "application", context)


def latest_of(partner: Partner) -> Application | None:
    """What the partner wrote last; None for somebody who never applied."""
    return partner.applications.order_by("-created_at").first()
