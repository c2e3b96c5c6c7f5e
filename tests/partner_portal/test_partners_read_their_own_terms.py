"""A partner reads what they earn as sentences, and how far the next tier is."""

from datetime import timedelta
from decimal import Decimal

from django.test import Client
from django.utils import timezone

from affiliates.models import Partner
from affiliates.partners import set_password
from merchants import tenancy
from merchants.models import Merchant
from rewards.details import Details, Tier
from rewards.terms import add_rule, set_reward
from tests.factories import ACTOR, PASSWORD, PartnerFactory
from tests.sales import sell


def home_of(partner: Partner) -> str:
    client = Client()
    client.post(f"/p/{partner.portal_code}/sign-in/", {"email": partner.email, "password": PASSWORD})
    return client.get(f"/p/{partner.portal_code}/").content.decode()


def test_every_rule_that_may_decide_is_a_sentence_and_the_next_tier_is_counted(
    merchant: Merchant, partner: Partner
) -> None:
    since = timezone.now() - timedelta(days=900)
    with tenancy.tenant(merchant.id):
        set_password(partner, password=PASSWORD, actor=ACTOR)
        other = PartnerFactory(name="Ben")
        set_reward(program=partner.program, kind="percentage", percent=10, effective_from=since, actor=ACTOR)
        set_reward(partner=other, kind="percentage", percent=77, effective_from=since, actor=ACTOR)
    assert "You earn 10% of every order" in home_of(partner)
    with tenancy.tenant(merchant.id):
        tiered = Details(name="Climbing", tiers=(Tier(5, percent=Decimal(15)),), countries=("DE",))
        add_rule(
            program=partner.program, kind="percentage", percent=12, details=tiered, effective_from=since, actor=ACTOR
        )
        sell(partner, 10_000, order="o-1", days_ago=0)
    page = home_of(partner)
    assert "12% of the total in DE, 15% from the 5th order of the month" in page
    assert "3 more orders until 15%" in page
    assert "10% of the total" in page
    assert "77" not in page.partition("terms-title")[2].partition("</section>")[0]
