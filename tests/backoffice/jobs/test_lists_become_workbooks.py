"""A list as a workbook: made by a job, the same rows and header as the CSV, for exactly those who may see them."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from affiliates.models import Partner
from jobs import work
from jobs.models import Job
from merchants import tenancy
from merchants.models import Merchant
from merchants.roles import Role
from pages import exports
from pages.xlsx import Workbook
from tests.factories import CommissionFactory, CustomerFactory, PartnerFactory
from tests.sales import refund, sell
from tests.workbooks import sheets_of

pytestmark = pytest.mark.django_db
LISTS = ["partners", "customers", "orders", "commissions", "payouts", "audit"]


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def busy(merchant: Merchant, anna: Partner) -> Merchant:
    """Sales, a refund, and names that a spreadsheet would compute."""
    with tenancy.tenant(merchant.id):
        for number in range(3):
            sell(anna, 12_345 + number, order=f"00{number}")
        sell(anna, 500, order="YEN", currency="JPY")
        refund("001", 1_000)
        PartnerFactory(name="=HYPERLINK(1)")
        CustomerFactory(name="@SUM(A1)", email="sum@example.com")
        CommissionFactory(partner=anna, amount=-250)
    return merchant


def asked_for(browser: Client, merchant: Merchant, address: str) -> Job:
    """The job that this address starts."""
    answer = browser.post(f"/m/{merchant.slug}/{address}")
    assert answer.status_code == 302, answer.status_code
    with tenancy.tenant(merchant.id):
        return merchant.jobs.get(id=answer.headers["Location"].split("/")[-2])


def made(browser: Client, merchant: Merchant, address: str) -> list[list[Any]]:
    """The rows of the workbook that comes of it."""
    job = asked_for(browser, merchant, address)
    work.run(merchant.id, job.id)
    answer = browser.get(f"/m/{merchant.slug}/jobs/{job.id}/file/")
    assert answer.status_code == 200, answer.status_code
    assert answer.headers["Content-Disposition"].startswith("attachment")
    (rows,) = sheets_of(answer.getvalue())
    return rows


def shown(cell: str) -> str:
    """A cell of the CSV without what only CSV needs."""
    return cell.removeprefix("'")


@pytest.mark.parametrize("name", LISTS)
def test_it_has_the_header_and_the_rows_of_the_csv(browser: Client, busy: Merchant, name: str) -> None:
    lines = list(csv.reader(io.StringIO(browser.get(f"/m/acme/{name}.csv").getvalue().decode())))
    rows = made(browser, busy, f"{name}.xlsx")
    if name == "audit":
        # Starting the job is itself in the log by now.
        rows = [rows[0], *(row for row in rows[1:] if row[3] != "job.start")]
    assert rows[0] == lines[0]
    assert len(rows) == len(lines)
    for row, line in zip(rows[1:], lines[1:], strict=True):
        texts = {str(cell) for cell in row if isinstance(cell, str)}
        assert texts <= set(map(shown, line))
        numbers = [cell for cell in row if isinstance(cell, float) and cell != int(cell)]
        assert all(f"{number:.2f}" in line or number > 40_000 for number in numbers)


def test_numbers_are_numbers_text_is_text_and_moments_are_moments(browser: Client, busy: Merchant) -> None:
    rows = made(browser, busy, "orders.xlsx?kind=referred")
    of = {row[0]: dict(zip(rows[0], row, strict=False)) for row in rows[1:]}  # an empty last cell is no cell
    assert of.keys() == {"000", "001", "002", "YEN"}, "an order id with zeros in front is no number"
    assert (of["001"]["amount"], of["001"]["refunded"], of["001"]["commission"]) == (123.46, 10.0, 11.35)
    assert of["YEN"]["amount"] == 500.0
    assert isinstance(of["000"]["placed_at"], float)
    names = {row[0] for row in made(browser, busy, "partners.xlsx")}
    assert "=HYPERLINK(1)" in names, "as text, without an apostrophe"


def test_it_keeps_to_the_filters_of_the_list(browser: Client, busy: Merchant) -> None:
    assert [row[0] for row in made(browser, busy, "orders.xlsx?q=002&page=nonsense")] == ["order_id", "002"]
    assert len(made(browser, busy, "commissions.xlsx?kind=manual")) == 2
    assert len(made(browser, busy, "customers.xlsx?status=blocked")) == 1


def queries_of(merchant: Merchant, job: Job) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as caught:
        work.run(merchant.id, job.id)
    return [query["sql"] for query in caught.captured_queries]


@pytest.mark.parametrize("name", ["partners", "customers"])
def test_rows_are_read_in_pieces_however_many_they_are(
    browser: Client, merchant: Merchant, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "PIECE", 4)
    factory = {"partners": PartnerFactory, "customers": CustomerFactory}[name]
    counts = []
    for _ in range(3):  # 4, 8 and 12 rows: two, three and four pieces, the last of them empty
        with tenancy.tenant(merchant.id):
            factory.create_batch(4)
        asked = queries_of(merchant, asked_for(browser, merchant, f"{name}.xlsx"))
        counts.append(len(asked))
        table = {"partners": "affiliates_partner", "customers": "customers_customer"}[name]
        reads = [sql for sql in asked if f'FROM "{table}"' in sql and "COUNT" not in sql and "LIMIT" in sql]
        assert all("LIMIT 4" in sql for sql in reads)
    assert counts[2] - counts[1] == counts[1] - counts[0], "each piece costs the same"


def test_a_list_longer_than_a_sheet_goes_on_in_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pages.xlsx.ROWS", 3)
    book = Workbook(tmp_path, "Long", ["number"])
    assert book.write([[n] for n in range(5)]) == 5
    assert sheets_of(book.closed().read_bytes()) == [
        [["number"], [0.0], [1.0]],
        [["number"], [2.0], [3.0]],
        [["number"], [4.0]],
    ]


def test_what_a_double_cannot_hold_stands_as_text(tmp_path: Path) -> None:
    book = Workbook(tmp_path, "Exact", ["value"])
    book.write([[10**15], [10**15 - 1], [True], [None], ["=1+1"], [["a", "b"]], [{"a": 1}], ["x" * 40_000]])
    ((_, *rows),) = sheets_of(book.closed().read_bytes())
    assert rows[:3] == [[str(10**15)], [999_999_999_999_999.0], [True]]
    assert rows[3:-1] == [["=1+1"], ["a, b"], ['{"a":1}']]
    assert len(rows[-1][0]) == 32_767, "as long as a cell can be"


def test_whoever_lacks_the_permission_starts_nothing_and_sees_nothing(
    browser: Client, busy: Merchant, browser_of: Callable[[Role], Client]
) -> None:
    viewer = browser_of(Role.VIEWER)
    assert viewer.post("/m/acme/payouts.xlsx").status_code == 403
    job = asked_for(browser, busy, "payouts.xlsx")
    work.run(busy.id, job.id)
    assert browser.get(f"/m/acme/jobs/{job.id}/file/").status_code == 200
    for path in ("", "file/"):
        assert viewer.get(f"/m/acme/jobs/{job.id}/{path}").status_code == 404
    for path in ("cancel/", "retry/"):
        assert viewer.post(f"/m/acme/jobs/{job.id}/{path}").status_code == 404
    assert str(job.id) not in viewer.get("/m/acme/jobs/").content.decode()
    seen = asked_for(browser, busy, "partners.xlsx")
    assert str(seen.id) in viewer.get("/m/acme/jobs/").content.decode()


def test_another_merchants_job_is_not_found(browser: Client, merchant: Merchant, other_merchant: Merchant) -> None:
    mine = asked_for(browser, merchant, "partners.xlsx")
    with tenancy.tenant(merchant.id):
        assert merchant.jobs.filter(id=mine.id).exists()
    with tenancy.tenant(other_merchant.id):
        theirs = other_merchant.jobs.create(
            kind="backoffice.partners", parameters={"query": ""}, actor_kind="user", actor_name="Somebody"
        )
    for path in ("", "file/", "cancel/", "retry/"):
        assert browser.get(f"/m/acme/jobs/{theirs.id}/{path}").status_code == 404
        assert browser.post(f"/m/acme/jobs/{theirs.id}/{path}").status_code == 404
    work.run(merchant.id, theirs.id)
    with tenancy.tenant(other_merchant.id):
        assert other_merchant.jobs.get(id=theirs.id).status == "queued"


def test_the_page_asks_again_while_it_is_open_and_not_after(browser: Client, merchant: Merchant) -> None:
    job = asked_for(browser, merchant, "partners.xlsx")
    address = f"/m/acme/jobs/{job.id}/"
    polled = {"HX-Request": "true", "HX-Target": "job"}
    waiting = browser.get(address).content.decode()
    assert 'hx-trigger="every 2s"' in waiting
    assert re.search(rf"<noscript><a [^>]*href=\"{address}\"", waiting), "without script there is a link"
    assert "<html" not in browser.get(address, headers=polled).content.decode()
    work.run(merchant.id, job.id)
    for answer in (browser.get(address), browser.get(address, headers=polled)):
        over = answer.content.decode()
        assert "hx-trigger" not in over.partition('id="job"')[2].partition("</section>")[0]
        assert "Download partners.xlsx" in over


def test_the_list_asks_again_while_one_of_its_jobs_is_open_and_not_after(browser: Client, merchant: Merchant) -> None:
    address, polled = "/m/acme/jobs/?sort=at", {"HX-Request": "true", "HX-Target": "list"}
    assert "hx-trigger" not in list_of(browser.get(address).content), "an empty list waits for nothing"
    job = asked_for(browser, merchant, "partners.xlsx")
    waiting = browser.get(address).content
    assert f'hx-get="{address}" hx-trigger="every 2s" hx-target="#list"' in list_of(waiting)
    assert re.search(rf"<noscript><a [^>]*href=\"{re.escape(address)}\"", waiting.decode())
    part = browser.get(address, headers=polled).content
    assert b"<html" not in part
    assert 'hx-trigger="every 2s"' in list_of(part)
    work.run(merchant.id, job.id)
    for answer in (browser.get(address), browser.get(address, headers=polled)):
        assert "hx-trigger" not in list_of(answer.content)
        assert f"Download {job.kind.partition('.')[2]}.xlsx" in answer.content.decode()


def list_of(page: bytes) -> str:
    """The tag of the list."""
    return page.decode().partition('id="list"')[2].partition(">")[0]


def test_it_is_cancelled_and_a_failed_one_is_tried_again(browser: Client, merchant: Merchant) -> None:
    job = asked_for(browser, merchant, "partners.xlsx")
    said = browser.post(f"/m/acme/jobs/{job.id}/cancel/", follow=True).content.decode()
    assert "Cancelled" in said
    said = browser.post(f"/m/acme/jobs/{job.id}/retry/", follow=True).content.decode()
    assert "Only a job that failed can be tried again." in said
    with tenancy.tenant(merchant.id):
        merchant.jobs.filter(id=job.id).update(status="failed", error="Try again.")
    assert "Try again." in browser.get(f"/m/acme/jobs/{job.id}/").content.decode()
    browser.post(f"/m/acme/jobs/{job.id}/retry/")
    work.run(merchant.id, job.id)
    with tenancy.tenant(merchant.id):
        assert merchant.jobs.get(id=job.id).status == "done"
        verbs = merchant.audit_entries.filter(object_id=job.id).order_by("id").values_list("verb", flat=True)
        assert list(verbs) == ["job.start", "job.cancel", "job.retry"]
