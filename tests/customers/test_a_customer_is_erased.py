"""A customer asks to be forgotten: every table is searched for them afterwards, and the books still hold."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from affiliates.models import Partner
from commissions import verify
from commissions.rejection import reject, restore
from customers.models import Customer
from customers.provider_keys import add_provider_key
from customers.records import create_customer, update_customer
from jobs import work
from merchants import tenancy
from merchants.models import Merchant
from orders import verify as orders_verify
from tests.factories import ACTOR, ApiKeyFactory, PartnerFactory
from tests.sales import give_ten_percent
from tests.tenancy.population import owned_models
from tracking.customer_erasure import delete_customer
from tracking.deletion import delete_order
from tracking.events import Refund
from tracking.reattribution import reattribute
from tracking.refunds import record_refund

pytestmark = pytest.mark.django_db

#: What must stand nowhere: name, address, phone, keys, and what she and staff wrote.
SECRETS = ("philippa", "ravenscroft", "4670174", "psp-key-of-hers", "wrote-of-her", "her-shop-id")
EMAIL = "philippa@ravenscroft.example"


@pytest.fixture
def philippa(merchant: Merchant, partner: Partner) -> Customer:
    """A customer with a long life here: she bought over the API, was moved, refunded, rejected, and written about."""
    with tenancy.tenant(merchant.id):
        give_ten_percent(partner)
        key = ApiKeyFactory()
        made = create_customer(
            external_id="her-shop-id", email=EMAIL, phone="+46701740605", name="Philippa Ravenscroft",
            notes="wrote-of-her", tags=["wrote-of-her"], metadata={"a": "wrote-of-her"}, actor=ACTOR,
        )  # fmt: skip
        update_customer(made, changes={"name": "Philippa R. Ravenscroft", "notes": "wrote-of-her more"}, actor=ACTOR)
        add_provider_key(made, provider="stripe", key="psp-key-of-hers", actor=ACTOR)
    for number in (1, 2, 3):
        body = {
            "order_id": f"P-{number}", "amount": 10_000, "currency": "USD", "coupon": "ANNA10",
            "customer": {"external_id": "her-shop-id", "email": EMAIL, "name": "Philippa Ravenscroft"},
            "placed_at": (timezone.now() - timedelta(days=1)).isoformat(), "notes": "For Philippa",
            "metadata": {"card": "Dear Philippa"},
        }  # fmt: skip
        answer = Client().post(
            "/api/v1/sales", body, content_type="application/json",
            headers={"Authorization": f"Bearer {key.token}", "Idempotency-Key": f"key-{number}"},
        )  # fmt: skip
        assert answer.status_code == 201, answer.content
    with tenancy.tenant(merchant.id):
        ben: Partner = PartnerFactory(name="Ben")
        give_ten_percent(ben)
        reattribute(made, partner=ben, past="unpaid", reason="Philippa asked", actor=ACTOR)
        back = Refund(order_id="P-1", refund_id="R-1", amount=4_000, reason="Too small for Philippa")
        record_refund(back, actor=ACTOR)
        doubted = ben.commissions.get(order__external_id="P-1")
        restore(reject(doubted, reason="Philippa is Ben", actor=ACTOR), reason="Philippa is not", actor=ACTOR)
        orders = merchant.orders
        delete_order(merchant, orders.get(external_id="P-2").id, reason="Philippa sent it back", actor=ACTOR)
    return made


def mentions() -> list[str]:
    """Every column of every row of the running tenant, and of the identities, in which something of hers stands."""
    rows = []
    with connection.cursor() as cursor:
        for table in [*(model._meta.db_table for model in owned_models()), "merchants_locator", "customers_identity"]:
            cursor.execute(f"SELECT row_to_json(t)::text FROM {table} t")
            rows += [f"{table}: {row}" for (row,) in cursor.fetchall()]
    return [row for row in rows if any(secret in row.lower() for secret in SECRETS)]


def test_nothing_of_hers_stands_anywhere_and_the_books_hold(merchant: Merchant, philippa: Customer) -> None:
    with tenancy.tenant(merchant.id):
        was = set(merchant.commissions.values_list("id", "partner_id", "amount", "reversed", "status"))
        assert {row.partition(":")[0] for row in mentions()} >= {
            "customers_customer", "orders_order", "orders_refund", "commissions_decision", "merchants_auditentry",
            "tracking_storedanswer", "customers_identity",
        }  # fmt: skip
        job = delete_customer(philippa, actor=ACTOR)
        assert job is not None
    work.run(merchant.id, job.id)
    with tenancy.tenant(merchant.id):
        job.refresh_from_db()
        assert job.status == "done", job.error
        assert mentions() == []
        assert set(merchant.commissions.values_list("id", "partner_id", "amount", "reversed", "status")) == was
        assert [*verify.problems(), *orders_verify.problems()] == []
        moved = merchant.audit_entries.get(verb="customer.reattribute")
        assert moved.after["partner"] == "Ben", "what happened to partners stays known"


def test_a_sale_that_is_sent_again_is_the_same_sale_still(merchant: Merchant, philippa: Customer) -> None:
    with tenancy.tenant(merchant.id):
        key = ApiKeyFactory()
        job = delete_customer(philippa, actor=ACTOR)
        assert job is not None
        stood = merchant.orders(manager="with_deleted").count()
        answer = merchant.stored_answers.get(key="key-3")
    work.run(merchant.id, job.id)
    with tenancy.tenant(merchant.id):
        again = merchant.stored_answers.get(key="key-3")
        assert (again.request_fingerprint, again.status) == (answer.request_fingerprint, answer.status)
        assert "Philippa" not in again.body
        assert merchant.orders(manager="with_deleted").count() == stood
        assert key.id


def test_who_is_deleted_twice_is_looked_for_once(merchant: Merchant, philippa: Customer) -> None:
    with tenancy.tenant(merchant.id):
        assert delete_customer(philippa, actor=ACTOR) is not None
        assert delete_customer(philippa, actor=ACTOR) is None
        assert merchant.jobs.filter(kind="customers.forget").count() == 1
