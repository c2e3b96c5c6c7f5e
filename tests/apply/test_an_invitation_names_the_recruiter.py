"""Who applies by a partner's invitation is their recruit; an address that names nobody is no hindrance."""

import re

import pytest
from django.core.mail import EmailMessage

from affiliates.models import Partner
from affiliates.partners import suspend
from affiliates.programs import create_group
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


def test_the_applicant_reads_who_invited_them_from_the_form_to_the_confirmation(
    door: Door, mailoutbox: list[EmailMessage]
) -> None:
    with tenancy.tenant(door.merchant.id):
        rob = PartnerFactory(name="Rob <b>Roy</b>", email="rob@example.com")
        beans = create_group(program=door.program, name="Beans", actor=ACTOR)
    invitation = f"/apply/acme/?group={beans.id}&by={rob.portal_code}"
    form = door.browser.get(invitation).content.decode()
    assert invited(form) == "Rob &lt;b&gt;Roy&lt;/b&gt;"
    assert "rob@example.com" not in form
    refused = door.send(to=invitation, email="")
    assert refused.status_code == 422
    assert invited(refused.content.decode()) == invited(form)
    sent = door.send(to=invitation)
    after = door.browser.get(sent["Location"]).content.decode()
    assert invited(after) == invited(form)
    assert f'href="{invitation.replace("&", "&amp;")}"' in after, "who corrects a slip is still invited"
    link = link_in(mailoutbox[-1])
    assert invited(door.browser.get(link).content.decode()) == invited(form)
    assert door.confirm(link).status_code == 302
    assert invited(door.browser.get(link).content.decode()) == invited(form)


def test_nobody_reads_the_name_of_a_partner_who_is_not_approved(door: Door, mailoutbox: list[EmailMessage]) -> None:
    with tenancy.tenant(door.merchant.id):
        rob, sue = PartnerFactory(name="Rob"), PartnerFactory(name="Sue")
        suspend(sue, actor=ACTOR)
    for by in (sue.portal_code, "nobody", ""):
        assert invited(door.browser.get(f"/apply/acme/?by={by}").content.decode()) is None
        sent = door.send(to=f"/apply/acme/?by={by}")
        assert sent["Location"] == "/apply/acme/sent/"
        assert invited(door.browser.get(f"{sent['Location']}?by={by}").content.decode()) is None
    door.send(to=f"/apply/acme/?by={rob.portal_code}", email="cy@example.com")
    with tenancy.tenant(door.merchant.id):
        suspend(rob, actor=ACTOR)
    assert invited(door.browser.get(link_in(mailoutbox[-1])).content.decode()) is None


def invited(page: str) -> str | None:
    """Who the page says invited its reader."""
    found = re.search(r'Invited by <b class="strong">(.*?)</b></span>', page)
    return found and found[1]
