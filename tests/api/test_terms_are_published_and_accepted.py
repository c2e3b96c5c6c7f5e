"""Terms over the API: read by version, followed by the next one, told of once; and who has accepted them."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core.mail import EmailMessage
from pytest_django import DjangoCaptureOnCommitCallbacks

from affiliates.models import Partner, Program
from affiliates.partners import suspend
from affiliates.program_terms import accept_newest
from merchants import tenancy
from merchants.models import Merchant
from outreach.news import unsubscribe
from tests.api.conftest import Api
from tests.factories import ACTOR, PartnerFactory, ProgramFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def program(merchant: Merchant, partner: Partner) -> Program:
    """Anna's."""
    return partner.program


def publish(api: Api, program: Program, text: str, **more: object) -> dict[str, object]:
    answer = api.post("/terms", {"program_id": str(program.id), "text": text, **more})
    assert answer.status == 201, answer
    body: dict[str, object] = answer.body["terms"]
    return body


def test_the_newest_version_is_in_force_and_those_before_can_be_read(api: Api, program: Program) -> None:
    first = publish(api, program, "Be kind.")
    second = publish(api, program, "Be kind, always.", accept_by="2099-03-31", after_deadline="suspend")
    assert (first["number"], second["number"], second["accept_by"]) == (1, 2, "2099-03-31")
    assert [row["number"] for row in api.get(f"/terms?program_id={program.id}").body["data"]] == [2, 1]
    for in_force, number in (("true", 2), ("false", 1)):
        (row,) = api.get(f"/terms?in_force={in_force}").body["data"]
        assert (row["number"], row["is_in_force"]) == (number, in_force == "true")
    old = api.get(f"/terms/{first['id']}").body
    assert (old["text"], old["is_in_force"], old["after_deadline"]) == ("Be kind.", False, "review")


def test_each_program_has_its_own(api: Api, merchant: Merchant, program: Program) -> None:
    with tenancy.tenant(merchant.id):
        other = ProgramFactory()
    publish(api, program, "Ours.")
    publish(api, other, "Theirs.")
    assert [row["text"] for row in api.get("/terms?in_force=true").body["data"]] == ["Theirs.", "Ours."]
    assert [row["text"] for row in api.get(f"/terms?program_id={other.id}").body["data"]] == ["Theirs."]


def test_what_is_in_force_already_is_that_version_and_tells_nobody(api: Api, program: Program) -> None:
    made = publish(api, program, "Be kind.")
    again = api.post("/terms", {"program_id": str(program.id), "text": "Be kind.", "send_email": True})
    assert (again.status, again.body["terms"]["id"], again.body["emails"]) == (200, made["id"], 0)
    assert api.get("/announcements").body["data"] == []


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"text": " \n "}, "required", "text"),
        ({"accept_by": "2020-01-01"}, "accept_by_past", "accept_by"),
        ({"accept_by": "tomorrow"}, "invalid_value", "accept_by"),
        ({"after_deadline": "shoot"}, "invalid_value", "after_deadline"),
        ({"program_id": "01970c2e-5a10-7c34-9a52-3f6d0b7e1a0f"}, "not_found", "program_id"),
        ({"number": 7}, "unknown_field", "number"),
    ],
)
def test_what_is_wrong_is_said(api: Api, program: Program, body: dict[str, str], code: str, field: str) -> None:
    answer = api.post("/terms", {"program_id": str(program.id), "text": "Be kind."} | body)
    assert (answer.code, answer.body["errors"][0]["field"] if "errors" in answer.body else answer.body["field"]) == (
        code, field,
    )  # fmt: skip
    assert api.get("/terms").body["data"] == []


def test_the_last_day_is_one_where_the_merchant_is(api: Api, merchant: Merchant, program: Program) -> None:
    """Half past midnight of the second in Auckland is noon of the first here."""
    with tenancy.tenant(merchant.id):
        Merchant.objects.filter(id=merchant.id).update(time_zone="Pacific/Auckland")
    with time_machine.travel(datetime(2026, 6, 1, 12, 30, tzinfo=UTC), tick=False):
        body = {"program_id": str(program.id), "text": "Be kind."}
        assert api.post("/terms", body | {"accept_by": "2026-06-01"}).code == "accept_by_past"
        assert api.post("/terms", body | {"accept_by": "2026-06-02"}).status == 201


def test_the_programs_partners_are_told_once_and_nobody_else(
    api: Api,
    merchant: Merchant,
    program: Program,
    mailoutbox: list[EmailMessage],
    tasks_at_once: None,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with tenancy.tenant(merchant.id):
        quiet, away, elsewhere = PartnerFactory(), PartnerFactory(), PartnerFactory(program=ProgramFactory())
        unsubscribe(quiet, actor=ACTOR)
        suspend(away, actor=ACTOR)
    with django_capture_on_commit_callbacks(execute=True):
        body = {"program_id": str(program.id), "text": "Be kind.", "accept_by": "2099-03-31", "send_email": True}
        answer = api.post("/terms", body)
    assert (answer.status, answer.body["emails"]) == (201, 1)
    assert [letter.to for letter in mailoutbox] == [["anna@example.com"]]
    assert "accept it by March 31, 2099" in mailoutbox[0].body
    (told,) = api.get("/announcements").body["data"]
    assert (told["program_id"], told["published_at"] is not None) == (str(program.id), True)
    with tenancy.tenant(merchant.id):
        announcements = merchant.announcements.all()
        assert [announcements.seen_by(each).count() for each in (quiet, away, elsewhere)] == [1, 1, 0]


def test_who_has_accepted_is_a_list(api: Api, merchant: Merchant, program: Program, partner: Partner) -> None:
    first = publish(api, program, "Be kind.")
    with tenancy.tenant(merchant.id):
        others = PartnerFactory.create_batch(3)
        for each in (partner, *others):
            accept_newest(each, number=1, actor=ACTOR)
    second = publish(api, program, "Be kind, always.")
    with tenancy.tenant(merchant.id):
        accept_newest(partner, number=2, actor=ACTOR)
    at = f"/terms/{first['id']}/acceptances"
    walked, cursor = [], ""
    while True:
        found = api.get(f"{at}?limit=3{cursor}").body
        walked += [row["partner"]["id"] for row in found["data"]]
        if not found["has_more"]:
            break
        cursor = f"&cursor={found['next_cursor']}"
    assert walked == [str(each.id) for each in reversed([partner, *others])]
    (his,) = api.get(f"{at}?partner_id={others[0].id}").body["data"]
    assert his["terms_id"] == first["id"]
    (newest,) = api.get(f"/terms/{second['id']}/acceptances").body["data"]
    assert newest["partner"] == {"id": str(partner.id), "name": "Anna"}
    assert datetime.fromisoformat(newest["accepted_at"]) > datetime.now(UTC) - timedelta(minutes=1)


def test_another_account_knows_nothing_of_them(api: Api, other_api: Api, program: Program) -> None:
    made = publish(api, program, "Be kind.")
    assert other_api.get("/terms").body["data"] == []
    for path in (f"/terms/{made['id']}", f"/terms/{made['id']}/acceptances"):
        assert other_api.get(path).status == 404
    assert other_api.post("/terms", {"program_id": str(program.id), "text": "Ours."}).code == "not_found"


def test_a_list_of_acceptances_costs_the_same_however_long_it_is(
    api: Api, merchant: Merchant, program: Program, django_assert_max_num_queries: object
) -> None:
    made = publish(api, program, "Be kind.")
    with tenancy.tenant(merchant.id):
        for each in PartnerFactory.create_batch(5):
            accept_newest(each, number=1, actor=ACTOR)
    with django_assert_max_num_queries(8):  # type: ignore[operator]
        assert len(api.get(f"/terms/{made['id']}/acceptances").body["data"]) == 5


def test_a_day_reads_as_a_day(api: Api, program: Program) -> None:
    made = publish(api, program, "Be kind.", accept_by=str(date(2099, 1, 31)))
    assert api.get(f"/terms/{made['id']}").body["accept_by"] == "2099-01-31"
