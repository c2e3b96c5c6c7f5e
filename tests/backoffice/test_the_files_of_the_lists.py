"""Files of lists: whole however long, amounts as decimal numbers, nothing that a spreadsheet would compute."""

import csv
import io

import pytest
from django.test import Client

from affiliates.models import Partner
from merchants import tenancy
from merchants.models import Merchant
from pages import exports as files
from stats.rollup import refresh
from tests.factories import CustomerFactory, PartnerFactory
from tests.sales import give_ten_percent, sell

pytestmark = pytest.mark.django_db


def rows_of(browser: Client, address: str) -> list[dict[str, str]]:
    answer = browser.get(f"/m/acme/{address}")
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode())))


@pytest.mark.parametrize(("address", "factory"), [("partners.csv", PartnerFactory), ("customers.csv", CustomerFactory)])
def test_a_list_longer_than_a_piece_is_whole(
    browser: Client, merchant: Merchant, address: str, factory: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "PIECE", 3)
    with tenancy.tenant(merchant.id):
        factory.create_batch(7)  # type: ignore[attr-defined]
    assert len({row["email"] for row in rows_of(browser, address)}) == 7


def test_amounts_are_decimal_numbers(browser: Client, merchant: Merchant, anna: Partner) -> None:
    with tenancy.tenant(merchant.id):
        give_ten_percent(anna)
        sell(anna, 12_345, order="A-1")
        refresh()
    (row,) = rows_of(browser, "partners.csv")
    assert (row["balance"], row["currency"]) == ("12.35", "USD")
    assert {row["revenue"] for row in rows_of(browser, "overview.csv")} >= {"0.00"}


def test_what_a_spreadsheet_would_compute_is_text(browser: Client, merchant: Merchant) -> None:
    with tenancy.tenant(merchant.id):
        PartnerFactory(name=" =HYPERLINK(1)")
        CustomerFactory(name="＝1+1")
    assert rows_of(browser, "partners.csv")[0]["name"].startswith("'")
    assert rows_of(browser, "customers.csv")[0]["name"].startswith("'")


def test_the_audit_log_is_a_file_too(browser: Client, anna: Partner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PIECE", 1)
    rows = rows_of(browser, "audit.csv?area=partner")
    assert [row["object_id"] for row in rows] == [str(anna.id)] * len(rows)
    assert rows
