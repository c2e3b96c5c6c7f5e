"""Two people change who recruited whom, or decide about a sale, at once: the second finds what the first left."""

from collections.abc import Callable

import pytest
from django.utils import timezone

import commissions.verify
from affiliates.models import Partner
from affiliates.partners import update_partner
from commissions.rejection import reject
from merchants import tenancy
from merchants.models import Merchant
from rewards.terms import set_reward
from tests.factories import ACTOR, PartnerFactory
from tests.levels.conftest import has, pays_recruiters, sells
from tests.races import race
from tests.sales import refund


class Scene:
    """Rob recruited Anna; Anna sold for 100.00 on 10%, of which he has a tenth. Ben knows nobody."""

    def __init__(self, merchant: Merchant) -> None:
        self.merchant = merchant
        with tenancy.tenant(merchant.id):
            self.rob: Partner = PartnerFactory(name="Rob")
            self.anna: Partner = PartnerFactory(name="Anna", recruiter=self.rob)
            self.ben: Partner = PartnerFactory(name="Ben")
            set_reward(partner=self.anna, kind="percentage", percent=10, actor=ACTOR)
            pays_recruiters("10")

    def inside(self, do: Callable[[], object]) -> Callable[[], object]:
        def run() -> None:
            with tenancy.tenant(self.merchant.id):
                do()

        return run

    def recruits(self, who: Partner, whom: Partner) -> Callable[[], object]:
        return self.inside(lambda: update_partner(whom, changes={"recruiter": who}, actor=ACTOR))


@pytest.fixture
def scene(committed_merchant: Merchant) -> Scene:
    return Scene(committed_merchant)


def test_two_changes_that_close_a_circle_together_are_not_both_made(scene: Scene) -> None:
    # Each is harmless alone: Anna is below Rob already.
    outcomes = race(scene.recruits(scene.ben, scene.rob), scene.recruits(scene.anna, scene.ben))
    assert outcomes == ["ok", "recruiter_circle"]
    with tenancy.tenant(scene.merchant.id):
        for partner in Partner.objects.all():
            above = partner.recruiter
            while above is not None:
                assert above != partner
                above = above.recruiter


def test_a_rejection_and_a_refund_leave_nobody_with_anything(scene: Scene) -> None:
    with tenancy.tenant(scene.merchant.id):
        order = sells(scene.anna, "A-1", 10_000, at=timezone.now())
        mine = order.commissions.get(level=0)
    outcomes = race(
        scene.inside(lambda: reject(mine, reason="A bot", actor=ACTOR)), scene.inside(lambda: refund("A-1", 2_500))
    )
    assert outcomes == ["ok", "ok"]
    with tenancy.tenant(scene.merchant.id):
        assert has(scene.anna, scene.rob) == [0, 0]
        assert list(commissions.verify.problems()) == []


def test_two_rejections_of_recruit_and_recruiter_take_each_thing_once(scene: Scene) -> None:
    with tenancy.tenant(scene.merchant.id):
        order = sells(scene.anna, "A-1", 10_000, at=timezone.now())
        mine, theirs = order.commissions.get(level=0), order.commissions.get(level=1)
    assert race(
        scene.inside(lambda: reject(mine, reason="A bot", actor=ACTOR)),
        scene.inside(lambda: reject(theirs, reason="A bot", actor=ACTOR)),
    ) == ["ok", "ok"]
    with tenancy.tenant(scene.merchant.id):
        assert has(scene.anna, scene.rob) == [0, 0]
        assert list(commissions.verify.problems()) == []
