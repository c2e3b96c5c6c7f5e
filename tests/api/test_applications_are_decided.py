"""Applications over the API: listed with their answers, decided once, told by e-mail unless that is not wanted."""

import pytest
from django.core.mail import EmailMessage
from pytest_django import DjangoCaptureOnCommitCallbacks

from merchants.models import Merchant
from tests.api.conftest import Api
from tests.api.world import build

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tasks_at_once")]


def test_an_application_is_read_with_its_answers(api: Api, merchant: Merchant) -> None:
    world = build(merchant, "wood")
    (found,) = api.get("/applications?status=applied").body["data"]
    assert found["id"] == str(world.ids["application"])
    assert found["answers"][0] | {"question": ""} == {
        "question": "", "version": 1, "label": "Why wood?", "kind": "long", "answer": "Because wood",
    }  # fmt: skip
    assert found["terms_version"] == 1
    assert api.get("/applications?status=approved").body["data"] == []
    assert [each["label"] for each in api.get("/questions").body["data"]] == ["Why wood?"]


def test_it_is_approved_once_and_the_applicant_is_told(
    api: Api, merchant: Merchant, mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:  # fmt: skip
    world = build(merchant, "wood")
    address = f"/applications/{world.ids['application']}/approval"
    body = {"coupon_code": "BO10", "group_id": str(world.ids["group"]), "message": "Welcome."}
    with django_capture_on_commit_callbacks(execute=True):
        first = api.send("POST", address, body, Idempotency_Key="a-1")
        again = api.send("POST", address, body, Idempotency_Key="a-1")
    assert (first.status, first.body["status"]) == (200, "approved")
    assert again.body == first.body
    assert len(mailoutbox) == 1
    assert "Welcome." in mailoutbox[0].body
    partner = api.get(f"/partners/{first.body['partner_id']}").body
    assert partner["group_id"] == str(world.ids["group"])
    assert api.send("POST", address, {}).code == "partner_status"


def test_a_quiet_rejection_writes_to_nobody(
    api: Api, merchant: Merchant, mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:  # fmt: skip
    world = build(merchant, "wood")
    with django_capture_on_commit_callbacks(execute=True):
        answer = api.post(f"/applications/{world.ids['application']}/rejection", {"send_email": False})
    assert answer.body["status"] == "rejected"
    assert mailoutbox == []


def test_groups_are_made_changed_and_deleted(api: Api, merchant: Merchant) -> None:
    world = build(merchant, "wood")
    made = api.post(
        "/groups",
        {"program_id": str(world.ids["program"]), "name": "Small", "minimum_payout": 1250, "auto_approval": "domains",
         "auto_approve_domains": ["Agency.example"]},
    )  # fmt: skip
    assert (made.status, made.body["minimum_currency"]) == (201, "USD")
    assert made.body["auto_approve_domains"] == ["agency.example"]
    address = f"/groups/{made.body['id']}"
    changed = api.send("PATCH", address, {"minimum_payout": None, "auto_approval": ""})
    assert (changed.body["minimum_payout"], changed.body["minimum_currency"]) == (None, "")
    assert api.send("PATCH", address, {"auto_approval": "countries"}).code == "rule_incomplete"
    assert api.send("DELETE", address, None).status == 200
    assert api.get(address).status == 404
    assert api.send("DELETE", f"/groups/{world.ids['group']}", None).code == "group_has_members"
