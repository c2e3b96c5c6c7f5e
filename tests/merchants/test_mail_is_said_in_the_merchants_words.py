"""Words of a merchant: kept, checked against the names there are, taken back; never a template language."""

import pytest

from merchants.audit import Actor
from merchants.errors import DomainError, NotFound
from merchants.letters import LETTERS, all_words, checked, letter_of, reset_words, set_words, substituted, words_of
from merchants.models import Merchant

WELCOME = LETTERS["activation"]


def refusal(subject: object = "Hello", body: object = "{link}") -> tuple[str, str, str]:
    with pytest.raises(DomainError) as refused:
        checked(WELCOME, subject=subject, body=body)
    return refused.value.code, refused.value.field, refused.value.message


def test_words_are_kept_and_taken_back(tenant: Merchant, actor: Actor) -> None:
    set_words(tenant, WELCOME, subject=" Hi {partner} ", body="Come in:\r\n\r\n{link}\r\n", actor=actor)
    words = words_of(tenant, WELCOME)
    assert (words.subject, words.body) == ("Hi {partner}", "Come in:\n\n{link}")
    assert [letter.name for letter, _, is_own in all_words(tenant) if is_own] == ["activation"]
    reset_words(tenant, WELCOME, actor=actor)
    assert words_of(tenant, WELCOME).subject == WELCOME.subject
    assert not any(is_own for _, _, is_own in all_words(tenant))
    entries = tenant.audit_entries.filter(object_type="mailwords").order_by("id")
    assert [entry.verb for entry in entries] == ["mail.update", "mail.reset"]
    assert entries[1].before == {"subject": "Hi {partner}", "body": "Come in:\n\n{link}"}


def test_our_own_words_are_not_kept_as_the_merchants(tenant: Merchant, actor: Actor) -> None:
    set_words(tenant, WELCOME, subject=WELCOME.subject, body=WELCOME.body.replace("\n", "\r\n"), actor=actor)
    assert not tenant.mail_words.exists()
    set_words(tenant, WELCOME, subject="Mine", body=WELCOME.body, actor=actor)
    row = tenant.mail_words.get()
    assert (row.subject, row.body) == ("Mine", "")


def test_resetting_what_was_never_changed_does_nothing(tenant: Merchant, actor: Actor) -> None:
    reset_words(tenant, WELCOME, actor=actor)
    assert not tenant.mail_words.exists()
    assert not tenant.audit_entries.filter(verb="mail.reset").exists()


def test_a_name_there_is_not_is_refused_with_those_there_are() -> None:
    code, field, message = refusal(body="Hello {first_name}: {link}")
    assert (code, field) == ("unknown_placeholder", "body")
    assert message == "There is no {first_name} in this e-mail. There is {merchant}, {partner}, {link}."
    for wrong in ("{Partner}", "{ partner }", "{partner.password}", "{}", "{0}", "{partner!r}", "{{ merchant }}"):
        assert refusal(body=f"{wrong} {{link}}")[0] == "unknown_placeholder", wrong
        assert refusal(subject=wrong)[:2] == ("unknown_placeholder", "subject"), wrong


def test_a_message_keeps_what_it_is_for() -> None:
    assert refusal(body="Hello {partner}")[:2] == ("needed", "body")
    assert "Keep {link} in the message" in refusal(body="Hello {partner}")[2]
    assert checked(LETTERS["portal_password_changed"], subject="Changed", body="No link is needed here.")


@pytest.mark.parametrize(
    ("subject", "body", "field"),
    [
        ("", "{link}", "subject"),
        ("two\nlines", "{link}", "subject"),
        ("x" * 151, "{link}", "subject"),
        (None, "{link}", "subject"),
        ("Hello", "", "body"),
        ("Hello", " \n ", "body"),
        ("Hello", "{link}" + "x" * 5000, "body"),
        ("Hello", "{link}\0", "body"),
    ],
)
def test_words_have_bounds(subject: object, body: object, field: str) -> None:
    assert refusal(subject, body)[1] == field


def test_a_value_that_looks_like_a_name_is_not_replaced_again() -> None:
    values = {"partner": "{link}", "link": "https://example.com/secret"}
    assert substituted("Hello {partner}", values) == "Hello {link}"
    assert substituted("{ or } or {{% if %}} {other}", values) == "{ or } or {{% if %}} {other}"


def test_our_own_words_pass_their_own_check() -> None:
    for letter in LETTERS.values():
        words = checked(letter, subject=letter.subject, body=letter.body)
        assert (words.subject, words.body) == (letter.subject, letter.body)
    with pytest.raises(NotFound):
        letter_of("newsletter")
