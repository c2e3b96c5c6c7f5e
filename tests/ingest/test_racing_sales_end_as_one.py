"""Races between real processes over real commits."""

import multiprocessing
from functools import partial

from django.db import connection

from affiliates.coupons import create_coupon, update_coupon
from affiliates.models import Partner
from customers.models import Customer, Identity
from merchants import tenancy
from merchants.models import Merchant
from orders.models import Order
from tests.factories import ACTOR, PartnerFactory
from tests.races import race
from tracking import ingest
from tracking.events import Sale, SaleCustomer


def sell(merchant: Merchant, *sales: Sale) -> None:
    outcomes = tenancy.run(merchant.id, lambda: ingest.record(sales, actor=ACTOR))
    assert all(outcome.error is None for outcome in outcomes)


def test_the_same_order_by_six_processes_is_one_order(committed_merchant: Merchant) -> None:
    sale = Sale(
        order_id="o", amount=100, currency="USD", customer=SaleCustomer(external_id="c", email="r1@example.com")
    )
    assert race(*[partial(sell, committed_merchant, sale)] * 6) == ["ok"] * 6
    with tenancy.tenant(committed_merchant.id):
        assert Order.objects.count() == 1
        assert Customer.objects.count() == 1


def test_one_new_customer_by_six_sales_is_one_customer(committed_merchant: Merchant) -> None:
    email = f"{committed_merchant.slug}@example.com"
    sales = [Sale(order_id=f"o{i}", amount=100, currency="USD", customer=SaleCustomer(email=email)) for i in range(6)]
    assert race(*[partial(sell, committed_merchant, sale) for sale in sales]) == ["ok"] * 6
    with tenancy.tenant(committed_merchant.id):
        assert Order.objects.count() == 6
        assert Customer.objects.count() == 1
    assert Identity.objects.get(email=email).holders == 1


def test_the_last_use_of_a_coupon_goes_to_one_sale(committed_merchant: Merchant) -> None:
    with tenancy.tenant(committed_merchant.id):
        partner: Partner = PartnerFactory()
        create_coupon(partner=partner, code="THREE", max_uses=3, actor=ACTOR)
    sales = [Sale(order_id=f"o{i}", amount=100, currency="USD", coupon="three") for i in range(6)]
    assert race(*[partial(sell, committed_merchant, sale) for sale in sales]) == ["ok"] * 6
    with tenancy.tenant(committed_merchant.id):
        assert Order.objects.exclude(partner=None).count() == 3
        assert partner.coupons.get(code="THREE").uses == 3


def test_a_sale_that_waits_for_a_coupon_being_limited_keeps_to_the_new_limit(committed_merchant: Merchant) -> None:
    with tenancy.tenant(committed_merchant.id):
        coupon = create_coupon(partner=PartnerFactory(), code="LESS", max_uses=10, actor=ACTOR)
    sell(committed_merchant, Sale(order_id="first", amount=100, currency="USD", coupon="LESS"))
    changed = multiprocessing.get_context("fork").Event()

    def limit() -> None:
        with tenancy.tenant(committed_merchant.id), connection.cursor() as cursor:
            update_coupon(coupon, changes={"max_uses": 1}, actor=ACTOR)
            cursor.execute("SELECT pg_backend_pid()")
            (mine,) = cursor.fetchone()
            changed.set()
            waiting = False
            while not waiting:
                cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE %s = ANY(pg_blocking_pids(pid)))", [mine])
                (waiting,) = cursor.fetchone()

    def sell_meanwhile() -> None:
        changed.wait()
        sell(committed_merchant, Sale(order_id="second", amount=100, currency="USD", coupon="LESS"))

    assert race(limit, sell_meanwhile) == ["ok", "ok"]
    with tenancy.tenant(committed_merchant.id):
        coupon.refresh_from_db()
        assert (coupon.uses, coupon.max_uses) == (1, 1)
        second = Order.objects.get(external_id="second")
        assert (second.partner_id, second.attribution["candidates"][0]["lost"]) == (None, "coupon_used_up")


def test_batches_with_the_same_customers_in_opposite_order_both_get_through(committed_merchant: Merchant) -> None:
    def batch(name: str, numbers: range) -> list[Sale]:
        return [
            Sale(order_id=f"{name}{i}", amount=100, currency="USD", customer=SaleCustomer(external_id=f"c{i}"))
            for i in numbers
        ]

    there, back = batch("a", range(200)), batch("b", range(199, -1, -1))
    outcomes = race(partial(sell, committed_merchant, *there), partial(sell, committed_merchant, *back))
    assert outcomes == ["ok", "ok"]
    with tenancy.tenant(committed_merchant.id):
        assert (Order.objects.count(), Customer.objects.count()) == (400, 200)
