"""The terms of the program: read, and accepted again when there is a new version (SPEC A7)."""

from django import forms
from django.http import Http404, HttpResponseBase
from django.urls import reverse

from affiliates.program_terms import accept_newest, terms_in_force
from pages.forms import PageForm
from partner_portal.door import PartnerRequest, done, form_status, page, partner_page, posted, sent


class AcceptForm(PageForm):
    """That they were read."""

    number = forms.IntegerField(widget=forms.HiddenInput)
    """Of the version that stood there."""


@partner_page
def terms(request: PartnerRequest) -> HttpResponseBase:
    """The version in force, and when the partner accepted it or until when that is asked for."""
    partner = request.partner
    found = terms_in_force(partner.program)
    if found is None:
        raise Http404
    form = AcceptForm(posted(request), initial={"number": found.number})
    if sent(request, form):
        with form.refused():
            accept_newest(partner, number=form.cleaned_data["number"], actor=request.actor)
            address = reverse("portal:home", args=[partner.portal_code])
            return done(request, "Thank you. The terms are accepted.", address)
    accepted = partner.terms_acceptances.filter(terms=found).first()
    context = {"terms": found, "accepted": accepted, "form": form}
    return page(request, "partner_portal/terms.html", context, status=form_status(form))
