"""Every number of a commission in words and in its currency, for staff and, without other people's, for the partner."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from affiliates.models import Partner
from affiliates.partners import set_password
from commissions.models import Commission
from merchants import tenancy
from merchants.models import Merchant, User
from pages.templatetags.pages import rate_of
from rewards.details import Details
from rewards.terms import add_rule, set_reward
from tests.factories import ACTOR, PASSWORD
from tests.rewards.rules import tier
from tracking import ingest
from tracking.events import Line, Sale, SaleCustomer

SINCE = timezone.now() - timedelta(days=400)


@pytest.fixture
def look(merchant: Merchant, partner: Partner, owner: User) -> Any:
    """What staff and the partner read of a commission, as plain text."""
    staff, portal = Client(), Client()
    staff.force_login(owner)
    with tenancy.tenant(merchant.id):
        set_password(partner, password=PASSWORD, actor=ACTOR)
    portal.post(f"/p/{partner.portal_code}/sign-in/", {"email": partner.email, "password": PASSWORD})

    def both(commission: Commission) -> tuple[str, str]:
        pages = (
            staff.get(f"/m/acme/commissions/{commission.id}/"),
            portal.get(f"/p/{partner.portal_code}/earnings/{commission.id}/"),
        )
        return tuple(_text(page.content.decode()) for page in pages)  # type: ignore[return-value]

    return both


def _text(page: str) -> str:
    main = page[page.index("<main") : page.index("</main>")]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main)).replace("&#x27;", "'")


@pytest.fixture
def sells(merchant: Merchant, partner: Partner) -> Any:
    """A sale of the partner's; its commission."""

    def record(amount: int, *, order: str = "o-1", currency: str = "USD", **said: Any) -> Commission:
        lines = [Line(amount=of, product_key=key) for key, of in said.pop("lines", ())]
        sale = Sale(order_id=order, amount=amount, currency=currency, partner=str(partner.id), lines=lines, **said)
        with tenancy.tenant(merchant.id):
            (outcome,) = ingest.record([sale], actor=ACTOR, now=timezone.now())
            assert outcome.error is None, outcome.error
            return partner.commissions.select_related("order").get(order__external_id=order)

    return record


@pytest.fixture
def rule(merchant: Merchant, partner: Partner) -> Any:
    """A rule of the partner's own, of the program's when `wide`."""

    def add(percent: str, *, currency: str = "", wide: bool = False, **said: Any) -> None:
        details = Details(**said)
        with tenancy.tenant(merchant.id):
            owner: Any = {"program": partner.program} if wide else {"partner": partner}
            add_rule(
                kind="percentage", percent=percent, currency=currency, details=details, effective_from=SINCE,
                actor=ACTOR, **owner,
            )  # fmt: skip

    return add


def test_parts_and_a_line_that_no_rule_is_for(look: Any, rule: Any, sells: Any) -> None:
    rule("20", name="Books", product_keys=("book",))
    rule("5", name="Pens", product_keys=("pen",))
    made = sells(10_000, lines=[("book", 5_000), ("pen", 3_000), ("cup", 2_000)])
    assert made.amount == 1_150
    for words in look(made):
        assert "20% of $50.00 = $10.00" in words
        assert "5% of $30.00 = $1.50" in words
        assert re.search(r"Line 3.{0,6}, of \$20\.00: no rule is for it", words)
    staff, portal = look(made)
    assert "earned $11.50 for 2 parts of the order" in staff
    assert "Your own rule, Books, line 1" in portal
    assert rate_of(made.explanation) == "Several"


def test_what_counts_of_a_part_is_said(look: Any, rule: Any, sells: Any, merchant: Merchant) -> None:
    rule("20", name="Books", product_keys=("book",))
    with tenancy.tenant(merchant.id):
        program = merchant.programs.get()
        set_reward(program=program, kind="percentage", percent=10, excludes=("tax", "shipping"), effective_from=SINCE,
                   actor=ACTOR)  # fmt: skip
    made = sells(15_999, tax=999, shipping=500, lines=[("book", 9_000), ("mug", 5_500)])
    assert made.amount == 1_800 + 550
    for words in look(made):
        assert "$55.00 of $69.99 counts: without tax, shipping. 10% of $55.00 = $5.50" in words


def test_a_tier_and_a_cap_are_said_with_where_they_stood(look: Any, rule: Any, sells: Any) -> None:
    rule("10", currency="USD", name="Climbing", tiers=(tier(2, "20"),), cap_month=2_500)
    sells(10_000, order="first")
    capped = sells(10_000, order="second")
    assert capped.amount == 1_500
    for words in look(capped):
        assert "20% of $100.00 = $20.00 (tier from order 2 on, this is order 2 this month)" in words
        assert "at most $25.00 in a month, $10.00 earned before: $15.00" in words


@pytest.mark.parametrize(
    ("currency", "amount", "base", "exact", "earned"),
    [("JPY", 999, "¥999", "¥124.875", "¥125"), ("KWD", 12_345, "12.345 KWD", "1.543125 KWD", "1.543 KWD")],
)
def test_yen_and_dinars_have_their_own_decimals(
    look: Any, sells: Any, merchant: Merchant, partner: Partner, currency: str, amount: int, base: str, exact: str,
    earned: str,
) -> None:  # fmt: skip
    with tenancy.tenant(merchant.id):
        set_reward(partner=partner, kind="percentage", percent="12.5", effective_from=SINCE, actor=ACTOR)
    for words in look(sells(amount, currency=currency)):
        assert base in words
        assert exact in words
        assert earned in words
        assert "$" not in words.replace("$0.00", "")


def test_partners_read_which_rules_were_asked_and_not_where_the_customer_is(
    look: Any, rule: Any, sells: Any, merchant: Merchant
) -> None:
    rule("30", name="Home", countries=("DE",))
    rule("25", name="Welcome", customer="new")
    rule("10", wide=True)
    customer = SaleCustomer(external_id="eva", email="eva@example.com", name="Eva Example")
    sells(5_000, order="before", customer=customer, country="FR")
    made = sells(5_000, country="FR", customer=customer)
    staff, portal = look(made)
    assert "for DE, the order is from FR" in staff
    assert "Your own, Home For DE" in portal
    assert "FR" not in portal
    assert "Your own, Welcome For new customers, the customer is returning" in portal
    assert "The program's Applies" in portal
    assert "eva@example.com" not in portal


def test_no_page_shows_how_the_explanation_is_kept(look: Any, rule: Any, sells: Any) -> None:
    rule("10", currency="USD", minimum=100, maximum=200, cap_order=150, per_line=True, product_keys=("a", "b"))
    made = sells(5_000, lines=[("a", 500), ("b", 4_500)])
    for words in look(made):
        for term in ("product_key", "cap_", "left_out", "version_id", "half_up", "None", "{", "[", "True"):
            assert term not in words, term
        assert "at least $1.00" in words
        assert "at most $2.00" in words
        assert "at most $1.50 an order" in words
