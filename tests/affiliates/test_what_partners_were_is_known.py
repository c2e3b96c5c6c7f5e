"""What a partner was, stretch after stretch, whoever changes them and however many at once."""

from datetime import timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from affiliates import verify
from affiliates.erasure import forget
from affiliates.models import Partner
from affiliates.partners import suspend, update_partner
from affiliates.past import Lines, Past, Then, formerly
from merchants import tenancy
from merchants.ids import new_id
from merchants.models import Merchant
from tests.factories import ACTOR, GroupFactory, PartnerFactory
from tests.races import race, under_way


def groups_of(partner: Partner) -> list[Any]:
    """The groups in the order of time; each stretch begins where the one before it ends."""
    rows = sorted(partner.stretches.all(), key=lambda row: (row.since is not None, row.since))
    assert [row.since for row in rows] == [None, *(row.until for row in rows[:-1])]
    assert rows[-1].until is None
    return [row.group_id for row in rows]


def today(partner: Partner) -> Then:
    partner.refresh_from_db()
    return Then(partner.group_id, partner.status, partner.recruiter_id, partner.recruited_at)


def moment() -> UUID:
    """An id of a millisecond in which nothing is changed: more of the time than that ids do not know."""
    made = _later(new_id())
    _later(made)
    return made


def _later(id: UUID) -> UUID:
    while (later := new_id()).int >> 80 == id.int >> 80:
        pass
    return later


def past_of(*partners: Partner) -> Past:
    past = Past(Merchant(id=partners[0].merchant_id))
    past.learn([partner.id for partner in partners])
    return past


def move(partner: Partner, group: Any) -> None:
    update_partner(partner, changes={"group": group}, actor=ACTOR)


def test_every_stretch_is_kept_from_the_first_day_on(tenant: Merchant) -> None:
    gold, silver = GroupFactory(name="Gold"), GroupFactory(name="Silver")
    anna = PartnerFactory()
    assert groups_of(anna) == [None]
    for group in (gold, silver, None, gold):
        move(anna, group)
    move(anna, gold)
    update_partner(anna, changes={"name": "Anna"}, actor=ACTOR)
    assert groups_of(anna) == [None, gold.id, silver.id, None, gold.id]
    assert groups_of(PartnerFactory(group=gold)) == [gold.id], "who starts in a group was never in none"


def test_whoever_writes_the_row_is_noticed(tenant: Merchant) -> None:
    gold, silver = GroupFactory(), GroupFactory()
    two = PartnerFactory.create_batch(2, group=gold)
    tenant.partners.update(group=silver)
    assert [groups_of(partner) for partner in two] == [[gold.id, silver.id]] * 2


def test_what_was_made_between_two_moves_is_of_the_group_between_them(tenant: Merchant) -> None:
    gold, silver = GroupFactory(), GroupFactory()
    anna, bea = PartnerFactory(group=gold), PartnerFactory(group=gold)
    in_gold = moment()
    move(anna, silver)
    in_silver = moment()
    move(anna, None)
    in_none = moment()
    then = past_of(anna, bea)
    moments = [then.at(anna.id, moment, today(anna)).group_id for moment in (in_gold, in_silver, in_none)]
    assert moments == [gold.id, silver.id, None]
    assert then.groups(anna.id, None) == {gold.id, silver.id, None}
    assert then.at(bea.id, in_silver, today(bea)).group_id == gold.id
    assert set(formerly(tenant, "group_id")) == {(anna.id, gold.id), (anna.id, silver.id)}


def test_status_and_recruiter_are_known_too(tenant: Merchant) -> None:
    rob, ruth, anna = PartnerFactory(), PartnerFactory(), PartnerFactory()
    update_partner(anna, changes={"recruiter": rob}, actor=ACTOR)
    by_rob, since = moment(), anna.recruited_at
    suspend(anna, actor=ACTOR)
    update_partner(anna, changes={"recruiter": ruth}, actor=ACTOR)
    then = past_of(anna)
    assert then.at(anna.id, by_rob, today(anna)) == Then(None, "approved", rob.id, since)
    assert then.at(anna.id, moment(), today(anna)) == Then(None, "suspended", ruth.id, anna.recruited_at)
    assert list(formerly(tenant, "recruiter_id")) == [(anna.id, rob.id)]
    lines = Lines(tenant)
    assert lines.above([anna.id], 1) == {anna.id, rob.id, ruth.id}
    assert lines.below([rob.id], 3) == {rob.id, anna.id}


def test_what_is_known_of_many_costs_one_query(tenant: Merchant, django_assert_num_queries: Any) -> None:
    gold = GroupFactory()
    stayed = PartnerFactory.create_batch(3, group=gold)
    moved = PartnerFactory()
    move(moved, gold)
    with django_assert_num_queries(1):
        then = past_of(moved, *stayed)
    assert then.groups(moved.id, gold.id) == {None, gold.id}
    assert then.groups(stayed[0].id, gold.id) == {gold.id}


def test_who_is_erased_leaves_the_group_and_was_in_it(tenant: Merchant) -> None:
    gold = GroupFactory()
    anna = PartnerFactory(group=gold)
    forget(anna, actor=ACTOR)
    assert groups_of(anna) == [gold.id, None]


def test_nobody_is_in_two_groups_at_a_time(tenant: Merchant) -> None:
    gold, silver = GroupFactory(), GroupFactory()
    anna = PartnerFactory(group=gold)
    move(anna, silver)
    now = timezone.now()
    for since, until in ((now - timedelta(days=9), now - timedelta(days=8)), (now + timedelta(days=1), None)):
        with pytest.raises(IntegrityError, match="stretches_apart"), transaction.atomic():
            tenant.partner_stretches.create(partner=anna, group=gold, since=since, until=until)
    with pytest.raises(IntegrityError, match="stretch_ends_after_it_begins"), transaction.atomic():
        tenant.partner_stretches.filter(partner=anna, until=None).update(until=now - timedelta(days=1))


def test_what_is_over_stays_as_it_was(tenant: Merchant) -> None:
    anna = PartnerFactory()
    move(anna, GroupFactory())
    for change in ("UPDATE {} SET group_id = NULL", "UPDATE {} SET until = NULL", "DELETE FROM {}", "TRUNCATE {}"):
        with connection.cursor() as cursor, pytest.raises(IntegrityError, match="refused"), transaction.atomic():
            cursor.execute(change.format("affiliates_partnerstretch"))


def test_two_who_move_a_partner_at_once_leave_one_history(committed_merchant: Merchant) -> None:
    with tenancy.tenant(committed_merchant.id):
        groups = [GroupFactory() for _ in range(4)]
        anna = PartnerFactory(name=committed_merchant.slug)

    def moving(group: Any) -> Any:
        def run() -> None:
            for target in (group, None, group):
                with tenancy.tenant(committed_merchant.id):
                    move(Partner.objects.select_related("program").get(id=anna.id), target)

        return run

    assert race(*map(moving, groups)) == ["ok"] * 4
    with tenancy.tenant(committed_merchant.id):
        anna.refresh_from_db()
        history = groups_of(anna)
        assert history[-1] == anna.group_id
        assert all(one != other for one, other in pairwise(history))
        assert list(verify.problems()) == []


def test_who_began_first_and_came_second_is_the_later_one(committed_merchant: Merchant) -> None:
    """A transaction's own time would put them in the other order."""
    with tenancy.tenant(committed_merchant.id):
        gold, silver = GroupFactory(), GroupFactory()
        anna = PartnerFactory(name=committed_merchant.slug)

    def quick() -> None:
        move(Partner.objects.select_related("program").get(id=anna.id), gold)

    with tenancy.tenant(committed_merchant.id):
        with connection.cursor() as cursor:
            cursor.execute("SELECT now()")
        with under_way(committed_merchant, quick):
            pass  # committed meanwhile
        move(anna, silver)
    with tenancy.tenant(committed_merchant.id):
        assert groups_of(anna) == [None, gold.id, silver.id]


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        ("UPDATE affiliates_partnerstretch SET group_id = NULL WHERE until IS NULL", "is not what their last stretch"),
        ("UPDATE affiliates_partnerstretch SET until = now() + interval '1 day' WHERE until IS NULL", "in no stretch"),
        (
            "UPDATE affiliates_partnerstretch SET since = since + interval '1 microsecond' WHERE until IS NULL",
            "does not begin where",
        ),
    ],
)
def test_verify_sees_damage(tenant: Merchant, damage: str, sentence: str) -> None:
    anna = PartnerFactory(group=GroupFactory())
    move(anna, None)
    move(anna, GroupFactory())
    assert list(verify.problems()) == []
    with connection.cursor() as cursor:
        cursor.execute(damage)
    assert any(sentence in problem for problem in verify.problems()), list(verify.problems())
