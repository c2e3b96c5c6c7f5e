"""Somebody sets a rule that counts while a customer is given to another partner: both get it done, whoever waits."""

from datetime import timedelta

from django.utils import timezone

from affiliates.models import Partner
from merchants import tenancy
from merchants.edits import lock
from merchants.models import Merchant
from rewards.details import Details
from rewards.terms import add_rule
from tests.by_hand.conftest import buys, earned, earns
from tests.factories import ACTOR, CustomerFactory, PartnerFactory
from tests.races import in_thread, waits_for_a_lock
from tracking.reattribution import reattribute


def cap(partner: Partner) -> None:
    add_rule(
        partner=partner, kind="percentage", percent=10, currency="USD", details=Details(cap_month=2_500),
        effective_from=timezone.now() - timedelta(days=99), actor=ACTOR,
    )  # fmt: skip


def test_of_two_who_wait_for_each_other_the_one_who_gives_runs_again(committed_merchant: Merchant) -> None:
    with tenancy.tenant(committed_merchant.id):
        anna, ben = earns(PartnerFactory(name="Anna"), "10"), earns(PartnerFactory(name="Ben"), "20")
        zoe, eva = PartnerFactory(name="Zoe"), CustomerFactory(external_id="c-eva")
        buys("A-1", 10_000, partner=anna)

    def give() -> None:
        # As every door runs it.
        tenancy.run(
            committed_merchant.id,
            lambda: reattribute(eva, partner=ben, past="unpaid", reason="Wrong link", actor=ACTOR),
        )

    with tenancy.tenant(committed_merchant.id):
        cap(zoe)
        giving = in_thread(give)
        while not waits_for_a_lock():
            assert giving.is_alive(), "it does not wait"
        lock(ben)  # which the other one holds, who waits for the rule
    giving.join()
    with tenancy.tenant(committed_merchant.id):
        assert earned(ben) == 2_000
