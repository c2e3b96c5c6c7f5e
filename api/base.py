"""The one door of the API: everything a request passes on its way to a view, and back.

A view says which scope each method needs, parses, calls one domain verb and answers. Around it, in this order: method,
Accept, key (its looks, and whether its address failed too often), rate limit, body; then one tenant transaction with
the check of the key, the scope, the replay of an idempotent write, the handler, its rendering and the keeping of the
answer. A refusal rolls all of it back; a transaction that lost a race is run again from the start.

`dispatch` replaces DRF's because a tracked sale pays for every step: no content negotiation, parsers or renderers, a
response is bytes from msgspec. The rest of APIView (routing by method, csrf, the schema generator's hooks) is DRF's.
"""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, cast
from uuid import UUID

import msgspec
from django.db import IntegrityError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.functional import SimpleLazyObject
from psycopg import errors as postgres
from rest_framework.views import APIView

from api import attempts, bodies, limits, problems
from api.accepts import require_acceptable
from api.problems import HttpProblem
from api.request_ids import request_id_of
from merchants import keys
from merchants.audit import Actor
from merchants.models import Merchant
from merchants.roles import Scope, scopes_include
from merchants.tenancy import Contended, Question, until_uncontended
from tracking import idempotency

_encode = msgspec.json.Encoder().encode

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
#: What the database raises when another transaction got there first, and running again is the cure.
_LOST_RACE = (postgres.UniqueViolation, postgres.SerializationFailure, postgres.DeadlockDetected)


class TenantRequest(HttpRequest):
    """What a view gets: Django's request with who asks. A type only, never instantiated."""

    merchant: Merchant
    """Where reads start: `request.merchant.partners…`. Its own columns are loaded when first looked at."""
    actor: Actor
    key_id: UUID
    scopes: list[str]
    content: bytes
    """The body of a write."""
    answer: bytes | None
    """To the view's `first_question`."""


class TenantView(APIView):
    """A resource of one merchant, reached with an API key."""

    scope: ClassVar[dict[str, Scope]]
    """Method to the scope it needs; a method without one does not exist."""
    replays_as: ClassVar[dict[int, int]] = {}
    """Statuses that a replay answers differently: `{201: 200}` where the second answer is not a creation."""
    produces: ClassVar[Sequence[str]] = ("application/json",)
    presented: keys.Presented | None = None
    """The key of the request, once there is one that looks like a key."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer the request; whatever goes wrong becomes a problem document here and nowhere else."""
        try:
            response = self._admit(cast(TenantRequest, request), kwargs)
        except keys.KeyRefused as error:
            response = problems.render(attempts.failed(error, self.presented, request.META), request)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets a problem document
            response = problems.render(error, request)
        response.headers["X-Request-Id"] = request_id_of(request)
        return response

    def _admit(self, request: TenantRequest, kwargs: dict[str, Any]) -> HttpResponseBase:
        """All that is decided before a transaction is opened."""
        handler = self._handler(request)
        require_acceptable(request.META.get("HTTP_ACCEPT", ""), self.produces)
        token = bearer_token(request)
        self.presented = presented = keys.parse(token)
        attempts.introduce(presented, request.META)
        allowance = limits.count(token)
        request.content = self.read(request) if request.method in WRITES else b""
        bodies.refuse_nul(kwargs)
        response = until_uncontended(lambda: self._attempt(request, handler, presented, kwargs))
        if allowance is not None:
            for name, value in allowance.headers().items():
                response.headers[name] = value
        return response

    def first_question(self, request: TenantRequest, merchant_id: UUID) -> Question | None:
        """What the view knows already that it will ask: it then goes along with the question about the key.

        Asked before the key was checked, so it reads and nothing else, and what is wrong with the body is not said yet.
        """
        return None

    def read(self, request: TenantRequest) -> bytes:
        """The body of a write."""
        return bodies.read(request)

    def fingerprint(self, request: TenantRequest) -> bytes:
        """What of a write has to be the same for a replay, besides method and address."""
        return request.content

    def _handler(self, request: HttpRequest) -> Callable[..., HttpResponseBase]:
        method = "GET" if request.method == "HEAD" else (request.method or "")
        if method not in self.scope:
            raise HttpProblem(
                405,
                "method_not_allowed",
                f"This address takes {', '.join(self.scope)}.",
                Allow=", ".join([*self.scope, "HEAD"] if "GET" in self.scope else self.scope),
            )
        return cast(Callable[..., HttpResponseBase], getattr(self, method.lower()))

    def _attempt(
        self,
        request: TenantRequest,
        handler: Callable[..., HttpResponseBase],
        presented: keys.Presented,
        kwargs: dict[str, Any],
    ) -> HttpResponseBase:
        """One attempt at the request, in the tenant's transaction."""
        try:
            along = self.first_question(request, keys.merchant_of(presented))
            with keys.entered(presented, along) as (key, request.answer):
                self._authorize(request, key)
                return self._once(request, lambda: handler(request, **kwargs))
        except (IntegrityError, OperationalError) as error:
            if isinstance(error.__cause__, _LOST_RACE):
                raise Contended from error
            raise
        except _LOST_RACE as error:
            raise Contended from error

    def _authorize(self, request: TenantRequest, key: keys.Authenticated) -> None:
        needed = self.scope["GET" if request.method == "HEAD" else str(request.method)]
        if not scopes_include(key.scopes, needed):
            raise HttpProblem(403, "scope_missing", f"This needs a key with the scope `{needed.value}`.")
        request.key_id, request.scopes = key.key_id, key.scopes
        request.actor = Actor(kind="key", name=key.name, id=key.key_id, request_id=request_id_of(request))
        # Most requests need nothing of the merchant, others only its id; the rest is fetched when asked for.
        request.merchant = cast(
            Merchant, SimpleLazyObject(lambda: Merchant.from_db("default", ["id"], [key.merchant_id]))
        )

    def _once(self, request: TenantRequest, handle: Callable[[], HttpResponseBase]) -> HttpResponseBase:
        """Replay an idempotent write that was answered before, or handle it and keep the answer."""
        key = request.META.get("HTTP_IDEMPOTENCY_KEY")
        if key is None or request.method not in WRITES:
            return handle()
        sent = self.fingerprint(request)
        tried = idempotency.attempt(key, method=str(request.method), path=request.get_full_path(), body=sent)
        kept = idempotency.replay(tried)
        if kept is not None:
            replayed = _json(kept.body, self.replays_as.get(kept.status, kept.status))
            replayed.headers["Idempotency-Replayed"] = "true"
            return replayed
        response = cast(HttpResponse, handle())
        idempotency.keep(tried, idempotency.Answer(response.status_code, response.content))
        return response


def bearer_token(request: HttpRequest) -> str:
    """The token of the Authorization header; 401 when there is none."""
    kind, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise keys.KeyRefused("No API key. Send one as `Authorization: Bearer sk_live_…`.", code="missing_api_key")
    return str(token).strip()


def answered(body: Any, status: int = 200) -> HttpResponse:
    """A value (a Struct, as a rule) as a JSON response, encoded now: nothing renders after the tenant is left."""
    return _json(_encode(body), status)


def created(body: Any, location: str) -> HttpResponse:
    """201 with the address of what was made."""
    response = answered(body, 201)
    response.headers["Location"] = location
    return response


def _json(body: bytes, status: int) -> HttpResponse:
    return HttpResponse(body, status=status, content_type="application/json")
