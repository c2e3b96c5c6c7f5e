"""A bonus as a form: the ladder in rows, more of them on request, with and without script."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from bonuses.models import Bonus, Measure, Period, Rung
from bonuses.plans import MOST_RUNGS
from merchants.money import EXPONENTS, to_decimal
from pages.forms import MoneyField, OnceField, PageForm, SeenField

#: Rows that a form begins with, and how many come with each request for more.
ROWS = 5
#: The button that asks for more.
MORE = "more"

_MEASURES = ((Measure.ORDERS, "Orders"), (Measure.REVENUE, "Revenue"), (Measure.LEADS, "Leads"))
_PERIODS = (
    (Period.MONTH, "Every month"),
    (Period.QUARTER, "Every quarter"),
    (Period.YEAR, "Every year"),
    (Period.ONCE, "Once, from the first to the last day"),
)


class BonusForm(PageForm):
    """What of a bonus can be set until it begins."""

    rows = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=MOST_RUNGS)
    name = forms.CharField(label="Name", max_length=100, help_text="Partners read it.")
    measure = forms.ChoiceField(label="Counts", choices=_MEASURES)
    period = forms.ChoiceField(label="Can be reached", choices=_PERIODS)
    currency = forms.ChoiceField(
        label="Currency", choices=[(code, code) for code in sorted(EXPONENTS)],
        help_text="Of the amounts, and of revenue.",
    )  # fmt: skip
    starts_on = forms.DateField(
        label="First day", required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty: today. What partners did earlier that day counts, and nothing before it.",
    )  # fmt: skip
    ends_on = forms.DateField(
        label="Last day", required=False, widget=forms.DateInput(attrs={"type": "date"}),
        help_text="It still counts. Empty: until somebody ends it.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        currency = self._chosen_currency()
        for number in self._numbers():
            self.fields[f"target_{number}"] = forms.CharField(
                label=f"Target {number}", required=number == 1, max_length=24,
                widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
            )  # fmt: skip
            self.fields[f"amount_{number}"] = MoneyField(
                label=f"Target {number} pays", required=number == 1, currency=currency
            )
            self._dress(f"target_{number}")
            self._dress(f"amount_{number}")

    def _numbers(self) -> range:
        typed = str(self.data.get(self.add_prefix("rows"), "") if self.is_bound else self.initial.get("rows", ROWS))
        # Nobody asks for a thousand rows, and Python reads no number of five thousand digits.
        is_number = typed.isascii() and typed.isdigit() and len(typed) < 4
        return range(1, min(int(typed), MOST_RUNGS) + 1 if is_number else ROWS + 1)

    @property
    def ladder_rows(self) -> list[tuple[Any, Any]]:
        """Target and amount of each row, for the template."""
        return [(self[f"target_{number}"], self[f"amount_{number}"]) for number in self._numbers()]

    @property
    def can_have_more(self) -> bool:
        """Whether there is room for more rows."""
        return len(self._numbers()) < MOST_RUNGS

    def clean(self) -> dict[str, Any]:
        """Read the ladder. Which row each rung came from is kept for what the domain says of it."""
        values = super().clean() or self.cleaned_data
        self.renames = {"ladder": "target_1"}
        self.ladder: list[Rung] = []
        for number in self._numbers():
            target, amount = self._target(number), values.get(f"amount_{number}")
            if target is None and amount is None:
                continue
            if target is None or amount is None:
                missing, said = ("target", "Give the target.") if target is None else ("amount", "Give what it pays.")
                if f"{missing}_{number}" not in self.errors:
                    self.add_error(f"{missing}_{number}", said)
                continue
            at = len(self.ladder)
            self.renames |= {f"ladder[{at}].{what}": f"{what}_{number}" for what in ("target", "amount")}
            self.ladder.append(Rung(target, amount))
        return values

    def _target(self, number: int) -> int | None:
        text, name = str(self.cleaned_data.get(f"target_{number}") or "").strip(), f"target_{number}"
        if not text:
            return None
        if self.cleaned_data.get("measure") == Measure.REVENUE:
            try:
                return MoneyField(currency=self.cleaned_data.get("currency", "")).clean(text)
            except ValidationError as error:
                self.add_error(name, error)
                return None
        plain = text.replace(",", "")
        if not (plain.isascii() and plain.isdigit()):
            self.add_error(name, "Give a whole number, such as 25.")
            return None
        return int(plain)

    def terms(self) -> dict[str, Any]:
        """What was typed, as the verbs take it."""
        names = ("name", "measure", "period", "currency", "starts_on", "ends_on")
        return {name: self.cleaned_data[name] for name in names} | {"ladder": self.ladder}


class NewBonusForm(BonusForm):
    """A bonus to be, and whose."""

    once = OnceField()
    whose = forms.ChoiceField(label="For")
    field_order = ["once", "whose"]

    def __init__(self, *args: Any, owners: Sequence[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        whose = self.fields["whose"]
        assert isinstance(whose, forms.ChoiceField)
        whose.choices = list(owners)


class EditBonusForm(BonusForm):
    """A bonus that has not begun."""

    seen = SeenField()


class RenameForm(PageForm):
    """A bonus that has."""

    seen = SeenField()
    name = forms.CharField(label="Name", max_length=100, help_text="Partners read it.")


def initial_of(bonus: Bonus) -> dict[str, Any]:
    """As the form begins with it."""
    values: dict[str, Any] = {
        "seen": SeenField.now(), "name": bonus.name, "measure": bonus.measure, "period": bonus.period,
        "currency": bonus.currency, "starts_on": bonus.starts_on, "ends_on": bonus.ends_on,
        "rows": max(ROWS, len(bonus.ladder)),
    }  # fmt: skip
    for number, rung in enumerate(bonus.rungs, 1):
        by_revenue = bonus.measure == Measure.REVENUE
        values[f"target_{number}"] = str(to_decimal(rung.target, bonus.currency)) if by_revenue else str(rung.target)
        values[f"amount_{number}"] = rung.amount
    return values


def with_more_rows(typed: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """What was typed so far, as the beginning of a form with more rows."""
    rows = str(typed.get("rows", ""))
    number = int(rows) if rows.isascii() and rows.isdigit() and len(rows) < 4 else ROWS
    chosen = typed.get("currency", "")
    return {
        **{name: typed[name] for name in typed},
        "currency": chosen if chosen in EXPONENTS else currency,
        "rows": min(number + ROWS, MOST_RUNGS),
    }
