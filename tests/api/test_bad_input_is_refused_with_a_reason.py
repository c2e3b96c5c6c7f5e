"""Bad input (issue 2): a problem document with a stable code and the field's path, and nothing written."""

import gzip
import io
from typing import Any

import msgspec
import pytest

from api.bodies import MAX_BODY
from merchants import tenancy
from merchants.models import Merchant
from tests.api.conftest import Api

pytestmark = pytest.mark.django_db

SALE: dict[str, Any] = {"order_id": "A-1", "amount": 10000, "currency": "USD"}


def orders(merchant: Merchant) -> int:
    with tenancy.tenant(merchant.id):
        return merchant.orders.count()


@pytest.mark.parametrize(
    ("amount", "says"),
    [
        ("100.0", "decimal point"),
        ("100.50", "decimal point"),
        ("1e2", "decimal point"),
        ("-0.0", "decimal point"),
        ('"10000"', "without quotes"),
        ("-1", "negative"),
        ("1000000000001", "too large"),
        ("9" * 40, "too large"),
        ("9" * 5000, "too large"),
        ("true", "bool"),
        ("null", "null"),
        ("[1]", "array"),
    ],
)
def test_an_amount_that_is_no_whole_number_of_minor_units(api: Api, merchant: Merchant, amount: str, says: str) -> None:
    raw = b'{"order_id": "A-1", "currency": "USD", "amount": %s}' % amount.encode()
    answer = api.post("/sales", raw=raw)
    assert (answer.status, answer.code, answer.body["field"]) == (422, "invalid_amount", "amount")
    assert says in answer.body["detail"]
    assert "10000 means 100.00 USD" in answer.body["detail"]
    assert orders(merchant) == 0


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"amount": 1, "currency": "USD"}, "missing_field", "order_id"),
        (SALE | {"colour": "red"}, "unknown_field", "colour"),
        (SALE | {"customer": {"emial": "x"}}, "unknown_field", "customer.emial"),
        (SALE | {"order_id": 7}, "invalid_type", "order_id"),
        (SALE | {"order_id": ""}, "invalid_value", "order_id"),
        (SALE | {"order_id": "x" * 201}, "invalid_value", "order_id"),
        (SALE | {"lines": [{"amount": 1}, {"amount": 2}, {"amount": 1.5}]}, "invalid_amount", "lines[2].amount"),
        (SALE | {"lines": [{"amount": 1, "quantity": 0}]}, "invalid_value", "lines[0].quantity"),
        (SALE | {"tax": -5}, "invalid_amount", "tax"),
        (SALE | {"tax": 10001}, "parts_exceed_amount", "amount"),
        (SALE | {"currency": "usd"}, "unknown_currency", "currency"),
        (SALE | {"currency": "XXX"}, "unknown_currency", "currency"),
        (SALE | {"placed_at": "yesterday"}, "invalid_value", "placed_at"),
        (SALE | {"placed_at": "2026-01-01T00:00:00"}, "invalid_value", "placed_at"),
        (SALE | {"placed_at": "9999-12-31T23:59:59-12:00"}, "invalid_value", "placed_at"),
        (SALE | {"placed_at": "0001-01-01T00:00:00+12:00"}, "invalid_value", "placed_at"),
        (SALE | {"placed_at": "9999-01-01T00:00:00Z"}, "in_the_future", "placed_at"),
        (SALE | {"placed_at": "1812-01-01T00:00:00Z"}, "too_long_ago", "placed_at"),
        (SALE | {"click_id": "click-1"}, "invalid_value", "click_id"),
        (SALE | {"order_id": "A\0B"}, "invalid_text", "order_id"),
        (SALE | {"customer": {"external_id": "c", "name": "E\0"}}, "invalid_text", "customer.name"),
        (SALE | {"metadata": {"a": ["x", {"b": "\0"}]}}, "invalid_text", "metadata.a[1].b"),
        (SALE | {"metadata": {"k\0": 1}}, "invalid_text", "metadata"),
        (SALE | {"metadata": [1]}, "invalid_type", "metadata"),
        (SALE | {"metadata": {str(n): n for n in range(51)}}, "metadata_too_large", "metadata"),
        (SALE | {"metadata": {"a": "x" * 9000}}, "metadata_too_large", "metadata"),
        (SALE | {"metadata": {"a": [[[[[1]]]]]}}, "metadata_too_large", "metadata"),
        (SALE | {"country": "se"}, "invalid_value", "country"),
        (SALE | {"customer": {"email": "not an address"}}, "email_invalid", "customer.email"),
        ([], "invalid_type", ""),
        (None, "invalid_json", ""),
    ],
    ids=str,
)
def test_a_sale_that_does_not_fit(api: Api, merchant: Merchant, body: Any, code: str, field: str) -> None:
    answer = api.post("/sales", body)
    assert (answer.code, answer.body.get("field", "")) == (code, field), answer.body
    assert answer.status == (400 if code == "invalid_json" else 422)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body["type"] == f"/api/docs#error-{code}"
    assert answer.body["request_id"] == answer.headers["X-Request-Id"]
    assert orders(merchant) == 0


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "invalid_json"),
        (b"{", "invalid_json"),
        (b'{"order_id": "A-1",}', "invalid_json"),
        (b'{"order_id": "A-1", "amount": 1, "currency": "USD"} extra', "invalid_json"),
        (b'{"order_id": NaN}', "invalid_json"),
        (b'{"order_id": 01}', "invalid_json"),
        (b'{"order_id": "\\ud800"}', "invalid_json"),
        (b'{"order_id": "\xff"}', "invalid_json"),
        (b'\xef\xbb\xbf{"order_id": "A-1"}', "invalid_json"),
        (b"\x00", "invalid_json"),
        (b'{"metadata": ' + b'{"a":' * 20_000 + b"1" + b"}" * 20_000 + b"}", "nested_too_deeply"),
        (b'{"metadata": {"a": ' + b"[" * 20_000 + b"]" * 20_000 + b"}}", "nested_too_deeply"),
    ],
    ids=lambda value: value[:24] if isinstance(value, bytes) else value,
)
def test_a_body_that_is_not_json(api: Api, raw: bytes, code: str) -> None:
    answer = api.post("/sales", raw=raw)
    assert (answer.status, answer.code) == (400, code)


def test_a_repeated_name_counts_the_last_time(api: Api) -> None:
    answer = api.post("/sales", raw=b'{"order_id": "A-1", "currency": "USD", "amount": 1, "amount": 2}')
    assert (answer.status, answer.body["order"]["amount"]) == (201, 2)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_a_body_in_another_encoding_says_which_to_send(api: Api, encoding: str) -> None:
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    answer = api.post("/sales", raw=(mark + msgspec.json.encode(SALE).decode()).encode(encoding))
    assert (answer.status, answer.code) == (400, "invalid_json")
    assert "UTF-8" in answer.body["detail"]


def test_a_compressed_body_is_refused_by_its_name(api: Api) -> None:
    answer = api.post("/sales", raw=gzip.compress(msgspec.json.encode(SALE)), Content_Encoding="gzip")
    assert (answer.status, answer.code) == (415, "unsupported_encoding")
    assert api.post("/sales", SALE, Content_Encoding="identity").status == 201


def test_limits_are_said_in_words(api: Api) -> None:
    refund = api.post("/refunds", {"order_id": "A-1", "refund_id": "R-1", "amount": 0})
    assert refund.code == "invalid_amount"
    assert refund.body["detail"].endswith("This must be 1 or more.")
    assert "from 0" not in refund.body["detail"]
    batch = api.post("/sales/batch", {"sales": [SALE] * 1001})
    assert batch.body["detail"] == "Send at most 1,000 at once."


def test_the_page_of_a_click_is_a_page(api: Api) -> None:
    for address in ("javascript:alert(1)", "data:text/html,x", "ftp://shop.example/"):
        answer = api.post("/clicks", {"code": "anna", "landing_url": address})
        assert (answer.status, answer.body["field"]) == (422, "landing_url"), address


def test_another_media_type(api: Api) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        answer = api.post("/sales", SALE, Content_Type=kind)
        assert (answer.status, answer.code) == (415, "unsupported_media_type"), kind
    assert api.post("/sales", SALE, Content_Type="application/json; charset=utf-8").status == 201


def test_an_answer_in_another_format(api: Api) -> None:
    for accept in ("text/html", "application/xml", "application/json;q=0"):
        answer = api.get("/me", Accept=accept)
        assert (answer.status, answer.code) == (406, "not_acceptable"), accept
    for accept in ("*/*", "application/*", "text/html, application/json;q=0.5", ""):
        assert api.get("/me", Accept=accept).status == 200, accept


class Endless(io.RawIOBase):
    """A body that says nothing of its length and counts what is taken of it."""

    taken = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "read without a limit"
        self.taken += size
        return b" " * size


def call(api: Api, **environ: Any) -> tuple[int, dict[str, Any]]:
    """POST /sales with this in the WSGI environment."""
    headers = {"HTTP_AUTHORIZATION": f"Bearer {api.token}", "CONTENT_TYPE": "application/json"}
    request = {"REQUEST_METHOD": "POST", "PATH_INFO": "/api/v1/sales"} | headers | environ
    response = api.client.request(**request)
    return response.status_code, msgspec.json.decode(response.content)


def test_ten_megabytes_are_refused_before_they_are_read(api: Api) -> None:
    body = Endless()
    status, problem = call(api, CONTENT_LENGTH=str(10 * 1024**2), **{"wsgi.input": body})
    assert (status, problem["code"]) == (413, "body_too_large")
    assert body.taken == 0


def test_a_body_of_unknown_length_is_read_up_to_the_limit_and_no_further(api: Api) -> None:
    body = Endless()
    status, problem = call(api, HTTP_TRANSFER_ENCODING="chunked", **{"wsgi.input": body})
    assert (status, problem["code"]) == (413, "body_too_large")
    assert body.taken <= MAX_BODY + 1
    small = io.BytesIO(msgspec.json.encode(SALE))
    status, _ = call(api, HTTP_TRANSFER_ENCODING="chunked", **{"wsgi.input": small})
    assert status == 201


def test_a_body_that_ends_before_its_length_is_not_believed(api: Api, merchant: Merchant) -> None:
    body = msgspec.json.encode(SALE)
    status, problem = call(api, CONTENT_LENGTH=str(len(body) + 1), **{"wsgi.input": io.BytesIO(body)})
    assert (status, problem["code"]) == (400, "bad_request")
    assert orders(merchant) == 0


def test_a_length_that_is_no_number_announces_nothing(api: Api) -> None:
    for length in ("ten", "-1", "1e3", ""):
        status, problem = call(api, CONTENT_LENGTH=length, **{"wsgi.input": io.BytesIO()})
        assert (status, problem["code"]) == (400, "invalid_json"), length


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ("limit=0", "invalid_value", "limit"),
        ("limit=101", "invalid_value", "limit"),
        ("limit=ten", "invalid_type", "limit"),
        ("limit=1&limit=2", "invalid_value", "limit"),
        ("colour=red", "unknown_field", "colour"),
        ("status=happy", "invalid_value", "status"),
        ("status=approved%0A", "invalid_value", "status"),
        ("partner_id=anna", "invalid_value", "partner_id"),
        ("occurred_from=2026-01-01", "invalid_value", "occurred_from"),
        ("occurred_from=2026-01-01T00:00:00", "invalid_value", "occurred_from"),
        ("occurred_from=0001-01-01T00:00:00%2B12:00", "invalid_value", "occurred_from"),
        ("cursor=AAAA", "invalid_cursor", "cursor"),
        ("cursor=%00", "invalid_text", "cursor"),
        ("cursor=" + "f" * 32, "invalid_cursor", "cursor"),
        ("cursor=ä", "invalid_cursor", "cursor"),
        ("currency=%00", "invalid_text", "currency"),
    ],
)
def test_a_query_that_does_not_fit(api: Api, query: str, code: str, field: str) -> None:
    answer = api.get(f"/commissions?{query}")
    assert (answer.status, answer.code, answer.body["field"]) == (422, code, field), answer.body


def test_times_at_the_ends_of_time_are_only_times(api: Api) -> None:
    for moment in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-01-01T00:00:00-23:59"):
        for path, name in (
            ("/audit", "at"),
            ("/sales", "placed"),
            ("/clicks", "clicked"),
            ("/commissions", "occurred"),
        ):
            assert api.get(f"{path}?{name}_from={moment}").status == 200, (path, moment)
            assert api.get(f"{path}?{name}_before={moment}").status == 200, (path, moment)
    assert api.get("/stats/days?day_from=0001-01-01&day_to=0001-01-02").status == 200
    assert api.get("/stats/days?day_to=0001-01-01").status == 200
    assert api.get("/stats/days?day_from=9999-12-31&day_to=9999-12-31").status == 200
    assert api.get("/stats/days?day_from=2026-02-01&day_to=2026-01-01").code == "out_of_range"


def test_addresses_and_methods_that_do_not_exist(api: Api) -> None:
    for path in ("/nothing", "/sales/", "/sales/not-an-id", "/partners/%00", "/api/v2/sales", "/api/"):
        answer = api.get(path)
        assert (answer.status, answer.code) == (404, "not_found"), path
    answer = api.send("DELETE", "/sales")
    assert (answer.status, answer.code, answer.headers["Allow"]) == (405, "method_not_allowed", "GET, POST, HEAD")
    for path in ("/api/docs", "/openapi.json"):
        assert api.post(path, {}).code == "method_not_allowed"


def test_a_host_that_is_not_ours_gets_a_problem_too(api: Api) -> None:
    answer = api.get("/me", Host="evil.example")
    assert (answer.status, answer.code) == (400, "bad_request")


def test_a_request_id_is_kept_when_it_is_sane_and_replaced_when_not(api: Api) -> None:
    assert api.get("/me", X_Request_Id="job-7:3").headers["X-Request-Id"] == "job-7:3"
    for odd in ("", "a b", "x" * 65, "ä", "-x"):
        assert api.get("/me", X_Request_Id=odd).headers["X-Request-Id"].startswith("req_")


def test_one_bad_sale_of_a_batch_has_an_outcome_of_its_own(api: Api, merchant: Merchant) -> None:
    answer = api.post("/sales/batch", {"sales": [SALE, SALE | {"order_id": "A-2", "amount": 1.5}, {"order_id": 3}]})
    assert answer.status == 200
    assert (answer.body["recorded"], answer.body["refused"]) == (1, 2)
    assert [row["status"] for row in answer.body["outcomes"]] == [201, 422, 422]
    assert answer.body["outcomes"][1]["problem"]["field"] == "sales[1].amount"
    assert orders(merchant) == 1


def test_what_would_break_a_sale_breaks_only_its_row_of_a_batch(api: Api) -> None:
    nul = SALE | {"notes": "\0"}
    deep = SALE | {"metadata": {"a": [[[[[[1]]]]]]}}
    answer = api.post("/sales/batch", {"sales": [nul, deep, [], None, SALE]})
    assert [row["status"] for row in answer.body["outcomes"]] == [422, 422, 422, 422, 201]
    problems = [row["problem"] for row in answer.body["outcomes"][:2]]
    assert [(problem["code"], problem["field"]) for problem in problems] == [
        ("invalid_text", "sales[0].notes"),
        ("metadata_too_large", "sales[1].metadata"),
    ]


def test_a_batch_of_none_or_too_many(api: Api) -> None:
    for sales in ([], [SALE] * 1001):
        answer = api.post("/sales/batch", {"sales": sales})
        assert (answer.status, answer.code, answer.body["field"]) == (422, "invalid_value", "sales")
