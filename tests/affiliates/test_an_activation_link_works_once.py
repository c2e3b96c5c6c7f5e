"""The link by which a partner sets a password: one-time, expiring, bound to who they were when it was made."""

from datetime import timedelta

import pytest
from django.utils import timezone

from affiliates import activation
from affiliates.models import Partner
from affiliates.partners import check_password, set_password, update_partner
from merchants import tenancy
from merchants.audit import Actor
from merchants.errors import DomainError
from merchants.models import Merchant
from tests.factories import ACTOR, PASSWORD, PartnerFactory
from tests.races import race


@pytest.fixture
def token(tenant: Merchant, partner: Partner) -> str:
    """An activation token of Anna's."""
    return activation.activation_token(partner, now=timezone.now())


def refused(partner: Partner, token: str, password: str = PASSWORD) -> str:
    """The code with which redeeming fails."""
    with pytest.raises(DomainError) as error:
        activation.redeem(partner, token=token, password=password, actor=ACTOR)
    return error.value.code


def test_it_sets_the_password_and_is_used(partner: Partner, token: str, actor: Actor) -> None:
    activation.redeem(partner, token=token, password=PASSWORD, actor=actor)
    assert check_password(Partner.objects.get(id=partner.id), PASSWORD)
    assert refused(partner, token) == "link_used"


def test_all_links_given_out_before_end_with_the_first_that_is_used(partner: Partner, token: str) -> None:
    other = activation.activation_token(partner, now=timezone.now() - timedelta(hours=1))
    activation.redeem(partner, token=token, password=PASSWORD, actor=ACTOR)
    assert refused(partner, other) == "link_used"


@pytest.mark.parametrize(
    ("make", "lifetime"),
    [(activation.activation_token, timedelta(days=7)), (activation.reset_token, timedelta(hours=1))],
)
def test_it_ends_in_time(tenant: Merchant, partner: Partner, make: object, lifetime: timedelta) -> None:
    now = timezone.now()
    token = make(partner, now=now)  # type: ignore[operator]
    activation.check_token(partner, token, now=now + lifetime - timedelta(seconds=2))
    with pytest.raises(DomainError) as error:
        activation.check_token(partner, token, now=now + lifetime)
    assert error.value.code == "link_expired"


def test_a_later_end_cannot_be_written_into_it(partner: Partner, token: str) -> None:
    _, _, signature = token.partition("-")
    assert refused(partner, f"zzzzzz-{signature}") == "link_used"


@pytest.mark.parametrize("token", ["", "-", "x", "1-", "!!-abc", "0" * 400 + "-é", "tl3b0g-ünïcode"])
def test_what_is_no_token_is_refused(tenant: Merchant, partner: Partner, token: str) -> None:
    assert refused(partner, token) == "link_used"


def test_it_is_one_partners(partner: Partner, token: str) -> None:
    assert refused(PartnerFactory(), token) == "link_used"


def test_a_new_email_or_password_ends_it(partner: Partner, token: str, actor: Actor) -> None:
    update_partner(partner, changes={"email": "anna@elsewhere.example"}, actor=actor)
    assert refused(partner, token) == "link_used"
    again = activation.activation_token(partner, now=timezone.now())
    set_password(partner, password=PASSWORD, actor=actor)
    assert refused(partner, again) == "link_used"


def test_a_weak_password_leaves_it_good(partner: Partner, token: str, actor: Actor) -> None:
    assert refused(partner, token, "short") == "password_too_weak"
    activation.redeem(partner, token=token, password=PASSWORD, actor=actor)


def test_handing_one_out_is_in_the_audit_log(tenant: Merchant, partner: Partner, actor: Actor) -> None:
    token = activation.hand_out(partner, actor=actor)
    entry = tenant.audit_entries.get(verb="partner.activation_link")
    assert entry.object_id == partner.id
    assert token not in str(entry.after)
    activation.check_token(partner, token, now=timezone.now())


def test_two_who_open_it_at_once_set_one_password(committed_merchant: Merchant) -> None:
    with tenancy.tenant(committed_merchant.id):
        partner = PartnerFactory()
        token = activation.activation_token(partner, now=timezone.now())

    def redeem() -> None:
        with tenancy.tenant(committed_merchant.id):
            activation.redeem(partner, token=token, password=PASSWORD, actor=ACTOR)

    assert race(redeem, redeem, redeem) == ["link_used", "link_used", "ok"]
