"""A rule as a form: typed conditions, in the merchant's words, with and without script.

Tiers are rows of two fields, as many as were sent. A row more or less is a submit button like any other: the page
comes back with what was typed and one row more, without script as a page, with it as the one part that changed.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.http import QueryDict
from msgspec import structs

from backoffice.rules.versioned import TriableForm
from merchants.money import EXPONENTS, percentage, plain, to_decimal
from pages.forms import MoneyField, OnceField, PageForm
from rewards.checks import EXCLUDABLE, MOST_TIERS
from rewards.details import Details, Tier
from rewards.models import RewardVersion

#: What the buttons of the tiers are called.
ADD_TIER, DROP_TIER, DRAW_TIERS = "add_tier", "drop_tier", "draw_tiers"
#: Rows that are read at all: enough to say that there are too many.
_MOST_ROWS = 100
_ROW_FIELDS = ("start", "rate")
_ROW = re.compile(r"(start|rate)_([1-9][0-9]{0,3})")
_LISTS = ("product_keys", "categories", "countries", "coupons")
_NUMBERS = (
    "order_from", "order_to", "first_orders", "first_months", "minimum", "maximum", "cap_order", "cap_customer",
    "cap_month",
)  # fmt: skip
#: A list of a hundred long values, and no document.
_LONGEST = 4_000
_MOST_ORDERS = 10**9


class RateField(forms.CharField):
    """What a tier pays, as `Tier` takes it: `15` in the rule's own kind, `15%` or `5.00 USD` in either."""

    def __init__(self, *, is_percentage: bool, currency: str) -> None:
        super().__init__(required=False, max_length=24)
        self.is_percentage = is_percentage
        self.currency = "" if is_percentage else currency
        self._amount = MoneyField(currency=currency)
        self._percent = forms.DecimalField(min_value=Decimal(0), max_value=Decimal(100), max_digits=7, decimal_places=4)

    def clean(self, value: Any) -> dict[str, Any] | None:
        """A percentage or an amount; None when nothing was typed."""
        text = str(super().clean(value)).strip()
        if not text:
            return None
        is_percentage, code = self.is_percentage, self._amount.currency
        if text.endswith("%"):
            text, is_percentage = text[:-1], True
        elif text.upper().endswith(code):
            text, is_percentage = text[: -len(code)], False
        if is_percentage:
            return {"percent": self._percent.clean(text.strip())}
        return {"amount": self._amount.clean(text.strip())}


class RuleForm(TriableForm):
    """One version of a rule."""

    once = OnceField()
    name = forms.CharField(label="Name", max_length=100, required=False, help_text="Such as Books in spring.")
    event = forms.ChoiceField(label="Pays for", choices=(("sale", "Sales"), ("lead", "Leads"), ("click", "Clicks")))
    kind = forms.ChoiceField(label="Commission", choices=(("percentage", "Percentage"), ("fixed", "Fixed")))
    percent = forms.DecimalField(
        label="Percent of the order", required=False, min_value=Decimal(0), max_value=Decimal(100), max_digits=7,
        decimal_places=4,
    )  # fmt: skip
    amount = MoneyField(label="Amount", required=False)
    currency = forms.ChoiceField(
        label="Currency", choices=[(code, code) for code in sorted(EXPONENTS)], required=False,
        help_text="Of every amount here. A rule that names one is for orders in this currency.",
    )  # fmt: skip
    per_line = forms.BooleanField(label="For each line, not for the order", required=False)
    without_tax = forms.BooleanField(label="Leave out tax", required=False)
    without_shipping = forms.BooleanField(label="Leave out shipping", required=False)
    without_discount = forms.BooleanField(label="Leave out discount", required=False)
    product_keys = forms.CharField(
        label="Product keys", required=False, max_length=_LONGEST, help_text="Only these lines count."
    )
    categories = forms.CharField(
        label="Categories", required=False, max_length=_LONGEST, help_text="Only these lines count."
    )
    countries = forms.CharField(
        label="Countries", required=False, max_length=_LONGEST, help_text="Two letters each: DE, AT."
    )
    coupons = forms.CharField(label="Coupons", required=False, max_length=_LONGEST)
    customer = forms.ChoiceField(
        label="Customers", required=False, choices=(("", "All"), ("new", "New"), ("returning", "Returning"))
    )
    order_from = MoneyField(label="Order from", required=False)
    order_to = MoneyField(label="Order up to", required=False)
    metadata = forms.CharField(
        label="Metadata", required=False, max_length=_LONGEST, help_text="Such as plan=pro, seats=5."
    )
    first_orders = forms.IntegerField(
        label="First orders of a customer", required=False, min_value=1, max_value=_MOST_ORDERS,
        help_text="1 pays once for each customer.",
    )  # fmt: skip
    first_months = forms.IntegerField(
        label="First months of a customer", required=False, min_value=1, max_value=1200, help_text="Empty: for life."
    )
    minimum = MoneyField(label="At least", required=False)
    maximum = MoneyField(label="At most", required=False)
    tier_by = forms.ChoiceField(label="Tiers by", choices=(("orders", "Orders"), ("revenue", "Revenue")))
    tier_period = forms.ChoiceField(label="Counted in", choices=(("month", "Each month"), ("lifetime", "All time")))
    cap_order = MoneyField(label="Most for an order", required=False)
    cap_customer = MoneyField(label="Most with a customer", required=False)
    cap_month = MoneyField(label="Most in a month", required=False)
    effective_from = forms.DateTimeField(
        label="From", required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text="Empty: from now on. Orders before keep the terms they had.",
    )  # fmt: skip

    def __init__(
        self, data: QueryDict | None = None, *, currency: str, initial: Mapping[str, Any] | None = None
    ) -> None:
        """`currency` is what a new rule's amounts are in, unless another is chosen."""
        begun = {"currency": currency, **(initial or {})}
        super().__init__(data, initial=begun)
        self.money = self._chosen_currency()
        self.fields["percent"].widget.attrs["inputmode"] = "decimal"
        typed = begun if data is None else data
        self.rows = _rows_of(typed)
        for place, row in enumerate(self.rows, 1):
            self._add_row(place, row, typed)

    @classmethod
    def with_rows_moved(cls, data: QueryDict, *, currency: str) -> "RuleForm":
        """What was typed, with a row of a tier more or less, as the button says; nothing is checked yet."""
        typed = {name: data.get(name, "") for name in cls.base_fields}
        typed["currency"] = typed["currency"] if typed["currency"] in EXPONENTS else currency
        rows = [row for row in _rows_of(data) if str(row) != data.get(DROP_TIER)]
        kept = {f"{what}_{at}": data.get(f"{what}_{row}", "") for at, row in enumerate(rows, 1) for what in _ROW_FIELDS}
        if ADD_TIER in data and len(rows) < MOST_TIERS:
            kept |= {f"start_{len(rows) + 1}": "", f"rate_{len(rows) + 1}": ""}
        form = cls(currency=currency, initial=typed | kept)
        if ADD_TIER in data:
            # Where the reader goes on, also when the row came by itself.
            form.fields[f"start_{len(form.rows)}"].widget.attrs["autofocus"] = True
        return form

    def _add_row(self, place: int, row: int, typed: Mapping[str, Any]) -> None:
        """The two fields of a tier, of the kinds that the rest of the form asks for."""
        start: forms.Field = forms.IntegerField(
            min_value=1, max_value=_MOST_ORDERS, required=False, widget=forms.TextInput
        )
        if typed.get("tier_by") == "revenue":
            start = MoneyField(currency=self.money, least=1, required=False)
        rate = RateField(is_percentage=typed.get("kind", "percentage") == "percentage", currency=self.money)
        for what, made, label in (("start", start, "from"), ("rate", rate, "pays")):
            made.label = f"Tier {place} {label}"
            made.widget.attrs.update({"inputmode": "decimal", "autocomplete": "off", "maxlength": "24"})
            self.fields[f"{what}_{row}"] = made
            self._dress(f"{what}_{row}")

    def tier_rows(self) -> list[tuple[int, forms.BoundField, forms.BoundField]]:
        """The fields of each tier, side by side, with the number that takes it away."""
        return [(row, self[f"start_{row}"], self[f"rate_{row}"]) for row in self.rows]

    @property
    def takes_more_tiers(self) -> bool:
        """Whether there is room for another."""
        return len(self.rows) < MOST_TIERS

    def clean(self) -> dict[str, Any]:
        """A kind needs its number, and tiers are numbers of theirs."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        needed = "percent" if values.get("kind") == "percentage" else "amount"
        if values.get(needed) is None and needed not in self.errors:
            self.add_error(needed, "Give the percentage, such as 12.5." if needed == "percent" else "Give the amount.")
        values["tiers"] = tuple(self._tiers(values))
        for name in _LISTS:
            values[name] = tuple(listed(values.get(name, "")))
        pairs = [part.partition("=") for part in listed(values.get("metadata", ""))]
        if any(not sign for _, sign, _ in pairs):
            self.add_error("metadata", "Write each as key=value, with commas between.")
        values["metadata"] = {key.strip(): value.strip() for key, _, value in pairs}
        return values

    def _tiers(self, values: dict[str, Any]) -> Iterator[Tier]:
        """Those with anything in them. What the domain says about the third of them belongs beside its row."""
        self.renames = {"since": "history_from", "until": "history_to"}
        at = 0
        for row in self.rows:
            start, rate = (values.get(f"{what}_{row}") for what in _ROW_FIELDS)
            wrong = {what for what in _ROW_FIELDS if f"{what}_{row}" in self.errors}
            if start is None and rate is None and not wrong:
                continue
            if start is None and "start" not in wrong:
                self.add_error(f"start_{row}", "Say from where on this tier pays.")
            if rate is None and "rate" not in wrong:
                self.add_error(f"rate_{row}", "Say what this tier pays.")
            if start is None or rate is None:
                continue
            self.renames |= {f"tiers[{at}].{name}": f"rate_{row}" for name in ("percent", "amount")}
            self.renames |= {f"tiers[{at}].start": f"start_{row}", f"tiers[{at}]": f"rate_{row}"}
            if at >= MOST_TIERS:
                self.renames.setdefault("tiers", f"start_{row}")
            at += 1
            yield Tier(start, **rate)

    def rule(self) -> dict[str, Any]:
        """What was typed, as the verbs take it."""
        values = self.cleaned_data
        is_percentage = values["kind"] == "percentage"
        names = ("name", "event", "per_line", "customer", "metadata", "tier_by", "tier_period", "tiers")
        said = {name: values[name] for name in (*names, *_LISTS, *_NUMBERS)}
        if not is_percentage:
            # The page hides them, with the percentage that they bound.
            said |= {"minimum": None, "maximum": None}
        details = Details(**said)
        has_amounts = details.names_amounts or not is_percentage
        return {
            "kind": values["kind"],
            "percent": values["percent"] if is_percentage else None,
            "amount": None if is_percentage else values["amount"],
            "currency": self.money if has_amounts else "",
            "excludes": [part for part in EXCLUDABLE if values[f"without_{part}"]],
            "details": details,
            "effective_from": values["effective_from"],
        }


class PublishForm(PageForm):
    """The second click on a rule that was tried on history."""

    once = OnceField()


def initial_of(version: RewardVersion, currency: str) -> dict[str, Any]:
    """What stands in the form of a rule that is there; `currency` is for one that names no amount."""
    details, currency = version.more(), version.currency or currency
    values = structs.asdict(details)
    for name in _LISTS:
        values[name] = _written(values[name])
    values["metadata"] = _written(f"{key}={value}" for key, value in details.metadata.items())
    for row, tier in enumerate(values.pop("tiers"), 1):
        by_revenue = details.tier_by == "revenue"
        values[f"start_{row}"] = str(to_decimal(tier.start, currency) if by_revenue else tier.start)
        values[f"rate_{row}"] = _rate_of(tier, version.kind, currency)
    return {
        **values, "kind": version.kind, "percent": plain(version.percent) if version.percent is not None else None,
        "amount": version.amount, "currency": currency,
        **{f"without_{part}": part in version.excludes for part in EXCLUDABLE},
    }  # fmt: skip


def _rate_of(tier: Tier, kind: str, currency: str) -> str:
    """As `RateField` reads it: bare in the rule's own kind, so that a rate of the other stays what it is."""
    if tier.percent is not None:
        return plain(tier.percent) if kind == "percentage" else percentage(tier.percent)
    amount = str(to_decimal(tier.amount or 0, currency))
    return amount if kind == "fixed" else f"{amount} {currency}"


def _rows_of(typed: Mapping[str, Any]) -> list[int]:
    """The numbers of the rows that were sent, or that a rule begins with."""
    rows = {int(match[2]) for name in typed if (match := _ROW.fullmatch(name))}
    return sorted(rows)[:_MOST_ROWS]


def listed(text: str) -> list[str]:
    """Values with commas between, or one a line; one with a comma in it stands in quotation marks."""
    lines = csv.reader(text.splitlines(), skipinitialspace=True)
    return [value.strip() for line in lines for value in line if value.strip()]


def _written(values: Iterable[str]) -> str:
    """As `_listed` reads it."""
    return ", ".join(
        '"{}"'.format(value.replace('"', '""')) if "," in value or '"' in value else value for value in values
    )
