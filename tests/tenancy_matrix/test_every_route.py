"""Every route, every kind of caller, every method: nobody gets what is another's, and no route is forgotten.

A route that is added must be classified here, or this fails.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from merchants import keys, tenancy
from merchants.models import ApiKey, Merchant
from merchants.roles import Scope
from tests.api.conftest import Api
from tests.api.world import World, build
from tests.factories import ACTOR
from tests.workbooks import text_in

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
READ, TRACK, WRITE, PAYOUTS = Scope.READ, Scope.TRACK, Scope.WRITE, Scope.PAYOUTS

#: Open to everybody; they show nothing of a tenant, or (the last two) only where a public code leads.
PUBLIC = {"home", "health", "api_reference", "api_openapi", "api_unknown", "follow", "arrive", "logo", "banner"}

#: Where pages are.
PAGES = ("/m/", "/p/", "/apply/", "/accounts/", "/mail/", "/admin/")

#: Everything else: the scope that each method needs. What is not named is 405.
NEEDS: dict[str, dict[str, Scope]] = {
    "api_me": {"GET": READ},
    "api_sales": {"GET": READ, "POST": TRACK},
    "api_sale_batch": {"POST": TRACK},
    "api_sales_csv": {"GET": READ},
    "api_sale": {"GET": READ, "DELETE": WRITE},
    "api_refunds": {"GET": READ, "POST": TRACK},
    "api_leads": {"GET": READ, "POST": TRACK},
    "api_clicks": {"GET": READ, "POST": TRACK},
    "api_customers": {"GET": READ, "POST": WRITE},
    "api_customers_csv": {"GET": READ},
    "api_customer": {"GET": READ, "PATCH": WRITE},
    "api_customer_attribution": {"POST": WRITE},
    "api_customer_provider_keys": {"POST": WRITE},
    "api_customer_provider_key": {"DELETE": WRITE},
    "api_partners": {"GET": READ, "POST": WRITE},
    "api_partners_csv": {"GET": READ},
    "api_partner": {"GET": READ, "PATCH": WRITE},
    "api_partner_approval": {"POST": WRITE},
    "api_partner_rejection": {"POST": WRITE},
    "api_partner_suspension": {"POST": WRITE},
    "api_partner_erasure": {"POST": WRITE},
    "api_programs": {"GET": READ, "POST": WRITE},
    "api_groups": {"GET": READ, "POST": WRITE},
    "api_group": {"GET": READ, "PATCH": WRITE, "DELETE": WRITE},
    "api_applications": {"GET": READ},
    "api_application": {"GET": READ},
    "api_application_erasures": {"POST": WRITE},
    "api_application_approval": {"POST": WRITE},
    "api_application_rejection": {"POST": WRITE},
    "api_terms": {"GET": READ, "POST": WRITE},
    "api_terms_version": {"GET": READ},
    "api_terms_acceptances": {"GET": READ},
    "api_questions": {"GET": READ},
    "api_assets": {"GET": READ, "POST": WRITE},
    "api_asset": {"GET": READ, "PATCH": WRITE, "DELETE": WRITE},
    "api_asset_file": {"GET": READ},
    "api_asset_archival": {"POST": WRITE},
    "api_asset_restoration": {"POST": WRITE},
    "api_announcements": {"GET": READ, "POST": WRITE},
    "api_announcement": {"GET": READ, "PATCH": WRITE, "DELETE": WRITE},
    "api_announcement_publication": {"POST": WRITE},
    "api_rewards": {"GET": READ, "POST": WRITE},
    "api_reward_endings": {"POST": WRITE},
    "api_reward_rules": {"POST": WRITE},
    "api_bonuses": {"GET": READ, "POST": WRITE},
    "api_bonus": {"GET": READ, "PATCH": WRITE, "DELETE": WRITE},
    "api_bonus_end": {"POST": WRITE},
    "api_partner_bonuses": {"GET": READ},
    "api_coupons": {"GET": READ, "POST": WRITE},
    "api_coupon": {"GET": READ, "PATCH": WRITE},
    "api_links": {"GET": READ, "POST": WRITE},
    "api_link": {"GET": READ, "PATCH": WRITE},
    "api_commissions": {"GET": READ, "POST": WRITE},
    "api_commissions_csv": {"GET": READ},
    "api_commission": {"GET": READ},
    "api_commission_rejection": {"POST": WRITE},
    "api_commission_review": {"POST": WRITE},
    "api_flags": {"GET": READ},
    "api_commission_restoration": {"POST": WRITE},
    "api_commission_adjustments": {"POST": WRITE},
    "api_balances": {"GET": READ},
    "api_payouts": {"GET": PAYOUTS, "POST": PAYOUTS},
    "api_payouts_csv": {"GET": PAYOUTS},
    "api_payout": {"GET": PAYOUTS},
    "api_payout_reversal": {"POST": PAYOUTS},
    "api_stats_days": {"GET": READ},
    "api_audit": {"GET": READ},
    "api_audit_csv": {"GET": READ},
    "api_exports": {"POST": READ},
    "api_export": {"GET": READ},
    "api_export_file": {"GET": READ},
}
#: What each scope includes (SPEC P3); written out again, so that a slip in the product's table shows.
INCLUDES = {
    READ: {READ},
    TRACK: {READ, TRACK},
    WRITE: {READ, TRACK, WRITE},
    PAYOUTS: {READ, PAYOUTS},
}


@dataclass(frozen=True)
class Route:
    """A named route and its address with the parameters still in it."""

    name: str
    address: str


def routes(resolver: URLResolver | None = None, prefix: str = "/") -> Iterator[Route]:
    for part in (resolver or get_resolver()).url_patterns:
        address = prefix + str(part.pattern)
        if isinstance(part, URLPattern):
            yield Route(str(part.name), address)
        else:
            yield from routes(part, address)


def test_every_route_is_classified_and_every_classification_has_a_route() -> None:
    # Pages are in test_every_page.py, which has a list of its own.
    names = [route.name for route in routes() if not route.address.startswith(PAGES)]
    assert len(names) == len(set(names))
    assert set(names) == PUBLIC | NEEDS.keys(), "classify new routes in PUBLIC or NEEDS; remove those that are gone"


@pytest.fixture
def mine(merchant: Merchant) -> World:
    return build(merchant, "minewood")


@pytest.fixture
def theirs(other_merchant: Merchant) -> World:
    return build(other_merchant, "canarybird")


def at(route: Route, world: World) -> str:
    address = route.address
    for name, row_id in world.ids.items():
        address = address.replace(f"<uuid:{name}_id>", str(row_id))
    assert "<" not in address
    return address


def tenant_routes() -> list[Route]:
    return [route for route in routes() if route.name in NEEDS]


def ask(api: Api, method: str, address: str) -> Any:
    return api.send(method, address, {} if method in ("POST", "PUT", "PATCH", "DELETE") else None, Accept="*/*")


def text_of(answer: Any) -> str:
    """What is to read in an answer, in lower case."""
    return text_in(answer.content).lower()


def refused_keys(merchant: Merchant) -> dict[str, str]:
    """Tokens that must not work."""
    with tenancy.tenant(merchant.id):
        _, good = keys.issue(name="good", scopes=["write", "payouts"], actor=ACTOR)
        revoked, revoked_token = keys.issue(name="revoked", scopes=["write", "payouts"], actor=ACTOR)
        keys.revoke(revoked, actor=ACTOR)
        expired, expired_token = keys.issue(name="expired", scopes=["write", "payouts"], actor=ACTOR)
        keys.rotate(expired, overlap=timedelta(0), actor=ACTOR)
        # The test is one transaction, in which no time passes.
        ApiKey.objects.filter(id=expired.id).update(expires_at=timezone.now() - timedelta(minutes=1))
    return {
        "nobody": "",
        "garbage": "sk_live_nonsense",
        "wrong secret": good[:-4] + ("aaaa" if good[-4:] != "aaaa" else "bbbb"),
        "revoked": revoked_token,
        "expired": expired_token,
    }


@pytest.mark.django_db
def test_without_a_working_key_every_route_is_closed(merchant: Merchant, mine: World) -> None:
    for who, token in refused_keys(merchant).items():
        api = Api(token)
        for route in tenant_routes():
            for method in NEEDS[route.name]:
                answer = ask(api, method, at(route, mine))
                assert answer.status == 401, (who, method, route)
                assert answer.headers["WWW-Authenticate"].startswith("Bearer")
                assert mine.word not in text_of(answer)


@pytest.mark.django_db
@pytest.mark.parametrize("scope", list(Scope))
def test_a_key_does_what_its_scope_includes_and_nothing_else(
    merchant: Merchant, mine: World, key_of: Callable[..., str], scope: Scope
) -> None:
    api = Api(key_of(merchant, scope.value))
    for route in tenant_routes():
        for method in METHODS:
            answer = ask(api, method, at(route, mine))
            needed = NEEDS[route.name].get("GET" if method == "HEAD" else method)
            if needed is None:
                assert answer.status == 405, (method, route)
                assert set(answer.headers["Allow"].split(", ")) - {"HEAD"} == NEEDS[route.name].keys()
            elif needed in INCLUDES[scope]:
                # An empty body is refused where one is needed: the scope let it through to be read.
                assert answer.status in (200, 409, 422), (method, route, answer)
            else:
                assert answer.status == 403, (method, route)
                assert method == "HEAD" or answer.code == "scope_missing"


@pytest.mark.django_db
def test_what_is_anothers_is_not_found_and_never_shown(
    merchant: Merchant, mine: World, theirs: World, api: Api, other_api: Api
) -> None:
    for route in tenant_routes():
        for method in NEEDS[route.name]:
            answer = ask(api, method, at(route, theirs))
            assert theirs.word not in text_of(answer), (method, route)
            if "<uuid:" in route.address:
                assert answer.status == 404, (method, route)
            seen = ask(other_api, method, at(route, theirs))
            assert mine.word not in text_of(seen), (method, route)


@pytest.mark.django_db
def test_the_canary_is_really_in_what_its_owner_sees(theirs: World, other_api: Api) -> None:
    silent = {"api_me", "api_stats_days", "api_programs", "api_rewards", "api_payout", "api_commission", "api_export"}
    for route in tenant_routes():
        if "GET" in NEEDS[route.name] and route.name not in silent:
            answer = ask(other_api, "GET", at(route, theirs))
            assert theirs.word in text_of(answer), route


@pytest.mark.django_db
def test_ids_of_another_in_a_body_are_not_found(theirs: World, mine: World, api: Api) -> None:
    ids: dict[str, UUID] = theirs.ids
    ladder = [{"target": 1, "amount": 1}]
    bonus = {"name": "B", "measure": "orders", "period": "month", "currency": "USD", "ladder": ladder}
    attempts: list[tuple[str, dict[str, Any], str]] = [
        ("/coupons", {"partner_id": ids["partner"], "code": "X1"}, "partner_id"),
        ("/links", {"partner_id": ids["partner"], "code": "xx1", "destination": "https://shop.example/"}, "partner_id"),
        ("/groups", {"program_id": ids["program"], "name": "G"}, "program_id"),
        ("/partners", {"name": "P", "email": "p@example.com", "group_id": ids["group"]}, "group_id"),
        ("/partners", {"name": "P", "email": "p@example.com", "program_id": ids["program"]}, "program_id"),
        ("/rewards", {"partner_id": ids["partner"], "kind": "percentage", "percent": "5"}, "partner_id"),
        ("/rewards", {"group_id": ids["group"], "kind": "percentage", "percent": "5"}, "group_id"),
        ("/rewards/rules", {"partner_id": ids["partner"], "kind": "percentage", "percent": "5"}, "partner_id"),
        ("/rewards/endings", {"program_id": ids["program"]}, "program_id"),
        *(("/bonuses", bonus | {f"{level}_id": ids[level]}, f"{level}_id") for level in ("program", "partner")),
        ("/commissions", {"partner_id": ids["partner"], "amount": 1, "currency": "USD", "reason": "x"}, "partner_id"),
    ]
    for path, body, field in attempts:
        answer = api.post(path, body)
        assert (answer.status, answer.code, answer.body["field"]) == (404, "not_found", field), (path, answer)
    payout = {"commission_ids": [ids["commission"]], "transaction_id": "T", "paid_on": "2026-01-01"}
    assert api.post("/payouts", payout | {"partner_id": ids["partner"]}).status == 404
    answer = api.post("/payouts", payout | {"partner_id": mine.ids["partner"]})
    assert (answer.status, answer.code) == (422, "commissions_not_payable")


@pytest.mark.django_db
def test_filters_by_anothers_ids_find_nothing(theirs: World, mine: World, api: Api) -> None:
    for path in ("/sales", "/commissions", "/customers", "/coupons", "/links", "/clicks", "/leads", "/balances"):
        answer = api.get(f"{path}?partner_id={theirs.ids['partner']}")
        assert (answer.status, answer.body["data"]) == (200, []), path


@pytest.mark.django_db
def test_the_public_routes_show_nothing_of_a_tenant(mine: World) -> None:
    client = Client(raise_request_exception=False)
    for path in ("/", "/healthz", "/api/docs", "/api/v1/openapi.json", "/api/nothing/here", "/r/nobody-has-this"):
        answer = client.get(path)
        assert answer.status_code in (200, 302, 404), path
        assert mine.word not in answer.content.decode(), path


@pytest.mark.django_db
def test_keys_are_never_shown(api: Api, mine: World, merchant: Merchant) -> None:
    with tenancy.tenant(merchant.id):
        hashes = list(ApiKey.objects.values_list("secret_hash", flat=True))
    for route in tenant_routes():
        if "GET" in NEEDS[route.name]:
            text = text_of(ask(api, "GET", at(route, mine)))
            assert api.token.lower() not in text
            assert not any(secret.lower() in text for secret in hashes)
