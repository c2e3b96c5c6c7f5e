"""What a merchant decides (SPEC P7, A5, A12): one card for each topic, each saved by itself."""

import zoneinfo
from collections.abc import Iterator
from typing import Any

from django import forms
from django.http import Http404, HttpResponseBase
from django.urls import reverse

from backoffice.door import StaffRequest, done, form_status, page, sent, staff_page
from merchants.models import AttributionModel, CustomersShown, Merchant, SelfReferralPolicy, TouchKind
from merchants.money import EXPONENTS
from merchants.roles import Permission
from merchants.settings import update_merchant
from pages.brand import brand_of
from pages.forms import MoneyField, PageForm, SeenField

_KINDS = {
    TouchKind.API: "Named by the API",
    TouchKind.COUPON: "Coupon",
    TouchKind.CLICK: "Click on a link",
    TouchKind.CUSTOMER: "Partner the customer belongs to",
}


class SettingsForm(PageForm):
    """One topic."""

    seen = SeenField()

    def changes(self) -> dict[str, Any]:
        """What was typed, as the verb takes it."""
        return {name: value for name, value in self.cleaned_data.items() if name != "seen"}

    @classmethod
    def of(cls, merchant: Merchant) -> dict[str, Any]:
        """What stands in the form when nobody has typed anything."""
        return {name: getattr(merchant, name) for name in cls.base_fields if name != "seen"} | {"seen": SeenField.now()}


class BrandForm(SettingsForm):
    """How the merchant appears to partners."""

    name = forms.CharField(label="Name", max_length=200)
    brand_color = forms.CharField(
        label="Colour", required=False, widget=forms.TextInput(attrs={"pattern": "#[0-9a-fA-F]{6}"}), max_length=7,
        help_text="Such as #14532d. Empty is black. Where it could not be read, a darker or lighter shade is used.",
    )  # fmt: skip
    reply_to = forms.EmailField(
        label="Reply-to", required=False, max_length=254, help_text="Where answers to your e-mail go."
    )


class MoneyForm(SettingsForm):
    """In what the merchant counts, and from when on a payout is worth it."""

    currency = forms.ChoiceField(label="Currency", choices=[(code, code) for code in sorted(EXPONENTS)],
                                 help_text="What pages and new rewards start with. Orders may be in any.")  # fmt: skip
    minimum_payout = MoneyField(label="Minimum payout", help_text="In this currency.")


class TimeForm(SettingsForm):
    """Which day an order belongs to."""

    time_zone = forms.ChoiceField(label="Time zone", help_text="A change counts every day anew; it takes a moment.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = self.fields["time_zone"]
        assert isinstance(zone, forms.ChoiceField)
        zone.choices = [(name, name) for name in sorted(zoneinfo.available_timezones()) if "/" in name or name == "UTC"]


class HoldForm(SettingsForm):
    """How long a commission waits for refunds."""

    hold_days = forms.IntegerField(
        label="Hold, in days", min_value=0, max_value=3650,
        help_text="A commission can be paid when this many days have passed since its order.",
    )  # fmt: skip


class AttributionForm(SettingsForm):
    """Whose an order is when several partners could say so."""

    attribution_model = forms.ChoiceField(
        label="Of several clicks", choices=((AttributionModel.LAST_TOUCH, "the last wins"),
                                            (AttributionModel.FIRST_TOUCH, "the first wins")),
    )  # fmt: skip
    attribution_window_days = forms.IntegerField(
        label="Window, in days", min_value=0, max_value=3650, help_text="Older clicks do not count."
    )
    self_referral = forms.ChoiceField(
        label="A partner who buys through their own code",
        choices=((SelfReferralPolicy.REJECT, "earns nothing"), (SelfReferralPolicy.ALLOW, "earns as with anybody")),
    )
    first = forms.ChoiceField(label="Strongest")
    second = forms.ChoiceField(label="Then", required=False)
    third = forms.ChoiceField(label="Then", required=False)
    fourth = forms.ChoiceField(label="Then", required=False)

    _ORDER = ("first", "second", "third", "fourth")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(kind.value, label) for kind, label in _KINDS.items()]
        for name in self._ORDER:
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices if name == "first" else [("", "nothing more"), *choices]

    @classmethod
    def of(cls, merchant: Merchant) -> dict[str, Any]:
        """The precedence, place by place."""
        names = ("attribution_model", "attribution_window_days", "self_referral")
        places = dict(zip(cls._ORDER, [*merchant.attribution_precedence, "", "", ""], strict=False))
        return {name: getattr(merchant, name) for name in names} | places | {"seen": SeenField.now()}

    def changes(self) -> dict[str, Any]:
        """The places as a list."""
        values = super().changes()
        places = [values.pop(name) for name in self._ORDER]
        return values | {"attribution_precedence": [place for place in places if place]}

    renames = {"attribution_precedence": "first"}


class LinksForm(SettingsForm):
    """Where links may lead, and how they say whose they are."""

    domains = forms.CharField(
        label="Your domains", required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="One a line. Links lead there or to a subdomain, and nowhere else.",
    )  # fmt: skip
    link_parameters = forms.CharField(
        label="Parameters on your site", max_length=500, help_text="Such as via, ref. The first is used for new links."
    )

    @classmethod
    def of(cls, merchant: Merchant) -> dict[str, Any]:
        """Lists as people write them."""
        return {
            "domains": "\n".join(merchant.domains),
            "link_parameters": ", ".join(merchant.link_parameters),
            "seen": SeenField.now(),
        }

    def changes(self) -> dict[str, Any]:
        """Texts back to lists."""
        values = self.cleaned_data
        return {
            "domains": [line.strip() for line in values["domains"].splitlines() if line.strip()],
            "link_parameters": [each.strip() for each in values["link_parameters"].split(",") if each.strip()],
        }


class PortalForm(SettingsForm):
    """What partners see of the customers they brought."""

    portal_customers = forms.ChoiceField(
        label="Partners see their customers' names", choices=(
            (CustomersShown.NAME, "whole"),
            (CustomersShown.INITIALS, "as initials"),
            (CustomersShown.NOTHING, "not at all"),
        ),
    )  # fmt: skip


#: Name, title, one sentence, form.
CARDS: dict[str, tuple[str, str, type[SettingsForm]]] = {
    "brand": ("Brand", "How partners see you, in the portal and in e-mail.", BrandForm),
    "money": ("Money", "", MoneyForm),
    "time": ("Time zone", "", TimeForm),
    "hold": ("Commissions", "", HoldForm),
    "attribution": ("Attribution", "Whose an order is when several partners could say so.", AttributionForm),
    "links": ("Links", "", LinksForm),
    "portal": ("Portal", "", PortalForm),
}


@staff_page(Permission.EDIT_SETTINGS)
def settings(request: StaffRequest, card: str = "") -> HttpResponseBase:
    """All cards; a sent one is saved, and what somebody else changed meanwhile is shown first."""
    merchant = request.merchant
    if card and card not in CARDS:
        raise Http404
    status, cards = 200, []
    for name, title, sentence, form in _forms(request, card):
        if (
            name == card
            and sent(request, form)
            and not form.overtaken(merchant, "merchant", merchant.id, form.changes())
        ):
            with form.refused():
                update_merchant(merchant, changes=form.changes(), actor=request.actor)
                address = reverse("backoffice:settings", args=[merchant.slug]) + f"#{name}"
                return done(request, f"{title} saved.", address)
        status = max(status, form_status(form))
        cards.append({"name": name, "title": title, "sentence": sentence, "form": form})
    context = {"cards": cards, "brand": brand_of(merchant.brand_color)}
    return page(request, "backoffice/settings.html", context, status=status)


def _forms(request: StaffRequest, card: str) -> Iterator[tuple[str, str, str, SettingsForm]]:
    for name, (title, sentence, form) in CARDS.items():
        data = request.POST if request.method == "POST" and name == card else None
        yield name, title, sentence, form(data, initial=form.of(request.merchant), auto_id=f"{name}_%s")
