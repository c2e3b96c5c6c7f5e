"""Who applies by a partner's invitation is their recruit; an address that names nobody is no hindrance."""

import pytest
from django.core.mail import EmailMessage

from affiliates.models import Partner
from affiliates.partners import suspend
from merchants import tenancy
from tests.apply.conftest import Door, link_in
from tests.factories import ACTOR, PartnerFactory

pytestmark = pytest.mark.django_db


def recruiter_of(door: Door, mailoutbox: list[EmailMessage], by: str, name: str) -> Partner | None:
    """Somebody applies with `?by=` and confirms; who recruited them."""
    email = f"{name.lower()}@example.com"
    assert door.send(to=f"/apply/acme/?by={by}", name=name, email=email).status_code == 302
    assert door.confirm(link_in(mailoutbox[-1])).status_code == 302
    with tenancy.tenant(door.merchant.id):
        found: Partner | None = door.merchant.partners.get(email=email).recruiter
        return found


def test_an_approved_partners_invitation_counts(door: Door, mailoutbox: list[EmailMessage]) -> None:
    with tenancy.tenant(door.merchant.id):
        rob, sue = PartnerFactory(name="Rob"), PartnerFactory(name="Sue")
        suspend(sue, actor=ACTOR)
    assert recruiter_of(door, mailoutbox, rob.portal_code, "Bo") == rob
    assert recruiter_of(door, mailoutbox, sue.portal_code, "Cy") is None


def test_what_names_nobody_is_left_out_of_account(door: Door, mailoutbox: list[EmailMessage]) -> None:
    for number, by in enumerate(("", "nobody", "%00", "a" * 5_000, "' or 1=1")):
        assert recruiter_of(door, mailoutbox, by, f"Bo{number}") is None
