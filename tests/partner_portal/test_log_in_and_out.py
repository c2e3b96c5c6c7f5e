"""Log-in: nothing is told apart, tries are counted, and a session ends with the password it was made with."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client

from affiliates.models import Partner
from affiliates.partners import reject, set_password, suspend
from merchants import tenancy
from merchants.models import Merchant, User
from partner_portal import attempts
from tests.factories import ACTOR, PASSWORD, PartnerFactory
from tests.partner_portal.conftest import plain


def tried(client: Client, portal: str, email: str, password: str, **extra: Any) -> Any:
    """One try to sign in."""
    return client.post(f"{portal}sign-in/", {"email": email, "password": password}, **extra)


def test_every_page_asks_for_the_log_in_first(client: Client, portal: str) -> None:
    for path in ("", "earnings/", "earnings.csv", "customers/", "links/", "payouts/", "payouts.csv", "settings/"):
        answer = client.get(f"{portal}{path}?period=7d")
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(f"{portal}sign-in/?next=%2Fp%2F")
    assert client.get("/p/nobody2345/").status_code == 404


def test_who_wanted_to_go_somewhere_gets_there(client: Client, anna: Partner, portal: str) -> None:
    page = client.get(client.get(f"{portal}payouts/").headers["Location"])
    assert f'name="next" value="{portal}payouts/"' in page.content.decode()
    form = {"email": anna.email, "password": PASSWORD, "next": f"{portal}payouts/"}
    assert client.post(f"{portal}sign-in/", form).headers["Location"] == f"{portal}payouts/"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/m/", "/p/other2345/", "\\evil"])
def test_nobody_is_led_elsewhere(client: Client, anna: Partner, portal: str, elsewhere: str) -> None:
    form = {"email": anna.email, "password": PASSWORD, "next": elsewhere}
    assert client.post(f"{portal}sign-in/", form).headers["Location"] == portal


def test_what_is_wrong_is_not_told_apart(client: Client, merchant: Merchant, anna: Partner, portal: str) -> None:
    with tenancy.tenant(merchant.id):
        never_here = PartnerFactory(email="new@example.com")
    wrong = [
        tried(client, portal, "eve@example.com", "not her password"),
        tried(client, portal, "eve@example.com", PASSWORD),
        tried(client, portal, "eve@example.com", ""),
    ]
    assert [answer.status_code for answer in wrong] == [422, 422, 422]
    assert plain(wrong[0].content) == plain(wrong[1].content)
    its = f"/p/{never_here.portal_code}/"
    new = tried(client, its, "eve@example.com", "not her password")
    assert plain(new.content).replace(never_here.portal_code, anna.portal_code) == plain(wrong[0].content)
    first, second = (plain(client.get(f"{address}sign-in/").content) for address in (portal, its))
    assert first == second.replace(never_here.portal_code, anna.portal_code)


def test_a_partner_who_was_never_here_cannot_sign_in(client: Client, partner: Partner) -> None:
    for password in ("", "!", PASSWORD):
        assert tried(client, f"/p/{partner.portal_code}/", partner.email, password).status_code == 422


def test_tries_from_one_address_are_counted(client: Client, anna: Partner, portal: str) -> None:
    for _ in range(attempts.FROM_ONE):
        assert tried(client, portal, anna.email, "guess").status_code == 422
    blocked = tried(client, portal, anna.email, PASSWORD)
    assert blocked.status_code == 429
    assert b"Too many attempts" in blocked.content
    assert tried(Client(), portal, anna.email, PASSWORD, REMOTE_ADDR="192.0.2.7").status_code == 302


def test_only_guesses_are_counted(client: Client, anna: Partner, portal: str) -> None:
    for _ in range(attempts.FROM_ONE + 2):
        assert tried(Client(), portal, anna.email, PASSWORD).status_code == 302
    for _ in range(attempts.FROM_ONE):
        assert tried(client, portal, anna.email, "guess").status_code == 422
    assert tried(client, portal, anna.email, "guess").status_code == 429


def test_tries_from_many_addresses_are_counted_too(
    client: Client, anna: Partner, portal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "FROM_ALL", 5)
    for n in range(5):
        assert tried(client, portal, anna.email, "guess", REMOTE_ADDR=f"192.0.2.{n}").status_code == 422
    assert tried(client, portal, anna.email, PASSWORD, REMOTE_ADDR="192.0.2.99").status_code == 429


def test_the_session_is_another_one_after_the_log_in(client: Client, anna: Partner, portal: str) -> None:
    client.get(f"{portal}sign-in/")
    session = client.session
    session["planted"] = "by somebody who knows the key"
    session.save()
    before = session.session_key
    tried(client, portal, anna.email, PASSWORD)
    assert client.session.session_key != before
    stranger = Client()
    stranger.cookies["sessionid"] = str(before)
    assert stranger.get(portal).status_code == 302


def test_signing_out_ends_it(browser: Client, portal: str) -> None:
    assert browser.get(f"{portal}sign-out/").headers["Location"] == portal, "a link alone signs nobody out"
    assert browser.post(f"{portal}sign-out/").headers["Location"] == f"{portal}sign-in/"
    assert browser.get(portal).status_code == 302


def test_staff_and_partner_sign_in_side_by_side(browser: Client, owner: User, merchant: Merchant, portal: str) -> None:
    browser.post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
    assert browser.get(f"/m/{merchant.slug}/").status_code == 200
    assert browser.get(portal).status_code == 200
    browser.post(f"{portal}sign-out/")
    assert browser.get(f"/m/{merchant.slug}/").status_code == 200
    assert browser.get(portal).status_code == 302


def test_one_portals_log_in_opens_no_other(browser: Client, merchant: Merchant, other_merchant: Merchant) -> None:
    for place in (merchant, other_merchant):
        with tenancy.tenant(place.id):
            other = PartnerFactory(email="other@example.com")
        assert browser.get(f"/p/{other.portal_code}/").status_code == 302


def test_a_new_password_signs_the_other_devices_out(
    browser: Client, anna: Partner, portal: str, committing: Callable[[], Any], mailoutbox: list[EmailMessage]
) -> None:
    phone = Client()
    tried(phone, portal, anna.email, PASSWORD)
    form = {"new-current": PASSWORD, "new-password": "another good sentence"}
    with committing():
        assert browser.post(f"{portal}settings/password/", form).status_code == 302
    assert browser.get(portal).status_code == 200
    assert phone.get(portal).status_code == 302
    assert tried(phone, portal, anna.email, PASSWORD).status_code == 422
    assert [message.subject for message in mailoutbox] == ["Your password for Acme was changed"]


def test_sign_out_everywhere_keeps_this_browser_and_the_password(browser: Client, anna: Partner, portal: str) -> None:
    phone = Client()
    tried(phone, portal, anna.email, PASSWORD)
    wrong = browser.post(f"{portal}settings/sign-out-everywhere/", {"all-current": "guess"})
    assert (wrong.status_code, wrong.content.count(b"This is not your password.")) == (422, 1)
    assert phone.get(portal).status_code == 200
    browser.post(f"{portal}settings/sign-out-everywhere/", {"all-current": PASSWORD})
    assert browser.get(portal).status_code == 200
    assert phone.get(portal).status_code == 302
    assert tried(phone, portal, anna.email, PASSWORD).status_code == 302


def test_a_suspended_partner_still_reads_what_they_earned(
    browser: Client, merchant: Merchant, anna: Partner, portal: str
) -> None:
    with tenancy.tenant(merchant.id):
        suspend(anna, actor=ACTOR)
    for path in ("", "earnings/", "payouts/", "links/"):
        answer = browser.get(f"{portal}{path}")
        assert answer.status_code == 200
        assert b"closed to new sales" in answer.content
    assert b"Create link" not in browser.get(f"{portal}links/").content
    form = {"once": "7c1f9a3e-0000-4000-8000-000000000001", "destination": "https://shop.example/mug"}
    refused = browser.post(f"{portal}links/", form)
    assert refused.status_code == 422
    with tenancy.tenant(merchant.id):
        assert anna.links.count() == 1


def test_an_applicant_is_told_how_it_stands(client: Client, merchant: Merchant) -> None:
    with tenancy.tenant(merchant.id):
        applicant = PartnerFactory(status="applied")
        set_password(applicant, password=PASSWORD, actor=ACTOR)
    address = f"/p/{applicant.portal_code}/"
    tried(client, address, applicant.email, PASSWORD)
    assert b"is looking at your application" in client.get(address).content
    with tenancy.tenant(merchant.id):
        reject(applicant, actor=ACTOR)
    assert b"was not accepted" in client.get(address).content
