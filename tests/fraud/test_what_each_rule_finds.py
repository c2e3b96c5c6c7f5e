"""Each rule as a story: what it stops, and what looks alike and is let through."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from affiliates.attribution import mailbox
from affiliates.models import Partner
from fraud import checks
from fraud.addresses import note
from merchants.errors import DomainError
from merchants.models import Merchant, SelfReferralPolicy
from merchants.settings import update_merchant
from stats.rollup import refresh
from tests.factories import ACTOR, PartnerFactory
from tests.fraud.conftest import follow, found, sell, switch_on
from tests.sales import give_ten_percent


def test_a_buyer_with_the_partners_mailbox(tenant: Merchant, anna: Partner) -> None:
    update_merchant(tenant, changes={"self_referral": SelfReferralPolicy.ALLOW}, actor=ACTOR)
    switch_on(tenant, "self_referral")
    sell(anna, "mine", buyer="anna+shop@example.com")
    sell(anna, "other", buyer="annabel@example.com")
    assert found(tenant) == {"mine": ["Buyer and partner have the same e-mail."]}


def test_a_buyer_who_pays_with_the_partners_card(tenant: Merchant, anna: Partner) -> None:
    update_merchant(tenant, changes={"self_referral": SelfReferralPolicy.ALLOW}, actor=ACTOR)
    sell(anna, "own", buyer="anna@example.com", metadata={"payment_fingerprint": "card-1"})
    anna.metadata = {"device_id": "phone-1"}
    anna.save()
    switch_on(tenant, "self_referral")
    sell(anna, "card", metadata={"payment_fingerprint": "card-1"})
    sell(anna, "phone", metadata={"device_id": "phone-1"})
    sell(anna, "both", metadata={"device_id": "phone-1", "payment_fingerprint": "card-1"})
    sell(anna, "none", metadata={"device_id": "phone-2", "payment_fingerprint": ""})
    reasons = found(tenant)
    assert reasons["card"] == ["Buyer and partner have the same means of payment."]
    assert reasons["phone"] == ["Buyer and partner have the same device."]
    assert reasons["both"] == ["Buyer and partner have the same means of payment and device."]
    assert "none" not in reasons


def test_a_click_from_where_the_partner_signs_in(tenant: Merchant, anna: Partner) -> None:
    switch_on(tenant, "self_referral")
    note(anna, "home")
    sell(anna, "home", click=follow(anna, ip_hash="home"))
    sell(anna, "away", click=follow(anna, ip_hash="away"))
    sell(anna, "nowhere", click=follow(anna))
    assert found(tenant) == {"home": ["Buyer and partner have the same network address."]}


@pytest.mark.parametrize(
    "address",
    ["anna@example.com", "anna+shop@example.com", "a.n.n.a+x@googlemail.com", "a.b@gmail.com", "a.b@example.com"],
)
def test_the_database_and_attribution_agree_on_mailboxes(db: None, address: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {checks.mailbox('a')} FROM (SELECT %s::text AS a) x", [address])
        assert cursor.fetchone()[0] == mailbox(address)


def test_four_orders_of_one_address_within_the_hour(tenant: Merchant, anna: Partner) -> None:
    switch_on(tenant, "velocity", orders=4, clicks=100, minutes=60)
    now = timezone.now()
    for number in range(4):
        placed = now - timedelta(minutes=40 - 10 * number)
        click = follow(anna, ip_hash="busy", at=placed - timedelta(minutes=1))
        sell(anna, f"fast-{number}", click=click, placed_at=placed)
    for number in range(4):
        placed = now - timedelta(minutes=61 * (4 - number))
        click = follow(anna, ip_hash="calm", at=placed - timedelta(minutes=1))
        sell(anna, f"slow-{number}", click=click, placed_at=placed)
    assert found(tenant) == {"fast-3": ["4 orders and 4 clicks came from one network address within 60 minutes."]}


def test_five_clicks_of_one_address_before_the_order(tenant: Merchant, anna: Partner) -> None:
    switch_on(tenant, "velocity", orders=10, clicks=5, minutes=10)
    now = timezone.now()
    for seconds in range(4):
        follow(anna, ip_hash="mad", at=now - timedelta(minutes=6, seconds=seconds))
    follow(anna, ip_hash="mad", at=now - timedelta(minutes=30))
    sell(anna, "clicked", click=follow(anna, ip_hash="mad", at=now - timedelta(minutes=5)))
    assert found(tenant) == {"clicked": ["1 order and 5 clicks came from one network address within 10 minutes."]}


def test_ten_of_twenty_clicks_buy_where_one_of_fifty_did(tenant: Merchant, anna: Partner) -> None:
    now = timezone.now()
    for number in range(50):
        follow(anna, at=now - timedelta(days=20, minutes=number))
    sell(anna, "usual", placed_at=now - timedelta(days=20))
    for number in range(20):
        follow(anna, at=now - timedelta(days=1, minutes=number))
    for number in range(9):
        sell(anna, f"spike-{number}", placed_at=now - timedelta(days=1))
    refresh()
    switch_on(tenant, "conversion_spike", factor=4, days=7, history=90, least=10)
    assert found(tenant) == {}, "nine are too few to say"
    sell(anna, "tenth")
    refresh()
    assert found(tenant) == {
        "tenth": ["10 orders came from 20 clicks in 7 days; before that 2% of the partner's clicks led to an order."]
    }


def test_a_click_from_a_coupon_site_or_its_subdomain(tenant: Merchant, anna: Partner) -> None:
    switch_on(tenant, "coupon_sites", sites="Coupons.example, deals.example")
    sell(anna, "site", click=follow(anna, referrer="https://coupons.example/acme?x=1"))
    sell(anna, "sub", click=follow(anna, referrer="http://www.DEALS.example:8080/"))
    sell(anna, "alike", click=follow(anna, referrer="https://notcoupons.example/"))
    sell(anna, "query", click=follow(anna, referrer="https://blog.example/?via=coupons.example"))
    assert found(tenant) == {
        "site": ["The click came from coupons.example, which lists coupon codes."],
        "sub": ["The click came from www.deals.example, which lists coupon codes."],
    }


def test_a_partner_who_is_two(tenant: Merchant, anna: Partner) -> None:
    twin = PartnerFactory(name="Anna Two", email="anna+2@example.com")
    carl = PartnerFactory(name="Carl", email="carl@example.com")
    dora = PartnerFactory(name="Dora", email="dora@example.com")
    for each in (twin, carl, dora):
        give_ten_percent(each)
    note(carl, "flat")
    note(dora, "flat")
    switch_on(tenant, "duplicate_accounts")
    sell(anna, "anna")
    sell(carl, "carl")
    loner = PartnerFactory(name="Eric", email="eric@example.com")
    give_ten_percent(loner)
    sell(loner, "eric")
    assert found(tenant) == {
        "anna": ["The partner shares a mailbox with Anna Two."],
        "carl": ["The partner shares a network address with Dora."],
    }


def test_a_country_that_is_not_served(tenant: Merchant, anna: Partner) -> None:
    with pytest.raises(DomainError, match="Fill in"):
        switch_on(tenant, "countries")
    switch_on(tenant, "countries", countries="de, at")
    sell(anna, "home", country="DE")
    sell(anna, "abroad", country="KP")
    sell(anna, "click", click=follow(anna, country="KP"))
    sell(anna, "unknown")
    assert found(tenant) == {
        "abroad": ["The order comes from KP, where you do not sell."],
        "click": ["The order comes from KP, where you do not sell."],
    }


def test_an_order_of_ten_times_the_average(tenant: Merchant, anna: Partner) -> None:
    yesterday = timezone.now() - timedelta(days=1)
    for number in range(5):
        sell(anna, f"usual-{number}", amount=2_000, placed_at=yesterday)
    refresh()
    switch_on(tenant, "amount", factor=10, days=30, least=5)
    sell(anna, "large", amount=20_001)
    sell(anna, "just", amount=20_000)
    assert found(tenant) == {
        "large": ["The order is $200.01, and your orders of the 30 days before were $20.00 on average."]
    }


def test_parameters_have_bounds_and_lists_their_form(tenant: Merchant) -> None:
    for rule, wrong, code in (
        ("velocity", {"orders": "many"}, "invalid_number"),
        ("velocity", {"orders": 1}, "out_of_range"),
        ("velocity", {"orders": "2.5"}, "invalid_number"),
        ("amount", {"factor": "NaN"}, "invalid_number"),
        ("velocity", {"speed": 1}, "unknown_field"),
        ("countries", {"countries": "Germany"}, "invalid_list"),
        ("coupon_sites", {"sites": "https://x.example/"}, "invalid_list"),
    ):
        with pytest.raises(DomainError) as refused:
            switch_on(tenant, rule, **wrong)
        assert refused.value.code == code, (rule, wrong)
    assert not tenant.fraud_rules.exists()
