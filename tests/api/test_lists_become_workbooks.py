"""A list as a workbook over the API: asked for, looked at until it is done, downloaded by who may read the list."""

from collections.abc import Callable

import pytest

from jobs import work
from merchants import tenancy
from merchants.models import Merchant
from tests.api.conftest import Answer, Api
from tests.api.world import build
from tests.workbooks import sheets_of

pytestmark = pytest.mark.django_db

LISTS = ["sales", "commissions", "customers", "partners", "payouts", "audit"]


def made(api: Api, merchant: Merchant, name: str, **filters: str) -> Answer:
    """The export, done."""
    answer = api.post("/exports", {"list": name, "filters": filters})
    assert answer.status == 201, answer
    assert answer.headers["Location"] == f"/api/v1/exports/{answer.body['id']}"
    work.run(merchant.id, answer.body["id"])
    return api.get(answer.headers["Location"])


@pytest.mark.parametrize("name", LISTS)
def test_it_has_the_header_and_the_rows_of_the_csv_file(api: Api, merchant: Merchant, name: str) -> None:
    build(merchant, "wood")
    done = made(api, merchant, name, **({"at_before": "2000-01-01T00:00:00Z"} if name == "audit" else {}))
    assert (done.body["list"], done.body["status"], done.body["error"]) == (name, "done", None)
    file = api.get(done.body["file"], Accept="*/*")
    assert file.status == 200
    assert file.headers["Content-Type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert f"{name}.xlsx" in file.headers["Content-Disposition"]
    (rows,) = sheets_of(file.content)
    csv = api.get(f"/{name}/export.csv", Accept="text/csv").content.decode().splitlines()
    assert rows[0] == csv[0].split(",")
    assert done.body["done"] == done.body["total"] == len(rows) - 1
    assert name == "audit" or len(rows) == len(api.get(f"/{name}?limit=100").body["data"]) + 1


def test_filters_are_those_of_the_list(api: Api, merchant: Merchant) -> None:
    build(merchant, "wood")
    api.post("/partners", {"name": "Ben", "email": "ben@example.com", "status": "applied"})
    file = api.get(made(api, merchant, "partners", status="applied").body["file"], Accept="*/*")
    (rows,) = sheets_of(file.content)
    assert sorted(row[1] for row in rows[1:]) == ["Ben", "Bo wood"]
    for filters, code, field in (
        ({"statsu": "applied"}, "unknown_field", "filters.statsu"),
        ({"status": "gone"}, "invalid_value", "filters.status"),
        ({"limit": "5"}, "unknown_field", "filters.limit"),
        ({"group_id": "x"}, "invalid_value", "filters.group_id"),
    ):
        answer = api.post("/exports", {"list": "partners", "filters": filters})
        assert (answer.status, answer.code, answer.body["field"]) == (422, code, field), answer


def test_before_it_is_done_there_is_no_file_and_asking_again_makes_no_other(api: Api, merchant: Merchant) -> None:
    first = api.post("/exports", {"list": "sales"})
    assert (first.body["status"], first.body["file"]) == ("queued", None)
    assert api.post("/exports", {"list": "sales"}).body["id"] == first.body["id"]
    file = api.get(f"/exports/{first.body['id']}/file", Accept="*/*")
    assert (file.status, file.code) == (409, "export_without_file")
    assert "not done yet" in file.body["detail"]


def test_payouts_are_for_keys_that_read_payouts(
    api: Api, merchant: Merchant, key_of: Callable[..., str], other_api: Api
) -> None:
    build(merchant, "wood")
    reader = Api(key_of(merchant, "read"))
    for name in ("payouts", "audit"):
        answer = reader.post("/exports", {"list": name})
        assert (answer.status, answer.code) == (403, "scope_missing")
    payouts, sales = (made(api, merchant, name).body for name in ("payouts", "sales"))
    for path in (f"/exports/{payouts['id']}", f"/exports/{payouts['id']}/file"):
        assert reader.get(path, Accept="*/*").status == 404
    assert reader.get(sales["file"], Accept="*/*").status == 200, "who may read the list finds its exports"
    assert other_api.get(sales["file"], Accept="*/*").status == 404


def test_what_a_key_does_besides_is_no_export(api: Api, merchant: Merchant) -> None:
    with tenancy.tenant(merchant.id):
        job = merchant.jobs.create(kind="backoffice.partners", parameters={"query": ""}, actor_kind="user")
    assert api.get(f"/exports/{job.id}").status == 404
