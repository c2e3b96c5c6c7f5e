"""What a page may cost, whoever's it is: queries that do not grow with the rows, and what travels to the browser."""

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from affiliates.models import Partner
from affiliates.partners import set_password
from bonuses.models import Progress, Rung
from bonuses.plans import create_bonus
from config.static_files import StaticFiles
from merchants import tenancy
from merchants.keys import issue
from merchants.models import Merchant, User
from payouts.manual import record_payout
from stats.rollup import refresh
from tests.factories import ACTOR, PASSWORD, PartnerFactory
from tests.sales import give_ten_percent
from tracking import ingest
from tracking.events import Refund, Sale, SaleCustomer
from tracking.refunds import record_refund

MOST_QUERIES = 12
MOST_HTML = 10_000
MOST_CSS = 12_000
MOST_JS = 8_000

#: Of the transaction around the test, and of leaving it: a request that stands alone has none of these.
_OF_THE_TEST = re.compile(r"(RELEASE )?SAVEPOINT|SELECT set_config\('app.merchant_id', '', true\)")


@dataclass(frozen=True, slots=True)
class Cast:
    """Whose pages they are."""

    merchant: Merchant
    anna: Partner
    staff: Client
    portal: Client


@pytest.fixture
def cast(merchant: Merchant, owner: User, partner: Partner) -> Cast:
    with tenancy.tenant(merchant.id):
        give_ten_percent(partner)
        set_password(partner, password=PASSWORD, actor=ACTOR)
        create_bonus(
            program=partner.program, name="Orders", measure="orders", period="month", currency="USD",
            ladder=[Rung(n, n) for n in range(10, 200, 10)], actor=ACTOR,
        )  # fmt: skip
    staff, portal = Client(), Client()
    staff.force_login(owner)
    staff.get("/m/acme/settings/")  # writes down when the session was last seen, which happens every five minutes
    portal.post(f"/p/{partner.portal_code}/sign-in/", {"email": partner.email, "password": PASSWORD})
    return Cast(merchant, partner, staff, portal)


def grow(cast: Cast, *, first: int, last: int) -> None:
    """Customers, partners, orders, commissions, payouts, refunds and keys, so many of each."""
    long_ago = timezone.now() - timedelta(days=60)
    with tenancy.tenant(cast.merchant.id):
        sales = [
            Sale(order_id=f"o{n}", amount=1_000 + n, currency="USD", coupon="ANNA10", placed_at=long_ago,
                 customer=SaleCustomer(external_id=f"c{n if n % 2 else 1}", email=f"c{n if n % 2 else 1}@example.com",
                                       name=f"Customer {n}"))
            for n in range(first, last)
        ]  # fmt: skip
        assert all(outcome.error is None for outcome in ingest.record(sales, actor=ACTOR))
        for n in range(first, last):
            PartnerFactory(name=f"Partner {n}", email=f"partner-{n}@example.com", coupon_code=f"P{n}")
            if n % 10 == 0:
                issue(name=f"key {n}", scopes=["read"], actor=ACTOR)
                record_refund(Refund(order_id=f"o{n}", refund_id=f"r{n}", amount=100), actor=ACTOR)
                commission = cast.anna.commissions.get(order__external_id=f"o{n}")
                record_payout(partner=cast.anna, commission_ids=[commission.id], transaction_id=f"t{n}",
                              paid_on=timezone.localdate(), actor=ACTOR)  # fmt: skip
        refresh()
        bonus, today = cast.merchant.bonuses.get(), timezone.localdate()
        on_the_way = cast.merchant.partners.exclude(bonus_progress__bonus=bonus)
        cast.merchant.bonus_progress.bulk_create(
            Progress(merchant=cast.merchant, partner=each, bonus=bonus, first_day=today, reached=n)
            for n, each in enumerate(on_the_way, 1)
        )


def pages(cast: Cast) -> Iterator[tuple[Client, str]]:
    """Every list and every page of one thing."""
    with tenancy.tenant(cast.merchant.id):
        merchant, anna = cast.merchant, cast.anna
        order = merchant.orders.get(external_id="o1")
        commission = order.commissions.get()
        payout = merchant.payouts.order_by("id")[0]
        bonus = merchant.bonuses.get()
    for path in (
        "", "overview/statuses/", "search/?q=cust", "partners/", "partners/?q=partner", "partners/?sort=name",
        f"partners/{anna.id}/", f"partners/{anna.id}/activity/", f"partners/{anna.id}/settings/",
        f"partners/{anna.id}/codes/", "customers/", "customers/?q=customer", "customers/?sort=-revenue",
        f"customers/{order.customer_id}/", f"customers/{order.customer_id}/timeline/", "orders/", "orders/?q=o1",
        f"orders/{order.id}/", "commissions/", "commissions/?q=o1", f"commissions/{commission.id}/", "payouts/",
        "payouts/history/", f"payouts/{payout.id}/", f"payouts/new/{anna.id}/USD/", "audit/", "keys/", "team/",
        "settings/", "settings/mail/",
        "groups/", "groups/new/", "settings/applications/", "settings/applications/terms/new/",
        "bonuses/", f"bonuses/{bonus.id}/", "bonuses/new/", f"bonuses/{bonus.id}/edit/", f"partners/{anna.id}/bonuses/",
        "partners/?status=applied", f"partners/{anna.id}/application/", f"partners/{anna.id}/approve/",
    ):  # fmt: skip
        yield cast.staff, f"/m/acme/{path}"
    for path in (
        "", "earnings/", f"earnings/{commission.id}/", "customers/", "links/", "payouts/", f"payouts/{payout.id}/",
        "settings/",
    ):  # fmt: skip
        yield cast.portal, f"/p/{anna.portal_code}/{path}"


def asked(cast: Cast, browser: Client, address: str) -> list[str]:
    """What the page asks the database when the sidebar has not counted for a while."""
    cache.delete_many([f"{kept}:{cast.merchant.id}" for kept in ("shell", "todo")])
    with CaptureQueriesContext(connection) as captured:
        answer = browser.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return [query["sql"] for query in captured.captured_queries if not _OF_THE_TEST.match(query["sql"])]


def test_no_page_asks_more_than_twelve_times_or_more_with_more_rows(cast: Cast) -> None:
    grow(cast, first=0, last=30)
    few = {address: asked(cast, browser, address) for browser, address in pages(cast)}
    grow(cast, first=30, last=300)
    for browser, address in pages(cast):
        many = asked(cast, browser, address)
        assert len(many) <= MOST_QUERIES, "\n".join([address, *many])
        # A list of more than a page is counted; that is all that more rows may cost.
        assert len(many) <= len(few[address]) + any("count(*)" in query.lower() for query in many), address


def test_no_page_is_heavier_than_ten_kilobytes(cast: Cast) -> None:
    grow(cast, first=0, last=60)
    sizes = {address: len(gzip.compress(browser.get(address).content)) for browser, address in pages(cast)}
    assert {address: size for address, size in sizes.items() if size > MOST_HTML} == {}


def test_styles_and_scripts_stay_small_as_they_are_served(tmp_path: Path) -> None:
    """The style sheet and the script of the API reference travel with that page alone."""
    storage = StaticFiles(location=tmp_path)

    def together(folder: str, ending: str) -> int:
        files = sorted((Path(settings.BASE_DIR) / "static" / folder).glob(f"*.{ending}"))
        own = [file for file in files if file.stem != "reference"]
        assert len(own) > 2
        kept = [storage.save(f"{folder}/{file.name}", ContentFile(file.read_bytes())) for file in own]
        return sum(len(gzip.compress((tmp_path / name).read_bytes())) for name in kept)

    assert together("css", "css") <= MOST_CSS
    assert together("js", "js") <= MOST_JS
