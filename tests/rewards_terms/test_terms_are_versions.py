"""Setting rewards: versions that never change, numbered without gaps."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from affiliates.models import Partner
from merchants import tenancy
from merchants.audit import Actor
from merchants.errors import Conflict, DomainError
from merchants.models import Merchant
from rewards.models import RewardVersion
from rewards.terms import end_reward, reward_at, set_reward, versions_of
from tests.factories import ACTOR, GroupFactory, PartnerFactory
from tests.races import race

JANUARY, FEBRUARY, MARCH = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2, 3))


def test_the_version_in_force_depends_on_the_moment(tenant: Merchant, partner: Partner, actor: Actor) -> None:
    program = partner.program
    set_reward(program=program, kind="percentage", percent="10", effective_from=JANUARY, actor=actor)
    set_reward(
        program=program, kind="fixed", amount=500, currency="USD", excludes=["tax"], effective_from=MARCH, actor=actor
    )
    assert reward_at(program, JANUARY - timedelta(microseconds=1)) is None
    ten, five = reward_at(program, JANUARY), reward_at(program, MARCH)
    assert ten is not None
    assert five is not None
    assert (ten.number, ten.percent, ten.excludes) == (1, Decimal("10.0000"), [])
    assert (five.number, five.amount, five.currency, five.excludes) == (2, 500, "USD", ["tax"])
    assert reward_at(program, MARCH - timedelta(microseconds=1)) == ten


def test_of_two_versions_for_one_moment_the_later_one_counts(tenant: Merchant, partner: Partner, actor: Actor) -> None:
    for percent in (10, 12):
        set_reward(partner=partner, kind="percentage", percent=percent, effective_from=JANUARY, actor=actor)
    found = reward_at(partner, JANUARY)
    assert found is not None
    assert found.percent == 12


def test_ending_takes_the_terms_away_from_then_on(tenant: Merchant, partner: Partner, actor: Actor) -> None:
    with pytest.raises(Conflict) as refused:
        end_reward(partner=partner, actor=actor)
    assert refused.value.code == "no_reward_to_end"
    set_reward(partner=partner, kind="percentage", percent=10, effective_from=JANUARY, actor=actor)
    ending = end_reward(partner=partner, effective_from=FEBRUARY, actor=actor)
    assert (ending.number, ending.ended) == (2, True)
    assert reward_at(partner, JANUARY) is not None
    assert reward_at(partner, FEBRUARY) is None
    set_reward(partner=partner, kind="percentage", percent=5, effective_from=MARCH, actor=actor)
    assert reward_at(partner, MARCH) is not None
    assert [v.number for v in versions_of(partner).order_by("number")] == [1, 2, 3]


def test_levels_are_numbered_apart(tenant: Merchant, partner: Partner, actor: Actor) -> None:
    gold = GroupFactory(program=partner.program)
    numbers = [
        set_reward(kind="percentage", percent=1, actor=actor, **owner).number  # type: ignore[arg-type]
        for owner in ({"program": partner.program}, {"group": gold}, {"partner": partner}, {"partner": partner})
    ]
    assert numbers == [1, 1, 1, 2]


def test_versions_cannot_be_rewritten(tenant: Merchant, partner: Partner, actor: Actor) -> None:
    version = set_reward(partner=partner, kind="percentage", percent=10, actor=actor)
    for attempt in (lambda: RewardVersion.objects.update(percent=20), version.delete):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            attempt()


def test_versions_set_at_once_are_numbered_one_after_the_other(committed_merchant: Merchant) -> None:
    with tenancy.tenant(committed_merchant.id):
        partner = PartnerFactory(name=committed_merchant.slug)

    def change() -> None:
        with tenancy.tenant(committed_merchant.id):
            set_reward(partner=partner, kind="percentage", percent=10, actor=ACTOR)

    assert race(change, change, change, change) == ["ok"] * 4
    with tenancy.tenant(committed_merchant.id):
        assert sorted(versions_of(partner).values_list("number", flat=True)) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"kind": "percentage"}, "percent_invalid"),
        ({"kind": "percentage", "percent": -1}, "percent_invalid"),
        ({"kind": "percentage", "percent": "100.0001"}, "percent_invalid"),
        ({"kind": "percentage", "percent": "1.00001"}, "percent_invalid"),
        ({"kind": "percentage", "percent": "NaN"}, "percent_invalid"),
        ({"kind": "percentage", "percent": "Infinity"}, "percent_invalid"),
        ({"kind": "percentage", "percent": "1e999999"}, "percent_invalid"),
        ({"kind": "percentage", "percent": "ten"}, "percent_invalid"),
        ({"kind": "percentage", "percent": 0.1}, "percent_invalid"),
        ({"kind": "percentage", "percent": True}, "percent_invalid"),
        ({"kind": "percentage", "percent": 10, "amount": 5}, "terms_mixed"),
        ({"kind": "fixed", "amount": 500}, "unknown_currency"),
        ({"kind": "fixed", "amount": -1, "currency": "USD"}, "out_of_range"),
        ({"kind": "fixed", "amount": 5.0, "currency": "USD"}, "invalid_number"),
        ({"kind": "fixed", "amount": 5, "currency": "USD", "percent": 1}, "terms_mixed"),
        ({"kind": "gift"}, "invalid_choice"),
        ({"kind": "percentage", "percent": 10, "excludes": ["tip"]}, "invalid_choice"),
        ({"kind": "percentage", "percent": 10, "effective_from": datetime(2026, 1, 1)}, "invalid_time"),
    ],
)
def test_terms_that_make_no_sense_are_refused(
    tenant: Merchant, partner: Partner, actor: Actor, terms: dict[str, object], code: str
) -> None:
    with pytest.raises(DomainError) as refused:
        set_reward(partner=partner, actor=actor, **terms)  # type: ignore[arg-type]
    assert refused.value.code == code


def test_a_reward_has_one_owner(tenant: Merchant, partner: Partner, actor: Actor) -> None:
    for owners in ({}, {"partner": partner, "program": partner.program}):
        with pytest.raises(DomainError) as refused:
            set_reward(kind="percentage", percent=1, actor=actor, **owners)  # type: ignore[arg-type]
        assert refused.value.code == "one_owner"
