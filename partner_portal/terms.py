"""The terms of the program: read, and accepted again when there is a new version (SPEC A7).

Once the day for that has passed, this is the only page that a partner finds.
"""

from django import forms
from django.http import Http404, HttpResponseBase
from django.urls import reverse

from affiliates.program_terms import terms_in_force
from fraud.terms import accept
from pages.forms import PageForm
from partner_portal.door import PartnerRequest, done, form_status, page, posted, sent, terms_page


class AcceptForm(PageForm):
    """That they were read."""

    number = forms.IntegerField(widget=forms.HiddenInput)
    """Of the version that stood there."""


@terms_page
def terms(request: PartnerRequest) -> HttpResponseBase:
    """The version in force, and when the partner accepted it or until when that is asked for."""
    partner = request.partner
    found = terms_in_force(partner.program)
    if found is None:
        raise Http404
    form = AcceptForm(posted(request), initial={"number": found.number})
    if sent(request, form):
        with form.refused():
            accept(partner, number=form.cleaned_data["number"], actor=request.actor)
            address = reverse("portal:home", args=[partner.portal_code])
            return done(request, "Thank you. The terms are accepted.", address)
    accepted = partner.terms_acceptances.filter(terms=found).first()
    context = {"terms": found, "accepted": accepted, "form": form}
    return page(request, "partner_portal/terms.html", context, status=form_status(form))
