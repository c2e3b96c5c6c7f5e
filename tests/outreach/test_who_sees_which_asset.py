"""Assets reach the merchant's staff and the approved partners they are for, in headers under which nothing runs."""

from typing import Any

import pytest
from django.test import Client

from affiliates.models import Partner
from affiliates.partners import set_password, suspend
from merchants import tenancy
from merchants.models import Merchant, User
from outreach.library import archive_asset, create_asset
from outreach.models import Asset
from tests.factories import ACTOR, PASSWORD, GroupFactory, PartnerFactory
from tests.outreach.conftest import pdf, picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(merchant: Merchant, partner: Partner) -> Client:
    """Anna's, signed in to her portal."""
    with tenancy.tenant(merchant.id):
        set_password(partner, password=PASSWORD, actor=ACTOR)
    client = Client()
    client.post(f"/p/{partner.portal_code}/sign-in/", {"email": partner.email, "password": PASSWORD})
    return client


def given(merchant: Merchant, kind: str, **rest: Any) -> Asset:
    with tenancy.tenant(merchant.id):
        return create_asset(merchant=merchant, kind=kind, title=f"A {kind}", actor=ACTOR, **rest)


def test_a_partner_copies_texts_and_banners_with_their_own_link_and_code(
    merchant: Merchant, partner: Partner, browser: Client
) -> None:
    given(merchant, "text", body="Use {code} at {link}, <b>now</b>")
    banner = given(merchant, "banner", upload=picture())
    page = browser.get(f"/p/{partner.portal_code}/assets/").content.decode()
    assert "Use ANNA10 at http://localhost:8000/r/anna, &lt;b&gt;now&lt;/b&gt;" in page
    code = (
        '<a href="http://localhost:8000/r/anna" rel="sponsored">'
        f'<img src="http://localhost:8000/banner/anna/{banner.id}" width="60" height="40" alt="A banner"></a>'
    )
    assert code.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;") in page


def test_a_file_is_saved_and_counted_and_a_picture_is_shown(
    merchant: Merchant, partner: Partner, browser: Client
) -> None:
    file, banner = given(merchant, "file", upload=pdf()), given(merchant, "banner", upload=picture())
    for _ in range(2):
        answer = browser.get(f"/p/{partner.portal_code}/assets/{file.id}/file/")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="a-file.pdf"'
    shown = browser.get(f"/p/{partner.portal_code}/assets/{banner.id}/file/")
    assert shown.headers["Content-Disposition"].startswith("inline")
    for each, kind in ((answer, "application/pdf"), (shown, "image/png")):
        assert each.headers["Content-Type"] == kind
        assert each.headers["X-Content-Type-Options"] == "nosniff"
        assert each.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert "no-store" in each.headers["Cache-Control"]
    browser.get(f"/p/{partner.portal_code}/assets/{banner.id}/file/?download")
    with tenancy.tenant(merchant.id):
        assert sorted(merchant.asset_uses.values_list("asset__title", "number")) == [("A banner", 1), ("A file", 2)]


def test_staff_see_how_often_and_not_by_whom(
    merchant: Merchant, partner: Partner, browser: Client, owner: User
) -> None:
    file = given(merchant, "file", upload=pdf())
    browser.get(f"/p/{partner.portal_code}/assets/{file.id}/file/")
    staff = Client()
    staff.force_login(owner)
    page = staff.get(f"/m/acme/assets/{file.id}/").content.decode()
    assert "1 by 1 partner" in page
    assert "Anna" not in page
    assert staff.get(f"/m/acme/assets/{file.id}/file/").headers["Content-Disposition"].startswith("attachment")


def test_a_group_of_its_own_and_what_is_archived_are_not_there(
    merchant: Merchant, partner: Partner, browser: Client
) -> None:
    with tenancy.tenant(merchant.id):
        group = GroupFactory(name="Creators")
        PartnerFactory(name="Ben", group=group)
    theirs = given(merchant, "file", upload=pdf(), group_ids=[group.id])
    old = given(merchant, "file", upload=pdf())
    with tenancy.tenant(merchant.id):
        archive_asset(old, actor=ACTOR)
    for asset in (theirs, old):
        assert browser.get(f"/p/{partner.portal_code}/assets/{asset.id}/file/").status_code == 404
    assert b"A file" not in browser.get(f"/p/{partner.portal_code}/assets/").content
    with tenancy.tenant(merchant.id):
        merchant.partners.filter(id=partner.id).update(group=group)
    assert browser.get(f"/p/{partner.portal_code}/assets/{theirs.id}/file/").status_code == 200


def test_a_suspended_partner_has_nothing_to_share(merchant: Merchant, partner: Partner, browser: Client) -> None:
    banner = given(merchant, "banner", upload=picture())
    public = f"/banner/anna/{banner.id}"
    assert Client().get(public).status_code == 200
    with tenancy.tenant(merchant.id):
        suspend(partner, actor=ACTOR)
    assert browser.get(f"/p/{partner.portal_code}/assets/{banner.id}/file/").status_code == 404
    assert Client().get(public).status_code == 404


def test_nobody_else_gets_a_file(merchant: Merchant, other_merchant: Merchant, partner: Partner) -> None:
    file, banner = given(merchant, "file", upload=pdf()), given(merchant, "banner", upload=picture())
    with tenancy.tenant(other_merchant.id):
        rival = PartnerFactory(name="Rita")
        assert rival.links.get().code == "rita"
    outside = Client()
    assert outside.get(f"/p/{partner.portal_code}/assets/{file.id}/file/").status_code == 302
    assert outside.get(f"/m/acme/assets/{file.id}/file/").status_code == 302
    assert outside.get(f"/banner/anna/{file.id}").status_code == 404  # no picture has no public address
    assert outside.get(f"/banner/rita/{banner.id}").status_code == 404  # another merchant's link
    assert outside.get(f"/banner/nobody/{banner.id}").status_code == 404
    shown = outside.get(f"/banner/anna/{banner.id}")
    assert shown.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert shown.headers["Content-Type"] == "image/png"
