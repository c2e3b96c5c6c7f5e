"""Trying the rules on an order that might be: which one decides it, what it pays, and why every other one does not."""

import csv
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django import forms
from django.http import HttpResponseBase
from django.utils import timezone

from affiliates.models import Partner
from backoffice.door import StaffRequest, form_status, page, staff_page
from backoffice.partners.choosing import PartnerField, came_from
from backoffice.rules.form import listed
from commissions import standing
from merchants.money import EXPONENTS
from merchants.roles import Permission
from pages.forms import MoneyField, PageForm
from rewards import engine
from rewards.basket import OrderFacts, OrderLine
from rewards.conditions import Standing
from rewards.counting import Key, month_of
from rewards.engine import Reward
from rewards.rules import Rules, Terms, asked
from rewards.sentences import sentence
from rewards.terms import levels_of

_MOST_LINES = 500
_MOMENT = {"type": "datetime-local"}
#: What is seldom asked, by where it stands on the page.
_MORE = {
    "more": ("tax", "shipping", "discount", "lines", "metadata"),
    "customer_more": ("first_at", "customer_orders", "customer_earned"),
    "standing": ("month_orders", "month_revenue", "month_earned", "orders", "revenue"),
}


class TryForm(PageForm):
    """An order, its customer, and where the partner stands: all that conditions, tiers and caps look at."""

    partner = PartnerField()
    amount = MoneyField(label="Order total")
    currency = forms.ChoiceField(label="Currency", choices=[(code, code) for code in sorted(EXPONENTS)], required=False)
    country = forms.CharField(label="Country", required=False, max_length=2, help_text="Two letters, such as DE.")
    customer = forms.ChoiceField(
        label="Customer", choices=(("new", "New"), ("returning", "Returning"), ("", "Nobody named")), required=False
    )
    coupon = forms.CharField(label="Coupon", required=False, max_length=64)
    placed_at = forms.DateTimeField(
        label="Placed", required=False, widget=forms.DateTimeInput(attrs=_MOMENT), help_text="Empty: now."
    )
    tax = MoneyField(label="Tax in it", required=False)
    shipping = MoneyField(label="Shipping in it", required=False)
    discount = MoneyField(label="Discount in it", required=False)
    lines = forms.CharField(
        label="Lines", required=False, widget=forms.Textarea(attrs={"rows": 3}), max_length=4000,
        help_text="One a line: product key, amount, and a category if there is one. Such as book, 20.00, paper",
    )  # fmt: skip
    metadata = forms.CharField(
        label="Metadata", required=False, max_length=4000, help_text="Such as plan=pro, seats=5."
    )
    first_at = forms.DateTimeField(
        label="First came", required=False, widget=forms.DateTimeInput(attrs=_MOMENT),
        help_text="With an order or a lead. Empty: with this order.",
    )  # fmt: skip
    customer_orders = forms.IntegerField(
        label="Orders of theirs before", required=False, min_value=0, max_value=10**6,
        help_text="That earned for this partner. Empty: none.",
    )  # fmt: skip
    customer_earned = MoneyField(label="Earned with them before", required=False)
    month_orders = forms.IntegerField(label="Orders this month", required=False, min_value=0, max_value=10**9)
    month_revenue = MoneyField(label="Revenue this month", required=False)
    month_earned = MoneyField(label="Earned this month", required=False)
    orders = forms.IntegerField(label="Orders in all", required=False, min_value=0, max_value=10**9)
    revenue = MoneyField(label="Revenue in all", required=False)

    def clean_lines(self) -> tuple[OrderLine, ...]:
        """Positions of the order."""
        money, found = MoneyField(currency=self._chosen_currency()), []
        texts = [text for text in self.cleaned_data["lines"].splitlines() if text.strip()]
        for number, (key, *rest) in enumerate(csv.reader(texts, skipinitialspace=True), 1):
            wrong = forms.ValidationError(f"Line {number}: write a product key and an amount, such as book, 20.00")
            if not 1 <= len(rest) <= 2 or number > _MOST_LINES:
                raise wrong
            try:
                amount = money.clean(rest[0].strip())
            except forms.ValidationError:
                raise wrong from None
            found.append(OrderLine(amount or 0, key.strip(), rest[1].strip() if len(rest) > 1 else ""))
        return tuple(found)

    def clean_metadata(self) -> dict[str, str]:
        """Keys and texts."""
        pairs = [part.partition("=") for part in listed(self.cleaned_data["metadata"])]
        if any(not sign for _, sign, _ in pairs):
            raise forms.ValidationError("Write each as key=value, with commas between.")
        return {key.strip(): value.strip() for key, _, value in pairs}

    def clean(self) -> dict[str, Any]:
        """Parts are of the total, and nobody comes after they ordered."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        values["placed_at"] = values.get("placed_at") or timezone.now()
        for part in ("tax", "shipping", "discount"):
            if (values.get(part) or 0) > (values.get("amount") or 0) and "amount" in values:
                self.add_error(part, "This is more than the order: it is a part of its total.")
        if values.get("first_at") and values["first_at"] > values["placed_at"]:
            self.add_error("first_at", "Nobody comes after they ordered: give an earlier moment, or leave it empty.")
        return values

    def facts(self, currency: str) -> OrderFacts:
        """The order as the engine takes it."""
        values = self.cleaned_data
        customer = {"new": True, "returning": False}.get(values["customer"])
        first_at = values["first_at"]
        return OrderFacts(
            amount=values["amount"], currency=currency, placed_at=values["placed_at"],
            tax=values["tax"] or 0, shipping=values["shipping"] or 0, discount=values["discount"] or 0,
            lines=values["lines"], country=values["country"].upper(), is_new=customer,
            first_at=timezone.localtime(first_at) if first_at else None,
            coupon=values["coupon"].upper(), metadata=values["metadata"],
        )  # fmt: skip

    def stands(self, partner: Partner, currency: str) -> Standing:
        """Where the partner stands: as typed, and where nothing is, as it was counted."""
        values, zone = self.cleaned_data, ZoneInfo(partner.merchant.time_zone)
        month = standing.read(Key(partner.id, None, month_of(values["placed_at"], zone)), zone)
        ever = standing.read(Key(partner.id), zone)
        counted = {
            "month_orders": month.orders, "month_revenue": month.revenue.get(currency, 0),
            "month_earned": month.earned.get(currency, 0), "orders": ever.orders,
            "revenue": ever.revenue.get(currency, 0), "customer_orders": 0, "customer_earned": 0,
        }  # fmt: skip
        typed = {name: values[name] for name in counted if values[name] is not None}
        return Standing(**counted | typed)

    def opened(self) -> dict[str, bool]:
        """Which of the parts that are seldom asked have something in them, or something wrong."""
        return {part: any(name in self.errors or self[name].value() for name in names) for part, names in _MORE.items()}

    def parts(self) -> dict[str, list[forms.BoundField]]:
        """Their fields."""
        return {part: [self[name] for name in names] for part, names in _MORE.items()}


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule and what became of it."""

    terms: Terms
    owner_id: UUID | None
    sentence: str
    outcome: str

    @property
    def decides(self) -> bool:
        """Whether it decided the order or a part of it."""
        return self.outcome.startswith("applies")

    @property
    def key(self) -> UUID | None:
        """What its address names."""
        return self.terms.rule or self.owner_id


@staff_page(Permission.VIEW)
def rules_try(request: StaffRequest) -> HttpResponseBase:
    """What an order would earn, and why every other rule would not decide it. Nothing is written."""
    merchant = request.merchant
    asked = "amount" in request.GET
    initial = {"partner": came_from(request), "currency": merchant.currency, "customer": "new"}
    form = TryForm(request.GET if asked else None, currency=merchant.currency, initial=initial)
    result: dict[str, Any] = {}
    if asked and form.is_valid():
        result = _tried(form, form.cleaned_data["partner"], form.cleaned_data["currency"] or merchant.currency)
    context = {"form": form, "parts": form.parts(), "opened": form.opened(), **result, "partials": {"result"}}
    return page(request, "backoffice/rules/try.html", context, status=form_status(form) if asked else 200)


def _tried(form: TryForm, partner: Partner, currency: str) -> dict[str, Any]:
    facts, stands, levels = form.facts(currency), form.stands(partner, currency), levels_of(partner)
    found = engine.decide(facts, levels, standing=stands, look_on=True)
    explanation = found.explanation if isinstance(found, Reward) else found
    left_out = [(at + 1, facts.lines[at]) for at in explanation.get("left_out", ())]
    return {
        "partner": partner,
        "currency": currency,
        "earns": found.amount if isinstance(found, Reward) else 0,
        "decided": [(part, sentence(part.terms)) for part in found.parts] if isinstance(found, Reward) else [],
        "working": explanation["working"],
        "left_out": left_out,
        "asked": list(_asked(partner, levels, facts.placed_at, explanation["rules"])),
        "stands": stands,
        "placed_at": facts.placed_at,
    }


def _asked(partner: Partner, levels: dict[str, Rules], at: datetime, said: list[dict[str, Any]]) -> list[Asked]:
    """Every rule in force, in order: with `look_on` the engine says something of each."""
    owners = {"partner": partner.id, "group": partner.group_id, "program": partner.program_id}
    outcomes = [each["outcome"] for each in said if "version" in each]
    return [
        Asked(terms, owners[terms.level], sentence(terms), outcome)
        for terms, outcome in zip(asked(levels, at), outcomes, strict=True)
    ]
