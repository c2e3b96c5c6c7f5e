"""Two accounts of one person apply from one address: the rule for duplicate accounts knows it before any log-in."""

from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.test import Client

from affiliates.partners import approve
from fraud.addresses import forget
from merchants import tenancy
from merchants.models import User
from pages.visitors import address_hash
from tests.apply.conftest import Door, link_in
from tests.factories import ACTOR
from tests.fraud.conftest import found, sell, switch_on
from tests.sales import give_ten_percent

pytestmark = pytest.mark.django_db

HOME, PHONE = "203.0.113.7", "198.51.100.9"


def apply_from(
    door: Door, address: str, mailoutbox: list[EmailMessage], *, confirmed_from: str = "", **who: str
) -> str:
    """Send the form from one network address and confirm from another; the confirmation's link."""
    door.browser = Client(REMOTE_ADDR=address)
    door.send(**who)
    link = link_in(mailoutbox[-1])
    door.browser = Client(REMOTE_ADDR=confirmed_from or address)
    door.confirm(link)
    return link


def test_two_who_applied_from_one_address_are_doubted(door: Door, mailoutbox: list[EmailMessage]) -> None:
    apply_from(door, HOME, mailoutbox, name="Anna", email="anna@example.com")
    apply_from(door, HOME, mailoutbox, confirmed_from=PHONE, name="Bea", email="bea@example.net")
    apply_from(door, "192.0.2.1", mailoutbox, name="Cleo", email="cleo@example.org")
    with tenancy.tenant(door.merchant.id):
        switch_on(door.merchant, "duplicate_accounts")
        for partner in door.merchant.partners.order_by("name"):
            approve(partner, actor=ACTOR)
            give_ten_percent(partner)
            sell(partner, partner.name)
        assert found(door.merchant) == {
            "Anna": ["The partner shares a network address with Bea."],
            "Bea": ["The partner shares a network address with Anna."],
        }


def test_it_is_kept_as_a_hash_and_moves_from_the_application_to_the_partner(
    door: Door, mailoutbox: list[EmailMessage]
) -> None:
    door.browser = Client(REMOTE_ADDR=HOME)
    door.send()
    with tenancy.tenant(door.merchant.id):
        assert door.merchant.applications.get().ip_hash == address_hash(HOME)
    door.browser = Client(REMOTE_ADDR=PHONE)
    link = link_in(mailoutbox[0])
    door.browser.get(link)
    door.confirm(link)
    door.browser = Client(REMOTE_ADDR="192.0.2.1")
    door.confirm(link)
    with tenancy.tenant(door.merchant.id):
        assert door.merchant.applications.get().ip_hash == ""
        kept = set(door.merchant.partner_addresses.values_list("ip_hash", flat=True))
    assert kept == {address_hash(HOME), address_hash(PHONE)}, "a link that is used again says nothing"


def test_it_goes_with_the_other_addresses(door: Door, mailoutbox: list[EmailMessage]) -> None:
    apply_from(door, HOME, mailoutbox)
    door.clock.shift(timedelta(days=200))
    with tenancy.tenant(door.merchant.id):
        # The database's own clock wrote it, and that one does not travel.
        forget()
        assert not door.merchant.partner_addresses.exists()


def test_whoever_decides_sees_who_else_came_from_there(door: Door, mailoutbox: list[EmailMessage], owner: User) -> None:
    apply_from(door, HOME, mailoutbox, name="Anna", email="anna@example.com")
    apply_from(door, HOME, mailoutbox, name="Bea", email="bea@example.net")
    apply_from(door, PHONE, mailoutbox, name="Cleo", email="cleo@example.org")
    staff = Client()
    staff.force_login(owner, "django.contrib.auth.backends.ModelBackend")
    with tenancy.tenant(door.merchant.id):
        ids = dict(door.merchant.partners.values_list("name", "id"))
    pages = {name: staff.get(f"/m/acme/partners/{ids[name]}/application/").content.decode() for name in ("Bea", "Cleo")}
    assert "Seen at the same network address:" in pages["Bea"]
    assert str(ids["Anna"]) in pages["Bea"]
    assert "Seen at the same network address:" not in pages["Cleo"]
