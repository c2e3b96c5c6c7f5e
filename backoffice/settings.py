"""What a merchant decides (SPEC P7, A5, A12): one card for each topic, each saved by itself."""

import zoneinfo
from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpResponseBase
from django.urls import reverse

from backoffice.door import StaffRequest, done, form_status, led_to, page, posted, sent, staff_page
from merchants.edits import lock
from merchants.logo import MAX_BYTES, remove_logo, set_logo
from merchants.models import AttributionModel, CustomersShown, Merchant, SelfReferralPolicy, TouchKind
from merchants.money import EXPONENTS
from merchants.roles import Permission
from merchants.settings import update_merchant
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


class LogoForm(PageForm):
    """The picture beside the name."""

    logo = forms.FileField(
        label="File", widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
        help_text="PNG, JPEG or WebP, up to 2 MB. Best with a transparent background, at least 128 pixels high.",
    )  # fmt: skip

    def clean_logo(self) -> bytes:
        """What is in the file. One that is far too large is not even read."""
        file: UploadedFile[bytes] = self.cleaned_data["logo"]
        if (file.size or 0) > MAX_BYTES:
            raise forms.ValidationError("Choose a file of at most 2 MB.")
        file.seek(0)
        return bytes(file.read())


class LegalForm(SettingsForm):
    """Who the merchant is to the law."""

    legal_name = forms.CharField(
        label="Legal name",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    legal_address = forms.CharField(
        label="Address", required=False, max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "street-address"}), help_text="As on an envelope.",
    )  # fmt: skip
    tax_id = forms.CharField(label="Tax ID", required=False, max_length=64, help_text="Such as a VAT number or an EIN.")
    contact_email = forms.EmailField(label="Contact e-mail", required=False, max_length=254)
    terms_url = forms.CharField(
        label="Terms", required=False, max_length=500, widget=forms.URLInput(),
        help_text="Where partners read the terms of your program.",
    )  # fmt: skip
    privacy_url = forms.CharField(label="Privacy policy", required=False, max_length=500, widget=forms.URLInput())


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
    "legal": ("Legal details", "For invoices, and at the foot of the portal and of every e-mail.", LegalForm),
    "money": ("Money", "What pages count in, and from when on a payout is worth it.", MoneyForm),
    "time": ("Time zone", "Which day an order belongs to, in every figure and chart.", TimeForm),
    "hold": ("Commissions", "How long a commission waits for refunds before it can be paid.", HoldForm),
    "attribution": ("Attribution", "Whose an order is when several partners could say so.", AttributionForm),
    "links": ("Links", "Where links may lead, and how they say whose they are.", LinksForm),
    "portal": ("Portal", "What partners see of the customers they brought.", PortalForm),
}


@staff_page(Permission.EDIT_SETTINGS)
def settings(request: StaffRequest, card: str = "") -> HttpResponseBase:
    """All cards; a sent one is saved, and what somebody else changed meanwhile is shown first."""
    if card and card not in CARDS:
        raise Http404
    status, cards = 200, []
    for name, title, sentence, form in _forms(request, card):
        if name == card and (saved := _saved(request, name, title, form)):
            return saved
        status = max(status, form_status(form))
        cards.append(_card(name, title, sentence, form))
    return _page(request, cards, LogoForm(), status)


@staff_page(Permission.EDIT_SETTINGS)
def settings_time(request: StaffRequest) -> HttpResponseBase:
    """The time zone, asked for by itself: there are as many as all that the other cards together weigh."""
    name = "time"
    title, sentence, form_class = CARDS[name]
    form = form_class(posted(request), initial=form_class.of(request.merchant), auto_id=f"{name}_%s")
    if saved := _saved(request, name, title, form):
        return saved
    context = {"form": form, "sentence": sentence, "partials": {"ask"}}
    return page(request, "backoffice/settings_time.html", context, status=form_status(form))


def _saved(request: StaffRequest, name: str, title: str, form: SettingsForm) -> HttpResponseBase | None:
    """What answers a card that was sent and could be saved; None for one to show, with what is wrong or overtaken."""
    merchant = request.merchant
    if not sent(request, form):
        return None
    lock(merchant)
    if not form.overtaken(merchant, "merchant", merchant.id, form.changes()):
        with form.refused():
            update_merchant(merchant, changes=form.changes(), actor=request.actor)
            # From the dialog over that page an address with a place in it would not load it anew.
            address = reverse("backoffice:settings", args=[merchant.slug]) + ("" if request.htmx else f"#{name}")
            return done(request, f"{title} saved.", address)
    return None


@staff_page(Permission.EDIT_SETTINGS)
def settings_logo(request: StaffRequest) -> HttpResponseBase:
    """Set the logo, or remove it. The form stands on the page of settings."""
    merchant = request.merchant
    address = reverse("backoffice:settings", args=[merchant.slug]) + "#logo"
    if request.method != "POST":
        return led_to(request, address)
    if "remove" in request.POST:
        remove_logo(merchant, actor=request.actor)
        return done(request, "Logo removed.", address)
    form = LogoForm(request.POST, request.FILES)
    if sent(request, form):
        with form.refused():
            set_logo(merchant, content=form.cleaned_data["logo"], actor=request.actor)
            return done(request, "Logo saved.", address)
    cards = [_card(*each) for each in _forms(request, "")]
    return _page(request, cards, form, form_status(form))


def _card(name: str, title: str, sentence: str, form: SettingsForm) -> dict[str, Any]:
    return {"name": name, "title": title, "sentence": sentence, "form": form}


def _page(request: StaffRequest, cards: list[dict[str, Any]], logo: LogoForm, status: int) -> HttpResponseBase:
    return page(request, "backoffice/settings.html", {"cards": cards, "logo_form": logo}, status=status)


def _forms(request: StaffRequest, card: str) -> Iterator[tuple[str, str, str, SettingsForm]]:
    for name, (title, sentence, form) in CARDS.items():
        data = request.POST if request.method == "POST" and name == card else None
        yield name, title, sentence, form(data, initial=form.of(request.merchant), auto_id=f"{name}_%s")
