"""Forms as every page has them: keep what was typed, say what to do, and never do a thing twice.

A verb of the domain refuses with a DomainError that names a field; `refused` puts its sentence beside that field. A
form that makes something carries a number of its own (`once`), so that the second click finds what the first one made.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from merchants.errors import DomainError
from merchants.models import Merchant
from merchants.money import EXPONENTS, MAX_AMOUNT, to_decimal, to_minor


class PageForm(forms.Form):
    """A form rendered field by field with components/field.html."""

    use_required_attribute = True
    renames: dict[str, str] = {}
    """What a verb calls a field, where the form calls it otherwise."""

    def __init__(self, *args: Any, currency: str = "", **kwargs: Any) -> None:
        """`currency` is what its amounts are read in, unless the form has a field `currency` of its own."""
        super().__init__(*args, **{"label_suffix": "", **kwargs})
        for name, bound in self.fields.items():
            if isinstance(bound, MoneyField):
                bound.currency = self._chosen_currency() or currency
            self._dress(name)

    def _dress(self, name: str) -> None:
        """Give a field's widget its class, and tie it to its hint. A form does so with fields that it adds later."""
        bound = self.fields[name]
        widget = bound.widget
        if isinstance(widget, forms.CheckboxInput):
            widget.attrs.setdefault("class", "check")
        elif not isinstance(widget, forms.HiddenInput | forms.RadioSelect | forms.CheckboxSelectMultiple):
            widget.attrs.setdefault("class", "input")
        if bound.help_text:
            widget.attrs["aria-describedby"] = f"{self.add_prefix(name)}-hint"

    def _chosen_currency(self) -> str:
        """What was typed, or else what the form began with; empty without such a field."""
        if "currency" not in self.fields:
            return ""
        typed = self.data.get(self.add_prefix("currency"), "")
        return str(typed if typed in EXPONENTS else self.initial["currency"])

    def full_clean(self) -> None:
        """Check, and mark what is wrong. Never from `__init__`: forms finish their fields there."""
        super().full_clean()
        for name in self.errors:
            if name in self.fields:
                self._mark_wrong(name)

    def _mark_wrong(self, name: str) -> None:
        attrs = self.fields[name].widget.attrs
        attrs["aria-invalid"] = "true"
        hint = f"{self.add_prefix(name)}-hint " if self.fields[name].help_text else ""
        attrs["aria-describedby"] = f"{hint}{self.add_prefix(name)}-error"

    def overtaken(self, merchant: Merchant, object_type: str, object_id: UUID, names: Collection[str]) -> bool:
        """Whether somebody saved one of these fields after this form was shown (its `SeenField`).

        Then the form says who changed what, and sending it again overwrites that knowingly.
        """
        entries = merchant.audit_entries.filter(
            object_type=object_type, object_id=object_id, at__gt=self.cleaned_data["seen"]
        ).order_by("-id")[:20]
        said = [
            f"{entry.actor_name} changed {name.removesuffix('_id')} to “{(entry.after or {})[name]}”"
            for entry in entries
            for name in entry.after or {}
            if name.removesuffix("_id") in names
        ]
        if not said:
            return False
        self.add_error(None, f"Meanwhile {'; '.join(said)}. Nothing is saved yet: save again to keep what stands here.")
        # Rendered again, the form carries the moment of this answer.
        self.data = {**{name: self.data.get(name) for name in self.data}, "seen": SeenField.now()}
        return True

    @contextmanager
    def refused(self) -> Iterator[None]:
        """What the domain refuses inside the block becomes an error of this form, and nothing of the block is kept."""
        try:
            with transaction.atomic():
                yield
        except DomainError as error:
            name = self.renames.get(error.field, error.field.partition("[")[0])
            self.add_error(name if name in self.fields else None, error.message)
            if name in self.fields:
                self._mark_wrong(name)


class MoneyField(forms.CharField):
    """An amount typed in the currency's own units, cleaned to minor units; `amount__currency` is shown before it."""

    def __init__(self, *, currency: str = "", least: int | None = 0, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 24)
        super().__init__(**kwargs)
        self.currency = currency
        self.least = least
        self.widget.attrs.update({"inputmode": "decimal", "autocomplete": "off"})

    def prepare_value(self, value: Any) -> Any:
        """Minor units from the program, text from the person."""
        return str(to_decimal(value, self.currency)) if isinstance(value, int) and self.currency else value

    def clean(self, value: Any) -> int | None:
        """Minor units of `currency`."""
        text = str(super().clean(value)).replace(",", "").replace("−", "-").strip()
        if not text:
            return None
        decimals = EXPONENTS.get(self.currency, 2)
        try:
            amount = Decimal(text)
            if not amount.is_finite() or amount != round(amount, decimals):
                raise InvalidOperation
            minor = to_minor(amount, self.currency or "USD")
        except InvalidOperation:
            places = f"with at most {decimals} decimals" if decimals else "without decimals"
            raise ValidationError(f"Give the amount as a number {places}, such as {_example(decimals)}.") from None
        if abs(minor) > MAX_AMOUNT or (self.least is not None and minor < self.least):
            raise ValidationError("This amount is too small." if minor < (self.least or 0) else "This is too large.")
        return minor


def _example(decimals: int) -> str:
    return f"1250.{'5' * decimals}" if decimals else "1250"


class OnceField(forms.UUIDField):
    """The hidden number of a form that makes something."""

    def __init__(self) -> None:
        super().__init__(widget=forms.HiddenInput, initial=uuid4, required=True)

    def clean(self, value: Any) -> UUID:
        """A form without its number was not sent by our page."""
        try:
            return super().clean(value)  # type: ignore[no-any-return]
        except ValidationError:
            raise ValidationError("Reload the page and send the form again.") from None


class SeenField(forms.DateTimeField):
    """The hidden moment at which somebody was shown what they are about to change."""

    def __init__(self) -> None:
        super().__init__(widget=forms.HiddenInput, required=True)

    @staticmethod
    def now() -> str:
        """As the form carries it."""
        return timezone.now().isoformat()
