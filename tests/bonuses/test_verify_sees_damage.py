"""`bonuses.verify` proves nothing if it does not see what is wrong: each kind of damage, made by hand."""

import pytest
from django.db import connection

from affiliates.models import Partner
from bonuses import reaching, verify
from bonuses.models import Rung
from bonuses.plans import create_bonus
from merchants.models import Merchant
from stats import rollup
from tests.factories import ACTOR
from tracking import ingest
from tracking.events import Sale


@pytest.fixture
def reached(tenant: Merchant, partner: Partner) -> None:
    """Two orders today, and 5.00 USD for them."""
    create_bonus(
        program=partner.program, name="Spring", measure="orders", period="month", currency="USD",
        ladder=[Rung(2, 500)], actor=ACTOR,
    )  # fmt: skip
    sales = [Sale(order_id=f"o{n}", amount=100, currency="USD", partner=str(partner.id)) for n in range(2)]
    ingest.record(sales, actor=ACTOR)
    for _ in range(2):
        rollup.refresh()
        reaching.settle()
    assert list(verify.problems()) == []


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ('UPDATE bonuses_bonus SET ladder = \'[{"target": 2, "amount": 600}]\'', "pays 600"),
        ('UPDATE bonuses_bonus SET ladder = \'[{"target": 3, "amount": 500}]\'', "pays None"),
        ("UPDATE bonuses_bonus SET currency = 'EUR'", "different partners or currencies"),
        ("UPDATE bonuses_progress SET reached = 1", "the partner has reached 1"),
        ("UPDATE bonuses_progress SET reached = 7", "their days come to 2"),
        ("UPDATE stats_partnerday SET kept_orders = 9 WHERE kept_orders = 2", "their days come to 9"),
        (
            "ALTER TABLE bonuses_award DISABLE TRIGGER append_only; DELETE FROM bonuses_award;"
            " ALTER TABLE bonuses_award ENABLE TRIGGER append_only",
            "nobody is known to have reached",
        ),
    ],
)
def test_damage_is_a_sentence(reached: None, damage: str, sentence: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(damage)
    assert any(sentence in problem for problem in verify.problems()), list(verify.problems())


def test_what_is_still_to_be_looked_at_is_no_problem(tenant: Merchant, reached: None, partner: Partner) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE bonuses_progress SET reached = 1")
    tenant.bonuses_due.create(partners=[partner.id])
    assert list(verify.problems()) == []
