"""Saying which partner in a form: there may be too many to list, so people type what they know of them."""

from typing import Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from affiliates import search
from affiliates.models import Partner
from backoffice.door import StaffRequest, staff_page
from merchants.models import Merchant
from merchants.roles import Permission
from merchants.tenancy import current

_SUGGESTED = 8
#: Fewer letters find everybody.
_LEAST = 2


class PartnerField(forms.CharField):
    """A partner of the running tenant, by e-mail or coupon code; None where nothing is typed and nothing has to be.

    `backoffice/partners/options.html` suggests partners by any word of theirs while somebody types.
    """

    def __init__(self, *, help_text: str = "", label: str = "Partner", required: bool = True) -> None:
        super().__init__(
            label=label, required=required, max_length=254, help_text=f"E-mail or coupon code. {help_text}".strip()
        )
        self.widget.attrs |= {"list": "partner-options", "autocomplete": "off", "spellcheck": "false"}

    def clean(self, value: Any) -> Partner | None:
        """The partner; a ValidationError when nobody is called so."""
        typed = str(super().clean(value)).strip()
        if not typed:
            return None
        merchant = Merchant(id=current())
        found: Partner | None = merchant.partners.filter(email=typed.lower()).first()
        if found is None:
            coupon = merchant.coupons.select_related("partner").filter(key=typed.upper()).first()
            found = coupon.partner if coupon else None
        if found is None:
            raise forms.ValidationError(f"There is no partner with the e-mail or coupon code {typed}.")
        return found


def came_from(request: StaffRequest) -> str:
    """The e-mail of the partner whose page led here (`?partner=<id>`); empty without one."""
    try:
        asked = UUID(request.GET.get("partner", ""))
    except ValueError:
        return ""
    email: str | None = request.merchant.partners.filter(id=asked).values_list("email", flat=True).first()
    return email or ""


@staff_page(Permission.VIEW)
def partners_options(request: StaffRequest) -> HttpResponseBase:
    """A few partners whom what was typed finds, for the field that was typed in, whatever it is called.

    It is no page: whoever opens it is led to the list of partners.
    """
    typed = str(next(iter(request.GET.values()), "")).strip()[:100]
    if not request.htmx:
        return redirect(reverse("backoffice:partners", args=[request.merchant.slug], query={"q": typed}))
    partners: QuerySet[Partner] = request.merchant.partners.none()
    if len(typed) >= _LEAST:
        partners = request.merchant.partners.filter(search.found_by(typed)).order_by("name")[:_SUGGESTED]
    return render(request, "backoffice/partners/options.html#options", {"partners": partners})
