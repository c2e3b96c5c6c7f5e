"""Sales of one partner at the same moment: each counts once, and the cap is held to the cent."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from affiliates.models import Partner
from commissions import standing
from merchants import tenancy
from merchants.models import Merchant
from rewards.details import Details
from rewards.terms import add_rule
from tests.factories import ACTOR, PartnerFactory
from tests.races import race
from tracking import ingest
from tracking.events import Sale, SaleCustomer

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


def test_a_cap_is_held_to_the_cent(committed_merchant: Merchant) -> None:
    with tenancy.tenant(committed_merchant.id):
        partner: Partner = PartnerFactory(name=committed_merchant.slug)
        since = NOW - timedelta(days=9)
        details = Details(cap_month=2_500, cap_customer=9_000)
        add_rule(
            partner=partner, kind="percentage", percent=10, currency="USD", details=details, effective_from=since,
            actor=ACTOR,
        )  # fmt: skip

    def selling(number: int) -> Callable[[], object]:
        sale = Sale(
            order_id=f"o-{number}", amount=10_000, currency="USD", partner=str(partner.id), placed_at=NOW,
            customer=SaleCustomer(external_id=f"c-{number % 2}"),
        )  # fmt: skip
        return lambda: tenancy.run(committed_merchant.id, lambda: ingest.record([sale], actor=ACTOR, now=NOW))

    assert race(*map(selling, range(6))) == ["ok"] * 6
    with tenancy.tenant(committed_merchant.id):
        assert sorted(partner.commissions.values_list("amount", flat=True)) == [0, 0, 0, 500, 1_000, 1_000]
        assert partner.standings.get(customer=None).orders == 6
        assert sorted(partner.standings.exclude(customer=None).values_list("orders", flat=True)) == [3, 3]
        assert list(standing.problems()) == []
