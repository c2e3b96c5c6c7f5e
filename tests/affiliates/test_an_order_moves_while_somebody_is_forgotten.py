"""An order that is given to somebody else while its words are gone through says afterwards whose it is now."""

from affiliates.models import Partner
from customers.models import Customer
from jobs import work
from merchants import tenancy
from merchants.models import Merchant
from tests.by_hand.conftest import buys, earns
from tests.factories import ACTOR, CustomerFactory, PartnerFactory
from tests.races import in_thread, under_way, waits_for_a_lock
from tracking.erasure import erase_partner
from tracking.reattribution import reattribute


def test_what_was_decided_meanwhile_stays_decided(committed_merchant: Merchant) -> None:
    with tenancy.tenant(committed_merchant.id):
        anna, ben = earns(PartnerFactory(name="Anna"), "10"), earns(PartnerFactory(name="Ben"), "20")
        eva = CustomerFactory(external_id="c-eva")
        order = buys("A-1", 10_000, partner=anna)
        give(eva, ben)
        job = erase_partner(anna, actor=ACTOR)
        assert job is not None
        zoe = earns(PartnerFactory(name="Zoe"), "30")
    with under_way(committed_merchant, lambda: give(eva, zoe)):
        forgetting = in_thread(lambda: work.run(committed_merchant.id, job.id))
        while not waits_for_a_lock():
            assert forgetting.is_alive(), "it does not wait"
    forgetting.join()
    with tenancy.tenant(committed_merchant.id):
        job.refresh_from_db()
        assert job.status == "done", job.error
        order.refresh_from_db()
        assert (order.partner, order.attribution["partner"]) == (zoe, str(zoe.id))
        assert "Anna" not in str(order.attribution)


def give(customer: Customer, to: Partner) -> None:
    reattribute(customer, partner=to, past="unpaid", reason="Wrong link", actor=ACTOR)
