"""Coupon codes: one per merchant whatever the case, dated, limited, switchable."""

from datetime import UTC, datetime

import pytest

from affiliates.coupons import create_coupon, update_coupon
from affiliates.models import Coupon, Partner
from merchants import tenancy
from merchants.audit import Actor
from merchants.errors import Conflict, DomainError
from merchants.models import Merchant
from tests.factories import ACTOR, CouponFactory, PartnerFactory
from tests.races import race

JANUARY, MARCH = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)


def test_a_code_is_kept_as_written_and_taken_in_every_case(tenant: Merchant, partner: Partner, actor: Actor) -> None:
    assert create_coupon(partner=partner, code=" Summer-26 ", actor=actor).code == "Summer-26"
    with pytest.raises(Conflict) as refused:
        create_coupon(partner=PartnerFactory(), code="SUMMER-26", actor=actor)
    assert (refused.value.code, refused.value.field, refused.value.status) == ("coupon_taken", "code", 409)


def test_two_merchants_may_use_one_code(merchant: Merchant, other_merchant: Merchant) -> None:
    for place in (merchant, other_merchant):
        with tenancy.tenant(place.id):
            CouponFactory(code="SAME")


def test_of_two_processes_that_want_one_code_one_gets_it(committed_merchant: Merchant) -> None:
    with tenancy.tenant(committed_merchant.id):
        partner = PartnerFactory(name=committed_merchant.slug)

    def create(code: str) -> None:
        with tenancy.tenant(committed_merchant.id):
            create_coupon(partner=partner, code=code, actor=ACTOR)

    assert race(lambda: create("once"), lambda: create("ONCE")) == ["coupon_taken", "ok"]


@pytest.mark.parametrize("code", ["", "with space", "ümlaut", "-x", "x" * 65, "a\nb", "a\x00", None, 5])
def test_a_code_is_letters_digits_dots_and_dashes(tenant: Merchant, partner: Partner, actor: Actor, code: str) -> None:
    with pytest.raises(DomainError) as refused:
        create_coupon(partner=partner, code=code, actor=actor)
    assert refused.value.code == "coupon_code_invalid"


def test_a_limit_cannot_fall_below_the_uses(tenant: Merchant, partner: Partner, actor: Actor) -> None:
    coupon = create_coupon(partner=partner, code="TEN", max_uses=10, actor=actor)
    Coupon.objects.filter(id=coupon.id).update(uses=4)
    with pytest.raises(DomainError) as refused:
        update_coupon(coupon, changes={"max_uses": 3}, actor=actor)
    assert (refused.value.code, refused.value.field) == ("limit_below_uses", "max_uses")
    update_coupon(coupon, changes={"max_uses": 4}, actor=actor)
    update_coupon(coupon, changes={"max_uses": None, "is_active": False}, actor=actor)
    coupon.refresh_from_db()
    assert (coupon.max_uses, coupon.uses, coupon.is_active) == (None, 4, False)


def test_a_coupon_ends_after_it_starts(tenant: Merchant, partner: Partner, actor: Actor) -> None:
    with pytest.raises(DomainError) as refused:
        create_coupon(partner=partner, code="X", starts_at=MARCH, ends_at=JANUARY, actor=actor)
    assert refused.value.code == "ends_before_start"
    coupon = create_coupon(partner=partner, code="X", starts_at=JANUARY, ends_at=MARCH, actor=actor)
    with pytest.raises(DomainError):
        update_coupon(coupon, changes={"ends_at": JANUARY}, actor=actor)
    with pytest.raises(DomainError, match="with its zone"):
        update_coupon(coupon, changes={"ends_at": datetime(2026, 5, 1)}, actor=actor)


@pytest.mark.parametrize(
    "changes", [{"code": "NEW"}, {"uses": 0}, {"max_uses": 0}, {"max_uses": "5"}, {"is_active": 1}]
)
def test_what_cannot_change_is_refused(
    tenant: Merchant, partner: Partner, actor: Actor, changes: dict[str, object]
) -> None:
    coupon = create_coupon(partner=partner, code="X", actor=actor)
    with pytest.raises(DomainError):
        update_coupon(coupon, changes=changes, actor=actor)
