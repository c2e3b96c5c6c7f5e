"""Somebody gives a partner what names them at the moment at which somebody else erases the partner."""

from collections.abc import Callable

import pytest

from affiliates.coupons import create_coupon
from affiliates.links import create_link
from affiliates.models import Partner
from affiliates.partners import set_password, update_partner
from merchants import tenancy
from merchants.errors import Conflict
from merchants.models import Merchant
from tests.factories import ACTOR, PASSWORD, PartnerFactory
from tests.races import race, under_way
from tracking.erasure import erase_partner


def read(partner: Partner) -> Partner:
    return Partner.objects.select_related("merchant", "group", "program").get(id=partner.id)


def test_whoever_has_read_the_partner_before_is_told_that_they_are_gone(committed_merchant: Merchant) -> None:
    destination = f"https://{committed_merchant.domains[0]}/"
    with tenancy.tenant(committed_merchant.id):
        gone: Partner = PartnerFactory()
    with tenancy.tenant(committed_merchant.id):
        before = [read(gone) for _ in range(4)]
        with under_way(committed_merchant, lambda: erase_partner(read(gone), actor=ACTOR)):
            pass  # committed, after the others have read the partner
        attempts: tuple[Callable[[], object], ...] = (
            lambda: create_coupon(partner=before[0], code="NAME", actor=ACTOR),
            lambda: create_link(partner=before[1], code=f"n-{gone.id.hex}", destination=destination, actor=ACTOR),
            lambda: set_password(before[2], password=PASSWORD, actor=ACTOR),
            lambda: update_partner(before[3], changes={"name": "Again"}, actor=ACTOR),
        )
        for attempt in attempts:
            with pytest.raises(Conflict, match="was erased"):
                attempt()


def test_of_a_code_and_an_erasure_at_once_no_name_is_left(committed_merchant: Merchant) -> None:
    with tenancy.tenant(committed_merchant.id):
        gone: Partner = PartnerFactory()

    def erasing() -> None:
        with tenancy.tenant(committed_merchant.id):
            erase_partner(read(gone), actor=ACTOR)

    def giving() -> None:
        with tenancy.tenant(committed_merchant.id):
            create_coupon(partner=read(gone), code="NAME", actor=ACTOR)

    assert race(erasing, giving) in (["ok", "ok"], ["ok", "partner_erased"])
    with tenancy.tenant(committed_merchant.id):
        assert not committed_merchant.coupons.filter(key="NAME").exists()
