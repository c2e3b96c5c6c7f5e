"""Control characters: refused in identifiers and names with the field's path; notes have line breaks and no others."""

from typing import Any

import pytest

from merchants import inputs, tenancy
from merchants.errors import DomainError
from merchants.models import Merchant
from tests.api.conftest import Api
from tests.factories import ACTOR
from tracking import ingest
from tracking.events import Sale

pytestmark = pytest.mark.django_db

SALE: dict[str, Any] = {"order_id": "A-1", "amount": 10000, "currency": "USD"}
LINES = [{"amount": 1, "product_key": "p"}, {"amount": 1, "category": "a\x1fb"}]
#: Of C0 a line break and an escape, DEL, of C1 a next-line, a line separator, an override of direction.
CONTROLS = ["\n", "\x1b", "\x7f", "\x85", "\u2028", "\u202e"]


@pytest.mark.parametrize("control", CONTROLS, ids=ascii)
def test_an_order_id_with_a_control_character_is_refused(api: Api, merchant: Merchant, control: str) -> None:
    answer = api.post("/sales", SALE | {"order_id": f"A{control}1"})
    assert (answer.status, answer.code, answer.body["field"]) == (422, "invalid_text", "order_id")
    with tenancy.tenant(merchant.id):
        assert not merchant.orders.exists()


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/sales", SALE | {"customer": {"external_id": "c\t1"}}, "customer.external_id"),
        ("/sales", SALE | {"customer": {"external_id": "c1", "name": "Eva\nBoss"}}, "customer.name"),
        ("/sales", SALE | {"coupon": "ANNA\r10"}, "coupon"),
        ("/sales", SALE | {"partner": "anna\x9f"}, "partner"),
        ("/sales", SALE | {"platform": "web\x08"}, "platform"),
        ("/sales", SALE | {"notes": "bell\x07"}, "notes"),
        ("/sales", SALE | {"lines": LINES}, "lines[1].category"),
        ("/refunds", {"order_id": "A\n1", "refund_id": "R-1"}, "order_id"),
        ("/refunds", {"order_id": "A-1", "refund_id": "R\x1b[2J"}, "refund_id"),
        ("/refunds", {"order_id": "A-1", "refund_id": "R-1", "reason": "\x00"}, "reason"),
        ("/leads", {"name": "sign\nup", "customer": {"external_id": "c1"}}, "name"),
        ("/leads", {"name": "signup", "coupon": "A\x80", "customer": {"external_id": "c1"}}, "coupon"),
        ("/leads", {"name": "signup", "customer": {"external_id": "c\x011"}}, "customer.external_id"),
        ("/clicks", {"code": "an\nna"}, "code"),
        ("/clicks", {"code": "anna", "landing_url": "https://shop.example/\r\nX: y"}, "landing_url"),
        ("/customers", {"external_id": "c\x1b1"}, "external_id"),
        ("/customers", {"external_id": "c1", "notes": "\x1b]0;x"}, "notes"),
        ("/partners", {"name": "An\u202ena", "email": "anna@example.com"}, "name"),
        ("/partners", {"name": "Anna", "email": "anna@example.com", "tags": ["a\nb"]}, "tags[0]"),
    ],
    ids=ascii,
)
def test_so_is_any_other_identifier_or_name(api: Api, path: str, body: dict[str, Any], field: str) -> None:
    answer = api.post(path, body)
    assert (answer.status, answer.code, answer.body["field"]) == (422, "invalid_text", field), answer.body


def test_a_batch_refuses_the_row_alone(api: Api) -> None:
    answer = api.post("/sales/batch", {"sales": [SALE | {"order_id": "A\n2"}, SALE]})
    assert [row["status"] for row in answer.body["outcomes"]] == [422, 201]
    assert answer.body["outcomes"][0]["problem"]["field"] == "sales[0].order_id"


def test_a_lone_surrogate_is_refused_at_every_door(api: Api, merchant: Merchant) -> None:
    """JSON cannot spell one here; a program that calls the ingest can."""
    assert api.post("/sales", raw=b'{"order_id": "\\udc00"}').code == "invalid_json"
    with tenancy.tenant(merchant.id):
        (outcome,) = ingest.record([Sale(order_id="A\udc80", amount=1, currency="USD")], actor=ACTOR)
    assert outcome.error is not None
    assert (outcome.error.code, outcome.error.field) == ("invalid_text", "order_id")


def test_names_of_every_script_and_notes_of_several_lines_are_taken(api: Api) -> None:
    names = ["Zoë O’Neil", "می\u200cخواهم", "👩\u200d👩\u200d👧", "Jean\u00a0Luc", "\u200fשרה", "株式会社　楽"]
    for number, name in enumerate(names):
        customer = {"external_id": f"c{number}", "name": name}
        sale = SALE | {"order_id": f"Ä-{number} #1", "customer": customer, "notes": "one\r\ntwo\n\tthree"}
        answer = api.post("/sales", sale)
        assert answer.status == 201, answer.body
        assert api.post("/customers", {"external_id": f"d{number}", "name": name}).body["name"] == name
    spelled = api.post("/refunds", {"order_id": "Ä-0 #1", "refund_id": "R", "reason": "broken,\nsent back"})
    assert spelled.status == 201


def test_what_surrounds_a_typed_line_is_cut_off_and_what_is_inside_refused() -> None:
    assert inputs.line(" Anna\r\n", "name") == "Anna"
    with pytest.raises(DomainError, match="Remove line breaks and control characters from name"):
        inputs.line("An\nna", "name")
