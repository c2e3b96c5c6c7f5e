"""A partner has a workbook made of their own rows; nobody else finds it, staff included."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from affiliates.models import Partner
from affiliates.partners import set_password
from jobs import work
from merchants import tenancy
from merchants.models import Merchant, User
from tests.factories import ACTOR, PASSWORD, PartnerFactory
from tests.sales import give_ten_percent, sell
from tests.workbooks import sheets_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def prepared(browser: Client, merchant: Merchant, address: str) -> str:
    """The address of the job that was asked for, done."""
    answer = browser.post(address)
    assert answer.status_code == 302
    where = answer.headers["Location"]
    with tenancy.tenant(merchant.id):
        job = merchant.jobs.get(id=where.split("/")[-2])
    work.run(merchant.id, job.id)
    return where


def test_their_own_rows_and_no_others(browser: Client, portal: str, merchant: Merchant, anna: Partner) -> None:
    with tenancy.tenant(merchant.id):
        for partner, order in ((anna, "MINE"), (PartnerFactory(), "THEIRS")):
            give_ten_percent(partner)
            sell(partner, 10_000, order=order)
    where = prepared(browser, merchant, f"{portal}earnings.xlsx?period=365d")
    assert "Download earnings-" in browser.get(where).content.decode()
    (rows,) = sheets_of(browser.get(f"{where}file/").getvalue())
    assert [row[1] for row in rows] == ["order", "MINE"]
    assert where in browser.get(f"{portal}files/").content.decode()


def test_the_list_of_files_asks_again_until_they_are_ready(browser: Client, portal: str, merchant: Merchant) -> None:
    where = browser.post(f"{portal}payouts.xlsx").headers["Location"]
    polled = f'hx-get="{portal}files/" hx-trigger="every 2s"'
    assert polled in browser.get(f"{portal}files/").content.decode()
    with tenancy.tenant(merchant.id):
        job = merchant.jobs.get(id=where.split("/")[-2])
    work.run(merchant.id, job.id)
    ready = browser.get(f"{portal}files/").content.decode()
    assert "Download payouts" in ready
    assert "every 2s" not in ready


def test_neither_another_partner_nor_staff_find_it(
    browser: Client, portal: str, merchant: Merchant, owner: User
) -> None:
    where = prepared(browser, merchant, f"{portal}payouts.xlsx")
    job = where.split("/")[-2]
    with tenancy.tenant(merchant.id):
        other = PartnerFactory(email="other@example.com")
        set_password(other, password=PASSWORD, actor=ACTOR)
    theirs = Client()
    theirs.post(f"/p/{other.portal_code}/sign-in/", {"email": other.email, "password": PASSWORD})
    for path in ("", "file/"):
        assert theirs.get(f"/p/{other.portal_code}/files/{job}/{path}").status_code == 404
    staff = Client()
    staff.force_login(owner)
    for path in ("", "file/", "cancel/", "retry/"):
        assert staff.get(f"/m/acme/jobs/{job}/{path}").status_code == 404
    assert job not in staff.get("/m/acme/jobs/").content.decode()
