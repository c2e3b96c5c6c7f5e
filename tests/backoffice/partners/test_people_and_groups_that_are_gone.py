"""What staff see and do once a person asked to be forgotten, or a group was deleted."""

import pytest
from django.test import Client
from django.utils import timezone

from affiliates import applications
from affiliates.models import Partner
from affiliates.programs import default_program, delete_group, update_applications
from merchants import tenancy
from merchants.ids import new_id
from merchants.models import Merchant
from outreach.library import create_asset
from tests.factories import ACTOR, CommissionFactory, GroupFactory

pytestmark = pytest.mark.django_db


def test_an_address_is_forgotten(browser: Client, merchant: Merchant) -> None:
    with tenancy.tenant(merchant.id):
        program = default_program(actor=ACTOR)
        update_applications(program, changes={"applications_open": True}, actor=ACTOR)
        applications.apply(
            application_id=new_id(), program=program, group=None, name="Bo", email="bo@example.com", website="",
            answers={}, terms=None, at=timezone.now(), actor=ACTOR,
        )  # fmt: skip
    address = "/m/acme/settings/applications/forget/"
    assert browser.post(address, {"email": "nobody"}).status_code == 422
    answer = browser.post(address, {"email": "BO@example.com"}, follow=True)
    assert b"1 unconfirmed application is deleted." in answer.content
    with tenancy.tenant(merchant.id):
        assert not merchant.applications.exists()


def test_who_has_open_money_is_not_erased_and_the_page_says_why(browser: Client, anna: Partner) -> None:
    with tenancy.tenant(anna.merchant_id):
        CommissionFactory(partner=anna, amount=1_250)
    answer = browser.post(f"/m/acme/partners/{anna.id}/erase/", {"confirm": anna.email})
    assert answer.status_code == 422
    assert b"Anna has $12.50 not paid. Pay it, or reject or adjust" in answer.content


def test_what_was_for_a_group_that_is_gone_does_not_become_everybodys(browser: Client, merchant: Merchant) -> None:
    with tenancy.tenant(merchant.id):
        group = GroupFactory(name="Podcasters")
        asset = create_asset(
            merchant=merchant, kind="text", title="Post", body="For ears.", group_ids=[group.id], actor=ACTOR
        )
        delete_group(group, actor=ACTOR)
    address = f"/m/acme/assets/{asset.id}/"
    page = browser.get(address).content.decode()
    assert "Podcasters (deleted)" in page
    seen = page.partition('name="seen" value="')[2].partition('"')[0]
    typed = {"title": "Post", "note": "New", "body": "For ears.", "seen": seen}
    kept = browser.post(address, typed | {"groups": [str(group.id)]})
    assert kept.status_code == 422
    assert b"One of these groups is gone: choose again." in kept.content
    assert browser.post(address, typed).status_code == 302, "without it it is for everybody, knowingly"
