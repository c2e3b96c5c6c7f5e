"""API keys on pages, and what a merchant decides: shown once, saved by topic, never overwritten unseen."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from merchants import keys, tenancy
from merchants.models import Merchant, User
from merchants.settings import update_merchant
from tests.factories import ACTOR

pytestmark = pytest.mark.django_db


@pytest.fixture
def screen(owner: User) -> Client:
    """The owner's browser."""
    client = Client()
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_key_is_shown_once_and_works(screen: Client, merchant: Merchant) -> None:
    shown = screen.post("/m/acme/keys/new/", {"name": "Shop", "scopes": ["track"], "once": uuid4()}).content.decode()
    token = re.search(r"sk_live_\w{12}_\w{32}", shown)
    assert token is not None
    assert keys.authenticate(token[0]).scopes == ["track"]
    assert token[0] not in screen.get("/m/acme/keys/").content.decode()
    assert screen.post("/m/acme/keys/new/", {"name": "Shop", "once": uuid4()}).status_code == 422


def test_a_key_is_replaced_with_an_overlap_and_revoked_at_once(screen: Client, merchant: Merchant) -> None:
    with tenancy.tenant(merchant.id):
        key, token = keys.issue(name="Shop", scopes=["read"], actor=ACTOR)
    assert "sk_live_" in screen.post(f"/m/acme/keys/{key.id}/rotate/", {"overlap": "7"}).content.decode()
    assert keys.authenticate(token).key_id == key.id
    screen.get(f"/m/acme/keys/{key.id}/revoke/")
    assert keys.authenticate(token).key_id == key.id
    screen.post(f"/m/acme/keys/{key.id}/revoke/")
    with pytest.raises(keys.KeyRefused):
        keys.authenticate(token)


def again(merchant: Merchant) -> None:
    """What stands in the database now."""
    with tenancy.tenant(merchant.id):
        merchant.refresh_from_db()


def save(client: Client, card: str, **values: object) -> int:
    sent = {"seen": timezone.now().isoformat(), **values}
    return client.post(f"/m/acme/settings/{card}/", sent).status_code


def test_each_topic_is_saved_by_itself(screen: Client, merchant: Merchant) -> None:
    assert save(screen, "money", currency="JPY", minimum_payout="5000") == 302
    assert save(screen, "links", domains="shop.example\nother.example", link_parameters="via, ref") == 302
    order = {"first": "click", "second": "coupon", "third": "", "fourth": ""}
    rest = {"attribution_model": "first", "attribution_window_days": "7", "self_referral": "allow"}
    assert save(screen, "attribution", **order, **rest) == 302
    assert save(screen, "portal", portal_customers="nothing") == 302
    again(merchant)
    assert (merchant.currency, merchant.minimum_payout) == ("JPY", 5_000)
    assert merchant.domains == ["shop.example", "other.example"]
    assert merchant.attribution_precedence == ["click", "coupon"]
    assert (merchant.attribution_model, merchant.portal_customers) == ("first", "nothing")


def test_the_time_zone_is_changed_in_a_dialog_over_the_settings(screen: Client, merchant: Merchant) -> None:
    dialog = {"HX-Request": "true", "HX-Target": "ask"}
    assert 'href="/m/acme/settings/time/" data-ask' in screen.get("/m/acme/settings/").content.decode()
    assert "<!doctype" in screen.get("/m/acme/settings/time/").content.decode()
    question = screen.get("/m/acme/settings/time/", headers=dialog).content.decode()
    assert question.startswith("<form")
    seen = re.findall(r'name="seen" value="([^"]+)"', question)[0]
    nowhere = screen.post("/m/acme/settings/time/", {"seen": seen, "time_zone": "Mars/Base"}, headers=dialog)
    assert (nowhere.status_code, nowhere.content[:5]) == (422, b"<form")
    saved = screen.post("/m/acme/settings/time/", {"seen": seen, "time_zone": "Asia/Tokyo"}, headers=dialog)
    assert (saved.status_code, saved.headers["HX-Redirect"]) == (204, "/m/acme/settings/")
    again(merchant)
    assert merchant.time_zone == "Asia/Tokyo"
    assert save(screen, "time", time_zone="Europe/Berlin") == 302
    again(merchant)
    assert merchant.time_zone == "Europe/Berlin"


def test_what_cannot_be_is_said_beside_the_field(screen: Client, merchant: Merchant) -> None:
    assert save(screen, "links", domains="not a host", link_parameters="via") == 422
    assert save(screen, "brand", name="", brand_color="red", reply_to="") == 422
    assert save(screen, "hold", hold_days="-1") == 422
    twice = {"first": "click", "second": "click", "third": "", "fourth": ""}
    rest = {"attribution_model": "first", "attribution_window_days": "7", "self_referral": "allow"}
    assert save(screen, "attribution", **twice, **rest) == 422
    assert screen.get("/m/acme/settings/nothing/").status_code == 404


def test_two_people_at_once_do_not_overwrite_each_other_unseen(screen: Client, merchant: Merchant) -> None:
    before = (timezone.now() - timedelta(minutes=1)).isoformat()
    with tenancy.tenant(merchant.id):
        update_merchant(merchant, changes={"hold_days": 14}, actor=ACTOR)
    answer = screen.post("/m/acme/settings/hold/", {"seen": before, "hold_days": "60"})
    assert answer.status_code == 422
    assert f"{ACTOR.name} changed hold_days" in answer.content.decode()
    again(merchant)
    assert merchant.hold_days == 14
    # Sent again, knowing it.
    seen = re.findall(r'name="seen" value="([^"]+)"', answer.content.decode())
    assert screen.post("/m/acme/settings/hold/", {"seen": max(seen), "hold_days": "60"}).status_code == 302
    again(merchant)
    assert merchant.hold_days == 60


def test_mail_is_shown_only_where_the_operator_wants_it(screen: Client) -> None:
    assert screen.get("/mail/").status_code == 404
