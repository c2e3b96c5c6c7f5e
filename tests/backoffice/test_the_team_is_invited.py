"""Inviting people: the link works once, for who was invited, and says so when it does not."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from merchants import tenancy
from merchants.invitations import LIFETIME, find, invite, withdraw
from merchants.models import AuditEntry, Invitation, Merchant, User
from merchants.staff import add_staff
from tests.factories import ACTOR, PASSWORD

pytestmark = pytest.mark.django_db


def offered(merchant: Merchant, email: str = "new@example.com", role: str = "finance") -> str:
    with tenancy.tenant(merchant.id):
        return invite(email=email, role=role, actor=ACTOR)[1]


def test_a_new_person_chooses_a_password_and_is_in(merchant: Merchant) -> None:
    client, token = Client(), offered(merchant)
    assert merchant.name in client.get(f"/m/invitations/{token}/").content.decode()
    weak = client.post(f"/m/invitations/{token}/", {"name": "Nina", "password": "short"})
    assert weak.status_code == 422
    assert "Nina" in weak.content.decode()
    answer = client.post(f"/m/invitations/{token}/", {"name": "Nina", "password": "a long enough sentence"})
    assert answer.headers["Location"] == f"/m/{merchant.slug}/"
    assert client.get(f"/m/{merchant.slug}/payouts/").status_code == 200
    with tenancy.tenant(merchant.id):
        assert merchant.memberships.get(user__email="new@example.com").role == "finance"
        assert AuditEntry.objects.filter(verb="staff.add", actor_name="Nina").count() == 1
    assert client.get(f"/m/invitations/{token}/").status_code == 404


def test_who_has_an_account_signs_in_to_it_first(merchant: Merchant, other_merchant: Merchant) -> None:
    with tenancy.tenant(other_merchant.id):
        known: User = add_staff(email="known@example.com", role="owner", password=PASSWORD, actor=ACTOR).user
    token, client = offered(merchant, "known@example.com"), Client()
    assert "Sign in to it first" in client.get(f"/m/invitations/{token}/").content.decode()
    client.post(f"/m/invitations/{token}/", {"name": "Thief", "password": "a long enough sentence"})
    with tenancy.tenant(merchant.id):
        assert not merchant.memberships.filter(user=known).exists()
    client.force_login(known, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(f"/m/invitations/{token}/").headers["Location"] == f"/m/{merchant.slug}/"
    known.refresh_from_db()
    assert known.check_password(PASSWORD)


def test_an_old_a_withdrawn_and_a_replaced_link_are_over(merchant: Merchant) -> None:
    client = Client()
    first, second = offered(merchant), offered(merchant)
    assert client.get(f"/m/invitations/{first}/").status_code == 404
    with tenancy.tenant(merchant.id):
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get(f"/m/invitations/{second}/").status_code == 410
    with tenancy.tenant(merchant.id):
        withdraw(Invitation.objects.get(), actor=ACTOR)
    assert client.get(f"/m/invitations/{second}/").status_code == 404
    assert client.get("/m/invitations/nobody-made-this/").status_code == 404


def test_withdrawing_asks_first(merchant: Merchant, owner: User) -> None:
    token, browser = offered(merchant), Client()
    browser.force_login(owner)
    team = browser.get("/m/acme/team/").content.decode()
    asks = re.search(r'href="(/m/acme/team/invitations/[^"]+/withdraw/)"[^>]* data-ask>Withdraw<', team)
    assert asks, team
    question = browser.get(asks[1], headers={"HX-Request": "true", "HX-Target": "ask"}).content.decode()
    assert question.startswith("<form")
    assert "Withdraw the invitation to new@example.com?" in question
    assert Client().get(f"/m/invitations/{token}/").status_code == 200, "asking withdraws nothing"
    assert browser.post(asks[1]).headers["Location"] == "/m/acme/team/"
    assert Client().get(f"/m/invitations/{token}/").status_code == 404


def test_a_link_lives_a_week_and_only_its_hash_is_kept(merchant: Merchant) -> None:
    token = offered(merchant)
    with tenancy.tenant(merchant.id):
        invitation = find(token)
        assert timedelta(0) < invitation.expires_at - timezone.now() <= LIFETIME
        assert token not in str(vars(invitation))
