"""E-mail and phone in the one form in which they are compared, and the other fields of a person."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from hypothesis import given
from hypothesis import strategies as st

from customers.identity import contact_values, inherited_fields, normal_email, normal_phone
from merchants.errors import DomainError


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("eva@example.com", "eva@example.com"),
        ("  Eva.B+Tag@Example.COM ", "eva.b+tag@example.com"),
        ("eva@Bücher.example", "eva@xn--bcher-kva.example"),
        ("eva@straße.example", "eva@xn--strae-oqa.example"),
        ('"odd"@example.com', '"odd"@example.com'),
        ("o'hara@sub.example.co.uk", "o'hara@sub.example.co.uk"),
    ],
)
def test_an_address_has_one_form(typed: str, kept: str) -> None:
    assert normal_email(typed) == kept
    assert normal_email(kept) == kept


@pytest.mark.parametrize(
    "typed",
    ["", "eva", "eva@", "@example.com", "eva@example", "a b@example.com", "eva@-x.com", "eva@x..com", "éva@example.com",
     "eva@example.com\x00", "eva@example.com\nbcc: x@y.com", "e" * 250 + "@x.com", "eva@" + "x" * 64 + ".com",
     "eva@example.com,ben@example.com", "Eva <eva@example.com>", "eva@exa_mple.com", "eva@\ud800.com"],
)  # fmt: skip
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(DomainError) as refused:
        normal_email(typed)
    assert (refused.value.code, refused.value.field) == ("email_invalid", "email")


@given(st.text(alphabet="abz09._+-@'\" \\", max_size=20), st.text(alphabet="abz09.-_", max_size=20))
def test_the_quick_way_accepts_nothing_that_django_would_not(name: str, domain: str) -> None:
    try:
        kept = normal_email(f"{name}@{domain}.com")
    except DomainError:
        return
    try:
        validate_email(kept)
    except ValidationError:
        pytest.fail(f"{kept!r} is no address to Django")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("+49 151 12345678", "+4915112345678"),
        ("0049 (151) 123-456-78", "+4915112345678"),
        (" +1 (555) 555-0100", "+15555550100"),
        ("+44 20 7946 0958", "+442079460958"),
    ],
)
def test_a_number_has_one_form(typed: str, kept: str) -> None:
    assert normal_phone(typed) == kept
    assert normal_phone(kept) == kept


@pytest.mark.parametrize("typed", ["", "123", "015112345678", "+", "+999123456", "+1 555 0100", "x" * 500, "+49\x001"])
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(DomainError) as refused:
        normal_phone(typed)
    assert (refused.value.code, refused.value.field) == ("phone_invalid", "phone")


def test_only_what_was_typed_is_there() -> None:
    assert contact_values({"email": " Eva@Example.com", "notes": "x"}) == {"email": "eva@example.com"}
    assert contact_values({"email": "", "phone": None, "name": None, "birthday": None, "language": ""}) == {
        "email": None, "phone": None, "name": "", "birthday": None, "language": "",
    }  # fmt: skip


@pytest.mark.parametrize(("typed", "kept"), [("EN", "en"), ("pt-br", "pt-BR"), ("zh_hant_tw", "zh-Hant-TW")])
def test_a_language_has_one_form(typed: str, kept: str) -> None:
    assert contact_values({"language": typed}) == {"language": kept}


@pytest.mark.parametrize(
    "typed",
    [{"language": "english"}, {"language": "e"}, {"birthday": "1990-01-01"}, {"birthday": date(1800, 1, 1)},
     {"birthday": date(2999, 1, 1)}, {"name": "x" * 201}, {"name": "a\nb"}, {"name": 5}, {"email": 5}],
)  # fmt: skip
def test_bad_values_name_their_field(typed: dict[str, object]) -> None:
    with pytest.raises(DomainError) as refused:
        contact_values(typed)
    assert refused.value.field == next(iter(typed))


def test_the_first_record_follows_in_all_a_later_one_in_what_was_not_typed() -> None:
    assert inherited_fields(False, ["email", "name"]) == ["email", "phone", "name", "birthday", "language"]
    assert inherited_fields(True, ["email", "name"]) == ["phone", "birthday", "language"]
