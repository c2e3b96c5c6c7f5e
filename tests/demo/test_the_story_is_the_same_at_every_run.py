"""The demo's two years: the same at every run on the same day, plausible, and sound when planted."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bonuses import verify as bonuses_verify
from commissions import verify as commissions_verify
from demo.brands import BRANDS, COFFEE, Brand
from demo.planting import plant
from demo.story import Story
from ledger import verify as ledger_verify
from merchants import tenancy
from merchants.models import Merchant
from payouts import verify as payouts_verify
from stats import verify as stats_verify

TODAY = date(2026, 6, 15)


def told(brand: Brand) -> bytes:
    story = Story(brand, TODAY)
    days = [(d.day, d.sales, d.refunds, d.leads, len(d.visits)) for d in story.days()]
    return msgspec.json.encode((days, [p.code for p in story.partners]))


def test_two_tellings_are_the_same_to_the_byte() -> None:
    assert told(COFFEE) == told(COFFEE)


def test_two_years_hold_what_the_brand_says() -> None:
    days = list(Story(COFFEE, TODAY).days())
    sales = [sale for day in days for sale in day.sales]
    assert (days[-1].day, len(days)) == (TODAY, 730)
    assert len(sales) == pytest.approx(COFFEE.orders, rel=0.01)
    assert len({sale.customer.external_id for sale in sales if sale.customer}) == COFFEE.customers
    assert len({sale.order_id for sale in sales}) == len(sales)
    december = sum(len(day.sales) for day in days if day.day.month == 12)
    july = sum(len(day.sales) for day in days if day.day.month == 7)
    assert december > 1.4 * july


def test_codes_and_addresses_of_partners_are_their_own() -> None:
    for brand in BRANDS:
        partners = Story(brand, TODAY).partners
        assert len({p.code.upper() for p in partners}) == len({p.email for p in partners}) == brand.partners


@pytest.mark.django_db
def test_a_planted_brand_has_something_of_everything_and_its_books_hold(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path
    small = replace(COFFEE, slug="small", customers=60, partners=20, orders=250, least_payout=500)
    planted = plant(small, today=datetime.now(UTC).date(), base_url="http://localhost:1", say=lambda line: None)
    assert set(planted.merchant["staff"]) == {"owner", "admin", "finance", "support", "viewer"}
    assert [bool(partner["password"]) for partner in planted.partners] == [True] * 4 + [False]
    merchant = Merchant(id=tenancy.locate(tenancy.Finds.SLUG, "small"))
    with tenancy.tenant(merchant.id):
        assert {"applied", "approved", "rejected", "suspended"} == set(
            merchant.partners.values_list("status", flat=True)
        )
        waiting = merchant.applications.filter(partner__status="applied")
        assert all(len(application.answers) == 4 for application in waiting)
        assert waiting.exists()
        assert merchant.program_terms.count() == 2
        assert merchant.terms_acceptances.filter(terms__number=2).exists()
        assert {"pending", "approved", "paid", "reversed"} <= set(merchant.commissions.values_list("status", flat=True))
        assert {0, 1, 2} <= set(merchant.commissions.values_list("level", flat=True))
        assert {"Recruiting", "Busy months", "Favourite product"} <= {
            version.details.get("name") for version in merchant.reward_versions.all()
        }
        assert {"paid", "reversed"} == set(merchant.payouts.values_list("status", flat=True))
        assert merchant.orders.filter(partner=None).exists()
        assert merchant.refunds.exists()
        assert merchant.leads.exists()
        assert merchant.clicks.exists()
        assert set(merchant.assets.values_list("kind", flat=True)) == {"banner", "text"}
        assert merchant.announcements.published().count() == 1
        assert set(merchant.flags.values_list("rule", flat=True)) == {"self_referral", "coupon_sites", "countries"}
        assert merchant.commissions.under_review().count() == 3
        assert set(merchant.bonuses.values_list("name", flat=True)) == {"Orders of the month", "New year"}
        assert merchant.bonus_progress.filter(reached__gt=0).exists()
        proofs = (ledger_verify, commissions_verify, payouts_verify, stats_verify, bonuses_verify)
        assert [problem for proof in proofs for problem in proof.problems()] == []
