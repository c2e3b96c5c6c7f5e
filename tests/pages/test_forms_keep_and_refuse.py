"""Forms: amounts in their own currency, mistakes beside the field, and nothing half kept."""

import pytest
from django import forms

from backoffice.commissions.detail import ManualForm
from merchants.errors import DomainError
from pages.forms import MoneyField, PageForm


class PriceForm(PageForm):
    """One amount."""

    price = MoneyField(currency="USD", help_text="What it costs.")


@pytest.mark.parametrize(
    ("currency", "typed", "minor"),
    [("USD", "1,250.50", 125_050), ("JPY", "1250", 1_250), ("KWD", "1.234", 1_234), ("USD", "0", 0), ("EUR", "7", 700)],
)
def test_an_amount_is_read_in_the_units_of_its_currency(currency: str, typed: str, minor: int) -> None:
    field = MoneyField(currency=currency)
    assert field.clean(typed) == minor


@pytest.mark.parametrize(
    ("currency", "typed"),
    [
        ("USD", "1.005"),
        ("JPY", "1.5"),
        ("USD", "ten"),
        ("USD", "NaN"),
        ("USD", "Infinity"),
        ("USD", "-1"),
        ("USD", "1e30"),
    ],
)
def test_what_is_no_amount_of_the_currency_is_refused(currency: str, typed: str) -> None:
    with pytest.raises(forms.ValidationError):
        MoneyField(currency=currency).clean(typed)


def test_the_currency_that_was_chosen_decides_not_the_one_the_form_began_with() -> None:
    form = ManualForm({"currency": "JPY", "amount": "1000", "reason": "x"}, initial={})
    form.is_valid()
    assert form.cleaned_data["amount"] == 1_000


def test_a_wrong_field_points_to_its_hint_and_its_error() -> None:
    form = PriceForm({"price": "much"})
    assert not form.is_valid()
    html = str(form["price"])
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="price-hint price-error"' in html
    assert 'value="much"' in html


@pytest.mark.django_db
def test_what_the_domain_refuses_stands_beside_its_field() -> None:
    form = PriceForm({"price": "5"})
    assert form.is_valid()
    with form.refused():
        raise DomainError("Too cheap: ask for more.", field="price")
    assert form.errors["price"] == ["Too cheap: ask for more."]
    with form.refused():
        raise DomainError("Not today.")
    assert form.non_field_errors() == ["Not today."]
