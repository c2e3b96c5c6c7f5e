"""A new partner, with code and commission, in one go (SPEC A2)."""

from decimal import Decimal
from typing import Any

from django import forms
from django.http import HttpResponseBase
from django.urls import reverse

from affiliates.models import Partner
from affiliates.partners import create_partner
from backoffice.door import StaffRequest, done, form_status, once, page, posted, sent, staff_page
from backoffice.partners.choosing import PartnerField
from merchants.audit import Actor
from merchants.models import Merchant
from merchants.roles import Permission
from pages.forms import MoneyField, OnceField, PageForm
from rewards.terms import set_reward


class RewardFields(PageForm):
    """What a partner earns: nothing of their own, a percentage, or an amount per order."""

    kind = forms.ChoiceField(
        label="Commission",
        choices=(("", "Program's"), ("percentage", "Percentage"), ("fixed", "Fixed")),
        required=False,
    )
    percent = forms.DecimalField(
        label="Percent of the order",
        required=False,
        min_value=Decimal(0),
        max_value=Decimal(100),
        max_digits=7,
        decimal_places=4,
    )
    amount = MoneyField(label="Amount per order", required=False)

    def __init__(self, *args: Any, merchant: Merchant, **kwargs: Any) -> None:
        super().__init__(*args, currency=merchant.currency, **kwargs)
        self.merchant = merchant
        self.fields["percent"].widget.attrs["inputmode"] = "decimal"

    def clean(self) -> dict[str, Any]:
        """A kind needs its number."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if values.get("kind") == "percentage" and values.get("percent") is None and "percent" not in self.errors:
            self.add_error("percent", "Give the percentage, such as 12.5.")
        if values.get("kind") == "fixed" and values.get("amount") is None and "amount" not in self.errors:
            self.add_error("amount", "Give the amount per order.")
        return values

    def give(self, partner: Partner, *, actor: Actor) -> None:
        """Make the terms the partner's own, from now on."""
        values = self.cleaned_data
        if values["kind"] == "percentage":
            set_reward(partner=partner, kind="percentage", percent=values["percent"], actor=actor)
        elif values["kind"] == "fixed":
            currency = self.merchant.currency
            set_reward(partner=partner, kind="fixed", amount=values["amount"], currency=currency, actor=actor)


class NewPartnerForm(RewardFields):
    """Who the partner is and what they start with."""

    once = OnceField()
    name = forms.CharField(label="Name", max_length=200)
    email = forms.EmailField(label="E-mail", max_length=254, help_text="Where the activation link goes. It is unique.")
    coupon_code = forms.CharField(
        label="Coupon code", max_length=64, required=False, help_text="Such as ANNA10. More can follow."
    )
    group: Any = forms.ModelChoiceField(label="Group", queryset=None, required=False, empty_label="None")
    recruiter = PartnerField(label="Recruited by", required=False, help_text="Who brought them, if anybody did.")
    notes = forms.CharField(label="Notes", required=False, widget=forms.Textarea(attrs={"rows": 3}),
                            help_text="Only your team sees them.")  # fmt: skip

    def __init__(self, *args: Any, merchant: Merchant, **kwargs: Any) -> None:
        super().__init__(*args, merchant=merchant, **kwargs)
        group = self.fields["group"]
        assert isinstance(group, forms.ModelChoiceField)
        group.queryset = merchant.groups.order_by("name")


@staff_page(Permission.EDIT_PARTNERS)
def partners_new(request: StaffRequest) -> HttpResponseBase:
    """The form; on success the partner's page."""
    form = NewPartnerForm(posted(request), merchant=request.merchant)
    if sent(request, form):
        with form.refused():
            address = once(request, form, lambda: _make(request, form))
            return done(request, f"{form.cleaned_data['name']} is a partner now.", address)
    return page(request, "backoffice/partners/new.html", {"form": form}, status=form_status(form))


def _make(request: StaffRequest, form: NewPartnerForm) -> str:
    values = {name: form.cleaned_data[name] for name in ("name", "email", "coupon_code", "group", "recruiter", "notes")}
    partner = create_partner(**values, actor=request.actor)
    form.give(partner, actor=request.actor)
    return reverse("backoffice:partners_detail", args=[request.merchant.slug, partner.id])
