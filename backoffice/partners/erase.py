"""Erasing a partner: the page that asks, and says what goes and what stays."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponseBase
from django.urls import reverse

from backoffice.door import StaffRequest, done, form_status, posted, sent, staff_page
from backoffice.partners.editor import partner_of, partner_page
from merchants.roles import Permission
from pages.forms import PageForm
from tracking.erasure import erase_partner


class EraseForm(PageForm):
    """What has to be typed before a partner is erased."""

    confirm = forms.CharField(label="Confirm", max_length=254)

    def __init__(self, *args: Any, wanted: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wanted = wanted

    def clean_confirm(self) -> str:
        """Exactly their e-mail."""
        typed: str = self.cleaned_data["confirm"].strip()
        if typed != self.wanted:
            raise forms.ValidationError(f"Type {self.wanted} to erase this partner.")
        return typed


@staff_page(Permission.EDIT_PARTNERS)
def partners_erase(request: StaffRequest, partner: UUID) -> HttpResponseBase:
    """Ask for the e-mail, then erase; the page of the job says how far it is."""
    found = partner_of(request, partner)
    form = EraseForm(posted(request), wanted=found.email)
    if sent(request, form):
        name = found.name
        with form.refused():
            job = erase_partner(found, actor=request.actor)
            address = reverse("backoffice:partners", args=[request.merchant.slug])
            if job is not None:
                address = reverse("backoffice:jobs_detail", args=[request.merchant.slug, job.id])
            return done(request, f"{name} is erased.", address)
    return partner_page(request, found, "erase", {"form": form, "partials": {"ask"}}, status=form_status(form))
