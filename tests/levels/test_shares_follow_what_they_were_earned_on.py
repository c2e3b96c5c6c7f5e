"""Whatever becomes of the recruit's commission becomes of the recruiters' with it (SPEC A16)."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import commissions.verify
import payouts.verify
from affiliates.models import Partner
from commissions.adjustment import adjust
from commissions.flags import Doubt, raise_doubts
from commissions.hold import release_due, release_now
from commissions.models import Commission
from commissions.rejection import reject, restore
from commissions.review import decide
from customers.models import Customer
from ledger.models import Entry
from merchants.errors import Conflict, DomainError
from merchants.models import Merchant
from orders.models import Order
from payouts.manual import record_payout, reverse_payout
from rewards.details import Details
from rewards.terms import add_rule, set_reward
from tests.by_hand.conftest import assert_adjustments_wait
from tests.factories import ACTOR, CustomerFactory, PartnerFactory
from tests.levels.conftest import commission_of, has, long_ago, pays_recruiters, sells
from tests.sales import refund
from tracking.deletion import delete_order
from tracking.events import Lead, Line, Refund, RefundLine, SaleCustomer
from tracking.leads import record_lead
from tracking.reattribution import reattribute
from tracking.refunds import record_refund

pytestmark = pytest.mark.django_db


def pay(partner: Partner) -> None:
    ids = [commission.id for commission in partner.commissions.payable()]
    record_payout(partner=partner, commission_ids=ids, transaction_id="T", paid_on=date(2026, 3, 1), actor=ACTOR)


def proven() -> bool:
    even = sum(Entry.objects.values_list("amount", flat=True)) == 0
    return even and not [*commissions.verify.problems(), *payouts.verify.problems()]


@pytest.fixture(autouse=True)
def _levels(anna: Partner) -> None:
    pays_recruiters("10", "5")


def test_an_adjusted_share_goes_back_and_comes_again_with_its_source(
    anna: Partner, rob: Partner, ruth: Partner
) -> None:
    order = sells(anna, "A-1", 20_000)
    adjust(commission_of(rob, order), amount=500, reason="Promised", actor=ACTOR)
    assert has(anna, rob, ruth) == [2_000, 500, 100]
    source = commission_of(anna, order)
    reject(source, reason="A bot", actor=ACTOR)
    assert has(anna, rob, ruth) == [0, 0, 0]
    refund("A-1", 10_000)
    restore(source, reason="No bot", actor=ACTOR)
    assert has(anna, rob, ruth) == [1_000, 250, 50]
    refund("A-1")
    assert has(anna, rob, ruth) == [0, 0, 0]
    assert proven()


def test_eva_moves_to_ben_and_the_recruiters_lose_what_was_adjusted_too(
    anna: Partner, rob: Partner, ruth: Partner
) -> None:
    order = sells(anna, "A-1", 20_000)
    adjust(commission_of(rob, order), amount=500, reason="Promised", actor=ACTOR)
    ben = PartnerFactory(name="Ben")
    set_reward(partner=ben, kind="percentage", percent=20, effective_from=long_ago(), actor=ACTOR)
    eva = Customer.objects.get(external_id="c-eva")
    reattribute(eva, partner=ben, past="unpaid", reason="Wrong link", actor=ACTOR)
    assert has(anna, rob, ruth, ben) == [0, 0, 0, 4_000]
    assert proven()


def test_a_refund_after_the_payouts_leaves_everybody_owing_their_part(
    anna: Partner, rob: Partner, ruth: Partner
) -> None:
    sells(anna, "A-1", 20_000)
    for partner in (anna, rob, ruth):
        pay(partner)
    assert has(anna, rob, ruth) == [0, 0, 0]
    refund("A-1", 5_000)
    # A quarter of 20.00, of 2.00 and of 1.00.
    assert has(anna, rob, ruth) == [-500, -50, -25]
    refund("A-1", 15_000)
    assert has(anna, rob, ruth) == [-2_000, -200, -100]
    assert proven()


def test_a_returned_line_that_earned_nothing_takes_nothing_from_recruiters(anna: Partner, rob: Partner) -> None:
    add_rule(
        partner=anna, kind="percentage", percent=50, details=Details(product_keys=("book",)), actor=ACTOR,
    )  # fmt: skip
    set_reward(partner=anna, kind="percentage", percent=0, actor=ACTOR)
    order = sells(
        anna, "A-1", 3_000, at=timezone.now(),
        lines=[Line(amount=2_000, product_key="book"), Line(amount=1_000, product_key="pen")],
    )  # fmt: skip
    assert has(anna, rob) == [1_000, 100]
    asked = Refund(order_id="A-1", refund_id="pen", lines=[RefundLine(line=1, amount=1_000)])
    record_refund(asked, actor=ACTOR)
    assert has(anna, rob) == [1_000, 100]
    record_refund(Refund(order_id="A-1", refund_id="book", lines=[RefundLine(line=0, amount=1_000)]), actor=ACTOR)
    assert has(anna, rob) == [500, 50]
    assert order.commissions.count() == 3
    assert proven()


def test_a_rejection_takes_the_recruiters_along_and_a_restoration_brings_them_back(
    anna: Partner, rob: Partner, ruth: Partner
) -> None:
    order = sells(anna, "A-1", 20_000)
    mine = commission_of(anna, order)
    reject(mine, reason="A bot", actor=ACTOR)
    assert has(anna, rob, ruth) == [0, 0, 0]
    taken = commission_of(rob, order).decisions.get()
    assert (taken.reason, taken.follows) == ("What the recruit earned was rejected: A bot", mine.decisions.get().id)
    refund("A-1", 5_000)
    restore(mine, reason="No bot", actor=ACTOR)
    assert has(anna, rob, ruth) == [1_500, 150, 75]
    assert proven()


def test_what_was_rejected_by_itself_stays_rejected(anna: Partner, rob: Partner, ruth: Partner) -> None:
    order = sells(anna, "A-1", 20_000)
    reject(commission_of(rob, order), reason="Rob cheats", actor=ACTOR)
    assert has(anna, rob, ruth) == [2_000, 0, 100]
    reject(commission_of(anna, order), reason="A bot", actor=ACTOR)
    restore(commission_of(anna, order), reason="No bot", actor=ACTOR)
    assert has(anna, rob, ruth) == [2_000, 0, 100]
    restore(commission_of(rob, order), reason="He does not", actor=ACTOR)
    assert has(rob) == [200]
    assert proven()


def test_a_share_is_not_restored_alone_while_its_source_is_rejected(anna: Partner, rob: Partner) -> None:
    order = sells(anna, "A-1", 20_000)
    reject(commission_of(anna, order), reason="A bot", actor=ACTOR)
    with pytest.raises(Conflict, match="restore that one, and this one comes with it"):
        restore(commission_of(rob, order), reason="?", actor=ACTOR)


def test_one_that_was_paid_is_owed_after_the_rejection_and_no_refund_gives_it_back(anna: Partner, rob: Partner) -> None:
    order = sells(anna, "A-1", 20_000)
    pay(rob)
    reject(commission_of(anna, order), reason="A bot", actor=ACTOR)
    assert has(anna, rob) == [0, -200]
    refund("A-1", 5_000)
    assert has(anna, rob) == [0, -200]
    restore(commission_of(anna, order), reason="No bot", actor=ACTOR)
    # Three quarters of the order are left: 15.00, and 1.50 of the 2.00 that Rob was paid.
    assert has(anna, rob) == [1_500, -50]
    assert commission_of(rob, order).status == "paid"
    assert proven()


def test_a_deleted_order_takes_all_levels_with_it(tenant: Merchant, anna: Partner, rob: Partner, ruth: Partner) -> None:
    order = sells(anna, "A-1", 20_000)
    pay(ruth)
    delete_order(tenant, order.id, reason="Never happened", actor=ACTOR)
    assert has(anna, rob, ruth) == [0, 0, -100]
    assert proven()


def test_an_order_that_moves_leaves_its_recruiters_for_those_of_the_new_partner(
    anna: Partner, rob: Partner, ruth: Partner
) -> None:
    eva: Customer = CustomerFactory(external_id="c-eva")
    ben: Partner = PartnerFactory(name="Ben", recruiter=ruth)
    set_reward(partner=ben, kind="percentage", percent=20, actor=ACTOR)
    order = sells(anna, "A-1", 20_000, at=timezone.now())
    preview = reattribute(eva, partner=ben, past="unpaid", reason="Wrong", dry_run=True, actor=ACTOR)
    assert {(share.partner, share.amount) for share, _ in preview.totals} == {
        ("Anna", -2_000), ("Rob", -200), ("Ruth", -100 + 400), ("Ben", 4_000)
    }  # fmt: skip
    refund("A-1", 10_000)
    reattribute(eva, partner=ben, past="unpaid", reason="Wrong", actor=ACTOR)
    assert has(anna, rob, ruth, ben) == [0, 0, 200, 2_000]
    # Ruth left this order once, at level 2, and has it now at level 1.
    rows = ruth.commissions.filter(order=order).order_by("moved").values_list("moved", "level")
    assert list(rows) == [(0, 1), (1, 2)]
    assert proven()


def test_an_order_of_which_a_recruiter_was_paid_stays(anna: Partner, rob: Partner) -> None:
    eva: Customer = CustomerFactory(external_id="c-eva")
    ben: Partner = PartnerFactory(name="Ben")
    sells(anna, "A-1", 20_000)
    pay(rob)
    done = reattribute(eva, partner=ben, past="unpaid", reason="Wrong", actor=ACTOR)
    assert [stay.why for stay in done.stays] == ["Rob was paid for it"]
    assert has(anna) == [2_000]


def test_a_doubt_about_the_sale_holds_everybody(anna: Partner, rob: Partner) -> None:
    order = sells(anna, "A-1", 20_000)
    mine = commission_of(anna, order)
    assert raise_doubts([Doubt(mine.id, "velocity", 2, "Too fast.", {})], actor=ACTOR) == 1
    assert list(rob.commissions.with_doubts().values_list("status", "is_doubted")) == [("pending", True)]
    assert list(Commission.objects.under_review().values_list("id", flat=True)) == [mine.id]
    assert release_due(now=mine.created_at) == 0
    with pytest.raises(Conflict, match="under review"):
        release_now(commission_of(rob, order), reason="?", actor=ACTOR)
    decide(mine, outcome="released", reason="Fine", actor=ACTOR)
    assert release_due(now=mine.created_at) == 3
    raise_doubts([Doubt(mine.id, "spike", 2, "Too many.", {})], actor=ACTOR)
    decide(mine, outcome="rejected", reason="A bot", actor=ACTOR)
    assert has(anna, rob) == [0, 0]
    assert proven()


def test_leads_are_shared_and_go_back_with_their_rejection(anna: Partner, rob: Partner, ruth: Partner) -> None:
    add_rule(partner=anna, kind="fixed", amount=500, currency="USD", details=Details(event="lead"), actor=ACTOR)
    record_lead(Lead(name="signup", customer=SaleCustomer(external_id="c-9"), partner=str(anna.id)), actor=ACTOR)
    assert has(anna, rob, ruth) == [500, 50, 25]
    assert rob.commissions.get().called == "Lead: signup"
    reject(anna.commissions.get(), reason="A bot", actor=ACTOR)
    assert has(anna, rob, ruth) == [0, 0, 0]
    restore(anna.commissions.get(), reason="No bot", actor=ACTOR)
    assert has(anna, rob, ruth) == [500, 50, 25]
    assert proven()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("move"), st.sampled_from(["anna", "rob", "ruth", "nobody"])),
        st.tuples(st.just("refund"), st.integers(1, 4_000)),
        st.tuples(st.just("pay"), st.sampled_from(["anna", "rob", "ruth"])),
        st.tuples(st.just("reject"), st.sampled_from(["anna", "rob", "ruth"])),
        st.tuples(st.just("restore"), st.sampled_from(["anna", "rob", "ruth"])),
        st.tuples(st.just("adjust"), st.sampled_from(["anna", "rob", "ruth"]), st.integers(0, 500)),
        st.tuples(st.just("doubt"), st.sampled_from(["anna", "rob", "ruth"])),
        st.tuples(st.just("settle"), st.sampled_from(["anna", "rob", "ruth"])),
        st.tuples(st.just("return"), st.sampled_from(["anna", "rob", "ruth"])),
        st.tuples(st.just("wait"), st.sampled_from([0, 31])),
        st.just(("delete",)),
    ),
    min_size=6,
    max_size=18,
)


@given(steps=STEPS, amount=st.integers(1, 9_999), currency=st.sampled_from(["USD", "JPY", "KWD"]))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_any_history_the_shares_are_in_proportion(
    tenant: Merchant, anna: Partner, rob: Partner, ruth: Partner, steps: list[Any], amount: int, currency: str
) -> None:
    cast: dict[str, Partner | None] = {"anna": anna, "rob": rob, "ruth": ruth, "nobody": None}
    name = f"A-{Order.with_deleted.count()}"
    order = sells(anna, name, amount, currency=currency)
    assert order.customer is not None
    for number, step in enumerate(steps):
        try:
            _do(step, f"{name}-{number}", name, order, cast)
        except DomainError:
            continue  # Refused, as it may be; then nothing of it may be kept.
        assert_adjustments_wait()
        assert not order.commissions.payable().filter(source__flags__outcome="open").exists()
    assert proven()
    order = Order.with_deleted.get(id=order.id)
    for share in order.commissions.filter(moved=0, level__gt=0).select_related("source"):
        _in_proportion(share, order)
    if order.refunded == order.amount or order.deleted_at is not None:
        assert all(commission.amount == commission.reversed for commission in order.commissions.all())


def _do(step: Any, key: str, name: str, order: Order, cast: dict[str, Partner | None]) -> None:
    if step[0] == "move":
        assert order.customer is not None
        reattribute(order.customer, partner=cast[step[1]], past="unpaid", reason="x", actor=ACTOR)
    elif step[0] == "refund":
        record_refund(Refund(order_id=name, refund_id=key, amount=step[1]), actor=ACTOR)
    elif step[0] == "wait":
        release_due(now=timezone.now() + timedelta(days=step[1]))
    elif step[0] == "delete":
        delete_order(order.merchant, order.id, reason="x", actor=ACTOR)
    else:
        partner = cast[step[1]]
        assert partner is not None
        if step[0] == "pay":
            pay(partner)
            return
        if step[0] == "return":
            for payout in partner.payouts.filter(status="paid").order_by("-id")[:1]:
                reverse_payout(payout, reason="x", actor=ACTOR)
            return
        commission = order.commissions.filter(partner=partner, moved=0).first()
        if commission is not None:
            _decide(step, key, commission)


def _decide(step: Any, key: str, commission: Commission) -> None:
    if step[0] == "adjust":
        adjust(commission, amount=step[2], reason="x", actor=ACTOR)
    elif step[0] == "doubt":
        raise_doubts([Doubt(commission.id, key, 2, "x", {})], actor=ACTOR)
    elif step[0] == "settle":
        decide(commission, outcome="released", reason="x", actor=ACTOR)
    else:
        (reject if step[0] == "reject" else restore)(commission, reason="x", actor=ACTOR)


def _in_proportion(share: Commission, order: Order) -> None:
    source = share.source
    assert source is not None
    left, source_left = share.amount - share.reversed, source.amount - source.reversed
    if share.status == "rejected":
        assert left == 0
        return
    # Rounded half up once, so it is at most half a minor unit away.
    if left:
        assert abs(left * source.amount - share.amount * source_left) <= source.amount
