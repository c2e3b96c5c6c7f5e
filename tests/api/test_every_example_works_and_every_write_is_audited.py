"""The reference's own examples, sent as they stand: each works, fits its schema, and leaves a row in the audit log."""

from typing import Any

import jsonschema
import msgspec
import pytest
from django.utils import timezone
from jsonschema import Draft202012Validator

from api.examples import IDS
from api.openapi import document
from commissions.flags import Doubt, raise_doubts
from merchants import tenancy
from merchants.models import Merchant
from tests.api.conftest import Answer, Api
from tests.api.world import World, build
from tests.factories import ACTOR

pytestmark = pytest.mark.django_db

NOBODY = {"partner_id": None, "reason": "To have somebody to give them to"}
#: Operations that need more than one of everything to work; what to do first.
BEFORE: dict[str, list[tuple[str, str, dict[str, Any]]]] = {
    "record_refund": [("POST", "/sales", {"order_id": "A-1001", "amount": 10000, "currency": "USD"})],
    "approve_partner": [("POST", "/partners/{partner}/suspension", {})],
    "reject_partner": [],
    "give_customer_to_another_partner": [("POST", "/customers/{customer}/attribution", NOBODY)],
    "restore_commission": [("POST", "/commissions/{commission}/rejection", {"reason": "A mistake"})],
    "delete_asset": [("POST", "/assets/{asset}/archival", {})],
    "restore_asset": [("POST", "/assets/{asset}/archival", {})],
    "record_click": [
        (
            "POST",
            "/links",
            {"partner_id": IDS["partner"], "code": "anna", "destination": "https://shop.example/"},
        )
    ],
}
OPERATIONS = [
    (path, method, operation)
    for path, operations in document()["paths"].items()
    for method, operation in operations.items()
]
WRITES = [(path, method, operation) for path, method, operation in OPERATIONS if method != "get"]


def fitted(value: Any, world: World) -> Any:
    """The example with this world's ids and domain in place of the reference's."""
    text = msgspec.json.encode(value).decode()
    for name, stand_in in IDS.items():
        text = text.replace(stand_in, str(world.ids.get(name, stand_in)))
    return msgspec.json.decode(text.replace("nordictea.example", "shop.example").encode())


def address(path: str, world: World) -> str:
    for name, row_id in world.ids.items():
        path = path.replace(f"{{{name}_id}}", str(row_id))
    return path


def example_of(operation: Any) -> Any:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return content.get("examples", {}).get("example", {}).get("value", {})


def prepare(api: Api, merchant: Merchant, operation_id: str, world: World) -> World:
    if operation_id == "reject_partner":
        made = api.post("/partners", {"name": "App", "email": "app@example.com", "status": "applied"})
        return World(world.word, world.ids | {"partner": made.body["id"]})
    if operation_id == "decide_about_flagged_commission":
        with tenancy.tenant(merchant.id):
            raise_doubts([Doubt(world.ids["commission"], "amount", 1, "Large.", {})], actor=ACTOR)
    if operation_id == "erase_unconfirmed_applications":
        with tenancy.tenant(merchant.id):
            merchant.applications.create(
                program=merchant.programs.get(is_default=True), name="Anna", email="anna@example.com",
                created_at=timezone.now(),
            )  # fmt: skip
    if operation_id == "erase_partner":
        made = api.post("/partners", {"name": "Gone", "email": "gone@example.com"})
        return World(world.word, world.ids | {"partner": made.body["id"]})
    if operation_id in ("update_announcement", "delete_announcement", "publish_announcement"):
        made = api.post("/announcements", {"title": "A draft", "body": "Nobody sees it yet."})
        return World(world.word, world.ids | {"announcement": made.body["id"]})
    if operation_id == "delete_group":
        made = api.post("/groups", {"program_id": str(world.ids["program"]), "name": "Nobody is in it"})
        return World(world.word, world.ids | {"group": made.body["id"]})
    if operation_id == "delete_bonus":
        planned = {"name": "P", "measure": "leads", "period": "month", "currency": "USD", "starts_on": "2999-01-01"}
        made = api.post(
            "/bonuses", planned | {"partner_id": str(world.ids["partner"]), "ladder": [{"target": 1, "amount": 1}]}
        )
        return World(world.word, world.ids | {"bonus": made.body["id"]})
    for method, path, body in BEFORE.get(operation_id, []):
        done = api.send(method, path.format(**{n: str(i) for n, i in world.ids.items()}), fitted(body, world))
        assert done.status in (200, 201), done
    return world


def fits(answer: Answer, operation: Any) -> None:
    """The answer is what the document says of this status."""
    described = operation["responses"][str(answer.status)]["content"]
    kind = answer.headers["Content-Type"].partition(";")[0]
    if kind == "application/json":
        schema = described[kind]["schema"] | {"components": document()["components"]}
        Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(answer.body)


@pytest.mark.parametrize(("path", "method", "operation"), WRITES, ids=[op["operationId"] for _, _, op in WRITES])
def test_a_write_works_as_its_example_says_and_is_audited(
    api: Api, merchant: Merchant, path: str, method: str, operation: Any
) -> None:
    world = prepare(api, merchant, operation["operationId"], build(merchant, "wood"))
    with tenancy.tenant(merchant.id):
        known = set(merchant.audit_entries.values_list("id", flat=True))
    answer = api.send(
        method.upper(), address(path, world), fitted(example_of(operation), world), X_Request_Id="audited-1"
    )
    assert answer.status in (200, 201), answer
    fits(answer, operation)
    with tenancy.tenant(merchant.id):
        left = list(merchant.audit_entries.exclude(id__in=known))
    assert left, "a write through any door leaves a row (SPEC P4)"
    assert all(entry.actor_kind == "key" and entry.request_id == "audited-1" for entry in left)


@pytest.mark.parametrize("with_data", [True, False], ids=["full", "empty"])
def test_every_read_answers_what_its_schema_says(api: Api, merchant: Merchant, with_data: bool) -> None:
    world = build(merchant, "wood") if with_data else World("", dict.fromkeys(IDS, merchant.id))
    for path, method, operation in OPERATIONS:
        if method == "get":
            answer = api.get(address(path, world), Accept="*/*")
            assert answer.status == 200 or not with_data, (path, answer)
            fits(answer, operation)


def test_the_examples_of_answers_fit_their_schemas() -> None:
    for _, _, operation in OPERATIONS:
        for status, answer in operation["responses"].items():
            for kind, content in answer["content"].items():
                schema = content["schema"] | {"components": document()["components"]}
                for example in content.get("examples", {}).values():
                    if "$ref" in example:
                        example = document()["components"]["examples"][example["$ref"].rpartition("/")[2]]
                    try:
                        Draft202012Validator(schema).validate(example["value"])
                    except jsonschema.ValidationError as error:
                        pytest.fail(f"{operation['operationId']} {status} {kind}: {error.message} at {error.json_path}")


def test_the_reference_uses_the_problems_that_are_answered(api: Api) -> None:
    for path, body in (("/partners", {}), ("/partners", {"name": "x", "email": "nope"})):
        fits(api.post(path, body), document()["paths"]["/api/v1/partners"]["post"])
