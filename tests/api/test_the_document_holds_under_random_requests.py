"""Schemathesis: requests made from the document, right and wrong ones, for two tenants. Never a 5xx, never a leak."""

import time
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from api.openapi import document
from commissions import verify as commissions_verify
from ledger import verify as ledger_verify
from merchants import tenancy
from merchants.models import Merchant
from tests.api.conftest import Api
from tests.api.world import World, build
from tests.workbooks import text_in

#: Of each mode, for each operation.
EXAMPLES = 6
#: Seconds for each mode; after that the remaining operations get one example, so that a slow machine is not slower.
BUDGET = 30
#: What the DNS and the URL would not let through is not the API's to answer.
ALLOWED = {200, 201, 400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 429}


def send(api: Api, case: Any, ids: dict[str, Any]) -> Any:
    """The case through Django's test client, with real ids in the path where there are some."""
    given = case.path_parameters or {}
    case.path_parameters = {name: str(ids.get(name.removesuffix("_id"), value)) for name, value in given.items()}
    request = requests.Request(**case.as_transport_kwargs(base_url="http://localhost")).prepare()
    url = urlsplit(str(request.url))
    headers = {name: value for name, value in request.headers.items() if name.lower() != "content-length"}
    body = request.body.encode() if isinstance(request.body, str) else request.body or b""
    content_type = headers.pop("Content-Type", "application/json")
    return api.client.generic(
        str(request.method),
        f"{url.path}?{url.query}",
        body,
        content_type=content_type,
        headers=headers | {"Authorization": f"Bearer {api.token}", "Accept": "*/*"},
    )


def content_of(response: Any) -> str:
    content = b"".join(response.streaming_content) if response.streaming else response.content
    return text_in(bytes(content))


@pytest.mark.django_db
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["right", "wrong"])
def test_no_request_breaks_the_server_or_shows_what_is_anothers(
    mode: GenerationMode,
    merchant: Merchant,
    other_merchant: Merchant,
    api: Api,
    other_api: Api,
    settings: Any,
) -> None:
    settings.API_RATE_LIMIT = 10**6
    worlds = {merchant: build(merchant, "minewood"), other_merchant: build(other_merchant, "canarybird")}
    tenants = [(api, worlds[merchant], worlds[other_merchant]), (other_api, worlds[other_merchant], worlds[merchant])]
    schema = schemathesis.openapi.from_dict(document())
    started = time.monotonic()
    for result in schema.get_all_operations():
        examples = EXAMPLES if time.monotonic() - started < BUDGET else 1
        _try(result.ok(), mode, tenants, examples)
    for one in worlds:
        with tenancy.tenant(one.id):
            assert [*ledger_verify.problems(), *commissions_verify.problems()] == []


def _try(operation: Any, mode: GenerationMode, tenants: list[tuple[Api, World, World]], examples: int) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), tenant=st.sampled_from(tenants), foreign=st.booleans())
    def holds(case: Any, tenant: tuple[Api, World, World], foreign: bool) -> None:
        api, own, other = tenant
        response = send(api, case, other.ids if foreign else own.ids)
        content = content_of(response)
        assert response.status_code in ALLOWED, (case.method, case.formatted_path, case.body, content)
        # What was sent may be told back (an e-mail in a message); the other's word was never sent.
        assert other.word not in content.lower(), (case.method, case.formatted_path, content)

    holds()
