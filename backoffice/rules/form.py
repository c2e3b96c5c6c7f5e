"""A rule as a form: typed conditions, in the merchant's words, with and without script."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from msgspec import structs

from merchants.money import EXPONENTS, to_decimal, to_minor
from pages.forms import MoneyField, OnceField, PageForm
from rewards.checks import EXCLUDABLE
from rewards.details import Details, Tier
from rewards.models import RewardVersion

#: Rows for tiers; whoever needs more sets the rule through the API.
TIERS = range(1, 5)
_LISTS = ("product_keys", "categories", "countries", "coupons")
_NUMBERS = (
    "order_from", "order_to", "first_orders", "first_months", "minimum", "maximum", "cap_order", "cap_customer",
    "cap_month",
)  # fmt: skip


class RuleForm(PageForm):
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
    per_line = forms.BooleanField(label="For each line, not for the order", required=False)
    without_tax = forms.BooleanField(label="Leave out tax", required=False)
    without_shipping = forms.BooleanField(label="Leave out shipping", required=False)
    without_discount = forms.BooleanField(label="Leave out discount", required=False)
    product_keys = forms.CharField(label="Product keys", required=False, help_text="Only these lines count.")
    categories = forms.CharField(label="Categories", required=False, help_text="Only these lines count.")
    countries = forms.CharField(label="Countries", required=False, help_text="Two letters each: DE, AT.")
    coupons = forms.CharField(label="Coupons", required=False)
    customer = forms.ChoiceField(
        label="Customers", required=False, choices=(("", "All"), ("new", "New"), ("returning", "Returning"))
    )
    order_from = MoneyField(label="Order from", required=False)
    order_to = MoneyField(label="Order up to", required=False)
    metadata = forms.CharField(label="Metadata", required=False, help_text="Such as plan=pro, seats=5.")
    first_orders = forms.IntegerField(
        label="First orders of a customer", required=False, min_value=1, help_text="1 pays once for each customer."
    )
    first_months = forms.IntegerField(
        label="First months of a customer", required=False, min_value=1, max_value=1200, help_text="Empty: for life."
    )
    minimum = MoneyField(label="At least", required=False)
    maximum = MoneyField(label="At most", required=False)
    tier_by = forms.ChoiceField(label="Tiers by", choices=(("orders", "Orders"), ("revenue", "Revenue")))
    tier_period = forms.ChoiceField(label="Counted in", choices=(("month", "Each month"), ("lifetime", "All time")))
    start_1 = forms.CharField(label="Tier 1 from", required=False, max_length=24)
    rate_1 = forms.CharField(label="Tier 1 pays", required=False, max_length=24)
    start_2 = forms.CharField(label="Tier 2 from", required=False, max_length=24)
    rate_2 = forms.CharField(label="Tier 2 pays", required=False, max_length=24)
    start_3 = forms.CharField(label="Tier 3 from", required=False, max_length=24)
    rate_3 = forms.CharField(label="Tier 3 pays", required=False, max_length=24)
    start_4 = forms.CharField(label="Tier 4 from", required=False, max_length=24)
    rate_4 = forms.CharField(label="Tier 4 pays", required=False, max_length=24)
    cap_order = MoneyField(label="Most for an order", required=False)
    cap_customer = MoneyField(label="Most with a customer", required=False)
    cap_month = MoneyField(label="Most in a month", required=False)
    effective_from = forms.DateTimeField(
        label="From", required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text="Empty: from now on. Orders before keep the terms they had.",
    )  # fmt: skip

    history_from = forms.DateField(
        label="History from", required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text="For “Try on history”. Empty: twelve months.",
    )  # fmt: skip
    history_to = forms.DateField(
        label="History to", required=False, widget=forms.DateInput(attrs={"type": "date"}), help_text="Empty: today."
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, currency=currency, **kwargs)
        self.money = currency
        for name in ("percent", *(f"{what}_{row}" for row in TIERS for what in ("start", "rate"))):
            self.fields[name].widget.attrs["inputmode"] = "decimal"

    def tier_rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """The fields of each tier, side by side."""
        return [(self[f"start_{row}"], self[f"rate_{row}"]) for row in TIERS]

    def clean(self) -> dict[str, Any]:
        """A kind needs its number, and tiers are numbers of theirs."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        needed = "percent" if values.get("kind") == "percentage" else "amount"
        if values.get(needed) is None and needed not in self.errors:
            self.add_error(needed, "Give the percentage, such as 12.5." if needed == "percent" else "Give the amount.")
        try:
            values["tiers"] = tuple(self._tiers(values))
        except ValidationError as error:
            self.add_error("start_1", error)
        for name in _LISTS:
            values[name] = tuple(part.strip() for part in values.get(name, "").split(",") if part.strip())
        pairs = [part.partition("=") for part in values.get("metadata", "").split(",") if part.strip()]
        if any(not sign for _, sign, _ in pairs):
            self.add_error("metadata", "Write each as key=value, with commas between.")
        values["metadata"] = {key.strip(): value.strip() for key, _, value in pairs}
        return values

    def _tiers(self, values: dict[str, Any]) -> Sequence[Tier]:
        found = []
        for row in TIERS:
            start, rate = values.get(f"start_{row}", ""), values.get(f"rate_{row}", "")
            if not start and not rate:
                continue
            exponent = EXPONENTS[self.money] if values.get("tier_by") == "revenue" else 0
            begins = int(_number(start).scaleb(exponent))
            if values.get("kind") == "percentage":
                found.append(Tier(begins, percent=_number(rate)))
            else:
                found.append(Tier(begins, amount=to_minor(_number(rate), self.money)))
        return found

    def rule(self) -> dict[str, Any]:
        """What was typed, as the verbs take it."""
        values = self.cleaned_data
        is_percentage = values["kind"] == "percentage"
        names = ("name", "event", "per_line", "customer", "metadata", "tier_by", "tier_period", "tiers")
        details = Details(**{name: values[name] for name in (*names, *_LISTS, *_NUMBERS)})
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
    """What stands in the form of a rule that is there."""
    details = version.more()
    values = structs.asdict(details)
    for name in _LISTS:
        values[name] = ", ".join(values[name])
    values["metadata"] = ", ".join(f"{key}={value}" for key, value in details.metadata.items())
    for row, tier in zip(TIERS, values.pop("tiers"), strict=False):
        by_revenue = details.tier_by == "revenue"
        values[f"start_{row}"] = str(to_decimal(tier.start, currency) if by_revenue else tier.start)
        values[f"rate_{row}"] = (
            f"{tier.percent.normalize():f}" if tier.percent is not None else str(to_decimal(tier.amount or 0, currency))
        )
    percent = version.percent.normalize() if version.percent is not None else None
    return {
        **values, "kind": version.kind, "percent": f"{percent:f}" if percent is not None else None,
        "amount": version.amount, **{f"without_{part}": part in version.excludes for part in EXCLUDABLE},
    }  # fmt: skip


def _number(text: str) -> Decimal:
    try:
        value = Decimal(text.replace(",", "").strip())
    except InvalidOperation:
        raise ValidationError("Give each tier two numbers: from where on, and what it pays.") from None
    if not value.is_finite() or abs(value) > 10**12:
        raise ValidationError("Give each tier two numbers: from where on, and what it pays.")
    return value
