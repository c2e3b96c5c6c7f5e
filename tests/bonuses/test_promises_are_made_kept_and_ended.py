"""What a bonus may be, and what of it may change once partners count on it."""

from datetime import date, timedelta
from typing import Any

import pytest

from affiliates.models import Partner
from affiliates.programs import delete_group
from bonuses.models import Bonus, Rung
from bonuses.plans import create_bonus, delete_bonus, end_bonus, update_bonus
from merchants.errors import Conflict, DomainError
from merchants.models import Merchant
from tests.bonuses.conftest import DAWN, at, promise
from tests.factories import ACTOR, GroupFactory

TODAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("terms", "code", "field", "sentence"),
    [
        ({"starts_on": date(2026, 2, 28)}, "starts_in_the_past", "starts_on", "never reaches back"),
        ({"ends_on": date(2026, 2, 28)}, "range_backwards", "ends_on", "ends before it begins"),
        ({"period": "once"}, "ends_on_needed", "ends_on", "Give the last day"),
        ({"period": "week"}, "invalid_choice", "period", "month, quarter, year, once"),
        ({"measure": "clicks"}, "invalid_choice", "measure", "orders, revenue, leads"),
        ({"currency": "usd"}, "unknown_currency", "currency", "in capitals"),
        ({"name": " "}, "required", "name", "Fill in"),
        ({"ladder": []}, "ladder_size", "ladder", "1 to 20"),
        ({"ladder": [Rung(n + 1, 1) for n in range(21)]}, "ladder_size", "ladder", "1 to 20"),
        ({"ladder": [Rung(0, 1)]}, "target_zero", "ladder[0].target", "target of nothing"),
        ({"ladder": [Rung(5, 0)]}, "amount_zero", "ladder[0].amount", "what reaching the target pays"),
        (
            {"ladder": [Rung(5, 1), Rung(5, 2)]},
            "ladder_not_ascending",
            "ladder[1].target",
            "higher than the one before",
        ),
        ({"ladder": [Rung(5, -1)]}, "out_of_range", "ladder[0].amount", "between"),
        ({"starts_on": date(9999, 1, 1)}, "invalid_time", "starts_on", "1970 to 9998"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(
    anna: Partner, terms: dict[str, Any], code: str, field: str, sentence: str
) -> None:
    with pytest.raises(DomainError) as refused:
        promise(**terms)
    assert (refused.value.code, refused.value.field) == (code, field)
    assert sentence in refused.value.message
    assert Bonus.objects.count() == 0


def test_it_belongs_to_exactly_one(anna: Partner) -> None:
    with pytest.raises(DomainError, match="exactly one"):
        promise(program=anna.program, partner=anna)
    with pytest.raises(DomainError, match="exactly one"):
        create_bonus(name="x", measure="orders", period="month", currency="USD", ladder=[Rung(1, 1)], actor=ACTOR)


@pytest.mark.parametrize(
    ("first", "second", "out"),
    [
        ({}, {}, "on: end that one first, and begin on the day after."),
        ({"ends_on": date(2026, 3, 31)}, {"starts_on": date(2026, 3, 31)}, "to 2026-03-31: begin after 2026-03-31."),
        ({"starts_on": date(2026, 4, 1)}, {}, "begin on the day after, or end this one before 2026-04-01."),
        ({"starts_on": date(2026, 4, 1)}, {"ends_on": date(2026, 4, 1)}, "end this one before 2026-04-01"),
        ({"measure": "revenue"}, {"measure": "revenue"}, "counts revenue"),
        # Orders count in any currency, whatever the amounts are in.
        ({"currency": "EUR"}, {}, "counts orders"),
    ],
)
def test_two_that_count_the_same_on_one_day_are_refused(
    anna: Partner, first: dict[str, Any], second: dict[str, Any], out: str
) -> None:
    promise(name="Spring", **first)
    with pytest.raises(Conflict) as refused:
        promise(name="Second", **second)
    assert refused.value.code == "bonus_overlaps"
    assert "Spring" in refused.value.message
    assert out in refused.value.message


def test_side_by_side_are_other_measures_other_currencies_of_revenue_other_owners_and_other_days(anna: Partner) -> None:
    promise(ends_on=date(2026, 3, 31))
    promise(starts_on=date(2026, 4, 1))
    promise(measure="leads")
    promise(measure="revenue")
    promise(measure="revenue", currency="EUR")
    promise(partner=anna)
    promise(group=GroupFactory(program=anna.program))
    assert Bonus.objects.count() == 7


def test_before_it_begins_everything_can_be_changed_and_it_can_be_deleted(anna: Partner) -> None:
    bonus = promise(starts_on=date(2026, 3, 10))
    changes = {"measure": "revenue", "ladder": [Rung(10_000, 500)], "starts_on": date(2026, 3, 5), "name": "March"}
    update_bonus(bonus, changes=changes, actor=ACTOR, now=DAWN)
    bonus.refresh_from_db()
    assert (bonus.measure, bonus.rungs, bonus.name) == ("revenue", [Rung(10_000, 500)], "March")
    with pytest.raises(DomainError, match="higher than the one before"):
        update_bonus(bonus, changes={"ladder": [Rung(2, 1), Rung(1, 1)]}, actor=ACTOR, now=DAWN)
    with pytest.raises(Conflict, match="delete it instead"):
        end_bonus(bonus, actor=ACTOR, now=DAWN)
    promise(measure="leads", starts_on=date(2026, 3, 2), name="Leads")
    with pytest.raises(Conflict, match="has Leads"):
        update_bonus(bonus, changes={"measure": "leads"}, actor=ACTOR, now=DAWN)
    delete_bonus(bonus, actor=ACTOR, now=DAWN)
    assert Bonus.objects.filter(name="March").count() == 0
    assert anna.merchant.audit_entries.filter(verb="bonus.delete", before__name="March").count() == 1


def test_once_it_has_begun_it_is_renamed_and_ended_and_nothing_else(anna: Partner) -> None:
    bonus = promise()
    update_bonus(bonus, changes={"name": "Renamed"}, actor=ACTOR, now=at("03-05"))
    for changes in ({"ladder": [Rung(1, 1)]}, {"ends_on": date(2026, 5, 1)}, {"currency": "EUR"}):
        with pytest.raises(Conflict, match="renamed or ended"):
            update_bonus(bonus, changes=changes, actor=ACTOR, now=at("03-05"))
    with pytest.raises(Conflict, match="end it instead"):
        delete_bonus(bonus, actor=ACTOR, now=at("03-05"))
    end_bonus(bonus, actor=ACTOR, now=at("03-05"))
    assert bonus.ends_on == date(2026, 3, 5)
    end_bonus(bonus, actor=ACTOR, now=at("03-20"))
    bonus.refresh_from_db()
    assert (bonus.name, bonus.ends_on) == ("Renamed", date(2026, 3, 5)), "ended again, it ended when it ended"
    promise(at("03-05"), starts_on=date(2026, 3, 6))


def test_its_days_are_the_merchants(tenant: Merchant, anna: Partner) -> None:
    tenant.time_zone = "Asia/Tokyo"
    tenant.save(update_fields=["time_zone"])
    late = DAWN + timedelta(hours=12)  # March 2 in Tokyo
    assert promise(late).starts_on == date(2026, 3, 2)
    with pytest.raises(DomainError, match="2026-03-02"):
        promise(late, partner=anna, starts_on=TODAY)


def test_a_bonus_outlives_its_group(anna: Partner) -> None:
    group = GroupFactory(program=anna.program)
    bonus = promise(group=group, starts_on=date(2026, 3, 10))
    delete_group(group, actor=ACTOR)
    again = Bonus.objects.get(id=bonus.id)
    assert again.owner.name == group.name
    delete_bonus(again, actor=ACTOR, now=DAWN)
