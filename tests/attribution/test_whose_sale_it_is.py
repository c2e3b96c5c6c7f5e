"""The attribution decision: who wins, and what the others are told."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliates.attribution import Attribution, Candidate, Policy, decide

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
POLICY = Policy(
    ("api", "coupon", "click", "customer"), first_touch=False, window=timedelta(days=30), reject_self_referral=True
)
ANNA, BEN = UUID(int=1), UUID(int=2)


def touch(kind: str, partner: UUID = ANNA, *, days_ago: float = 1, **more: Any) -> Candidate:
    facts: dict[str, Any] = {"ref": kind, "partner_status": "approved", "partner_email": "partner@example.com"} | more
    return Candidate(kind=kind, at=NOW - timedelta(days=days_ago), partner_id=partner, **facts)


def decided(*candidates: Candidate, policy: Policy = POLICY, buyer: str | None = "eva@example.com") -> Attribution:
    return decide(candidates, policy=policy, ordered_at=NOW, buyer_emails=(buyer,))


def losses(attribution: Attribution) -> list[str | None]:
    return [candidate.get("lost") for candidate in attribution.record["candidates"]]


def test_without_a_touch_the_order_is_direct() -> None:
    attribution = decided()
    assert attribution.winner is None
    assert attribution.record["outcome"] == "direct"


def test_kinds_are_compared_by_precedence_and_the_loser_is_told() -> None:
    click, coupon = touch("click", ANNA), touch("coupon", BEN)
    attribution = decided(click, coupon)
    assert attribution.winner == coupon
    assert losses(attribution) == ["lower_precedence", None]


def test_the_merchant_can_turn_precedence_round() -> None:
    click, coupon = touch("click", ANNA), touch("coupon", BEN)
    policy = Policy(("click", "coupon"), False, timedelta(days=30), True)
    assert decided(click, coupon, policy=policy).winner == click


@pytest.mark.parametrize(("first_touch", "winner"), [(True, ANNA), (False, BEN)])
def test_among_clicks_the_first_or_last_wins_as_the_merchant_chose(first_touch: bool, winner: UUID) -> None:
    policy = Policy(POLICY.precedence, first_touch, POLICY.window, True)
    attribution = decided(touch("click", ANNA, days_ago=5), touch("click", BEN, days_ago=2), policy=policy)
    assert attribution.winner is not None
    assert attribution.winner.partner_id == winner


@pytest.mark.parametrize(
    ("candidate", "why"),
    [
        (touch("coupon", partner_status="suspended"), "partner_not_approved"),
        (touch("coupon", partner_status="applied"), "partner_not_approved"),
        (touch("click", days_ago=30.01), "click_too_old"),
        (touch("click", days_ago=-0.01), "click_after_order"),
        (touch("coupon", partner_email="eva@example.com"), "self_referral"),
        (touch("coupon", problem="coupon_ended: the coupon has ended"), "coupon_ended"),
    ],
)
def test_a_touch_that_may_not_win_leaves_a_direct_order_that_says_why(candidate: Candidate, why: str) -> None:
    attribution = decided(candidate)
    assert attribution.winner is None
    assert losses(attribution) == [why]


def test_a_click_exactly_as_old_as_the_window_still_counts() -> None:
    assert decided(touch("click", days_ago=30)).winner is not None


@pytest.mark.parametrize(
    ("partner", "buyer", "same"),
    [
        ("anna@example.com", "anna+shop@example.com", True),
        ("anna+partner@example.com", "anna@example.com", True),
        ("an.na@gmail.com", "anna@googlemail.com", True),
        ("an.na@example.com", "anna@example.com", False),
        ("anna@example.com", "anna@example.org", False),
        ("anna@example.com", "hanna@example.com", False),
    ],
)
def test_a_partner_is_known_behind_another_spelling_of_the_mailbox(partner: str, buyer: str, same: bool) -> None:
    attribution = decided(touch("coupon", partner_email=partner), buyer=buyer)
    assert (attribution.winner is None) is same


def test_self_referral_is_allowed_where_the_merchant_allows_it() -> None:
    policy = Policy(POLICY.precedence, False, POLICY.window, reject_self_referral=False)
    assert decided(touch("coupon", partner_email="eva@example.com"), policy=policy).winner is not None


def test_a_weaker_touch_wins_when_the_stronger_may_not() -> None:
    attribution = decided(touch("coupon", BEN, partner_status="suspended"), touch("customer", ANNA))
    assert attribution.winner is not None
    assert attribution.winner.partner_id == ANNA


candidates = st.lists(
    st.builds(
        touch,
        st.sampled_from(POLICY.precedence),
        st.sampled_from([ANNA, BEN, uuid4()]),
        days_ago=st.floats(-2, 40),
        partner_status=st.sampled_from(["approved", "suspended"]),
    ),
    max_size=6,
)


@given(candidates)
def test_there_is_one_winner_or_a_reason_for_every_candidate(found: list[Candidate]) -> None:
    attribution = decided(*found)
    lost = losses(attribution)
    assert len(lost) == len(found)
    assert lost.count(None) == (1 if attribution.winner else 0)
    if attribution.winner:
        assert attribution.winner.partner_status == "approved"
        assert attribution.record["partner"] == str(attribution.winner.partner_id)


@given(candidates)
def test_the_order_in_which_touches_are_listed_does_not_matter(found: list[Candidate]) -> None:
    moments = {candidate.at for candidate in found}
    if len(moments) == len(found):
        forward, backward = decided(*found).winner, decided(*reversed(found)).winner
        assert (forward and forward.partner_id) == (backward and backward.partner_id)
