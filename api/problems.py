"""Every refusal of /api/* leaves here, as a problem document (RFC 9457).

`render` is the one place that knows how a domain error, a body msgspec would not read, an error of DRF or Django and
a database out of reach look to a caller. What it does not know is logged and answered as a bare 500: nothing of the
inside gets out. Stable codes and what they mean for a person are in `api.codes`.
"""

import logging
from collections.abc import Mapping
from typing import Annotated, Any, cast

import msgspec
import psycopg
from django.core.exceptions import (
    BadRequest,
    ObjectDoesNotExist,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.views import defaults
from msgspec import UNSET, Meta, UnsetType
from rest_framework.exceptions import APIException

from api import codes
from api.request_ids import request_id_of
from merchants.errors import DomainError
from merchants.tenancy import Contended

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
#: Seconds after which it is worth asking again when the database was away or the rows were contended.
RETRY_AFTER = "2"


class FieldProblem(msgspec.Struct, omit_defaults=True):
    """One of several things wrong with a request."""

    code: str
    detail: str
    field: str = ""


class Problem(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Why the request was refused (RFC 9457). Nothing was written."""

    type: Annotated[str, Meta(description="Where the code is explained.", examples=["/api/docs#error-not_found"])]
    title: Annotated[str, Meta(description="The code in words.", examples=["Not found"])]
    status: Annotated[int, Meta(description="The HTTP status again.", examples=[404])]
    code: Annotated[str, Meta(description="Stable; what a program should look at.", examples=["not_found"])]
    detail: Annotated[str, Meta(description="For people: what is wrong and what to do.")]
    field: Annotated[
        str, Meta(description="Path of the value at fault, as in `lines[2].amount`.", examples=["lines[2].amount"])
    ] = ""
    errors: Annotated[
        list[FieldProblem] | UnsetType, Meta(description="Each of them, when several things are wrong.")
    ] = UNSET
    request_id: Annotated[str, Meta(description="Quote it when you ask for help.")] = ""


class HttpProblem(DomainError):
    """A refusal by the door itself, before any verb was asked. `headers` go out with it."""

    def __init__(self, status: int, code: str, message: str, *, field: str = "", **headers: str) -> None:
        super().__init__(message, code=code, field=field, status=status)
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def render(error: Exception, request: HttpRequest) -> HttpResponse:
    """The answer to a request that ended in `error`."""
    refusal = _as_refusal(error, request)
    response = answer(refusal, request)
    for name, value in getattr(refusal, "headers", {}).items():
        response.headers[name] = value
    if refusal.status == 401:
        response.headers["WWW-Authenticate"] = f'Bearer realm="accrue", error="{refusal.code}"'
    return response


def answer(refusal: DomainError, request: HttpRequest) -> HttpResponse:
    """A refusal as a response. What the error carries beside its message becomes further members."""
    request_id = request_id_of(request)
    document = describe(refusal, request_id)
    response = HttpResponse(msgspec.json.encode(document), status=refusal.status, content_type=CONTENT_TYPE)
    response.headers["X-Request-Id"] = request_id
    # Django would log every 4xx once more; a refusal is no event of the server's, and the others are logged above.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def describe(refusal: DomainError, request_id: str = "") -> dict[str, Any]:
    """A refusal as the members of a problem document; the outcome of one row of a batch uses it too."""
    problem = Problem(
        type=f"/api/docs#error-{refusal.code}",
        title=codes.title(refusal.code),
        status=refusal.status,
        code=refusal.code,
        detail=refusal.message,
        field=refusal.field,
        request_id=request_id,
    )
    return cast(dict[str, Any], msgspec.to_builtins(problem)) | _extra_members(refusal.extra)


def _extra_members(extra: Mapping[str, Any]) -> dict[str, Any]:
    reserved = Problem.__struct_fields__
    return {
        name: msgspec.to_builtins(value) for name, value in extra.items() if name not in reserved or name == "errors"
    }


def _as_refusal(error: Exception, request: HttpRequest) -> DomainError:
    match error:
        case DomainError():
            return error
        case Http404() | ObjectDoesNotExist():
            return HttpProblem(404, "not_found", "There is nothing here. Check the address and the id.")
        case RequestDataTooBig():
            return HttpProblem(413, "body_too_large", "The body is larger than 4 MB. Send it in parts.")
        case PermissionDenied():
            return HttpProblem(403, "forbidden", "This is not allowed.")
        case BadRequest() | SuspiciousOperation():
            return HttpProblem(400, "bad_request", "The request is malformed.")
        case Contended():
            return HttpProblem(
                503, "busy", "Others are writing the same rows. Send the request again.", Retry_After=RETRY_AFTER
            )
        case OperationalError() | InterfaceError() | psycopg.OperationalError() | psycopg.InterfaceError():
            logger.exception("database unavailable, request %s", request_id_of(request))
            return HttpProblem(
                503, "unavailable", "The database cannot be reached. Send the request again.", Retry_After=RETRY_AFTER
            )
        case DataError() | psycopg.DataError():
            # A value that passed every check and that the database still cannot hold: refused, and worth a look.
            logger.warning("value refused by the database, request %s", request_id_of(request), exc_info=error)
            return HttpProblem(422, "invalid_value", "A value in this request cannot be stored.")
        case APIException():
            return HttpProblem(error.status_code, str(error.get_codes()), str(error.detail))
    logger.error("unhandled error, request %s", request_id_of(request), exc_info=error)
    return HttpProblem(500, "internal_error", "Something broke on our side. It was logged under the request id.")


def unknown_route(request: HttpRequest) -> HttpResponse:
    """Any address under /api/ that is not in the URLconf."""
    return render(Http404(), request)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's handler404: a problem under /api/, a page elsewhere."""
    return render(Http404(), request) if _is_api(request) else defaults.page_not_found(request, exception)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's handler400 (an unknown Host header, say)."""
    return render(BadRequest(), request) if _is_api(request) else defaults.bad_request(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Django's handler500; Django has logged the error already."""
    if not _is_api(request):
        return defaults.server_error(request)
    return answer(HttpProblem(500, "internal_error", "Something broke on our side. It was logged."), request)


def _is_api(request: HttpRequest) -> bool:
    return request.path_info.startswith("/api/")
