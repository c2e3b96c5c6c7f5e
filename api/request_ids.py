"""Each request has an id: the caller's, when it is sane, else ours. It is answered, logged and audited."""

import re
import uuid

from django.http import HttpRequest

_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}", re.ASCII)


def request_id_of(request: HttpRequest) -> str:
    """The request's id, the same at every call; made at the first."""
    known: str | None = getattr(request, "accrue_request_id", None)
    if known is None:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        known = given if _SANE.fullmatch(given) else f"req_{uuid.uuid4().hex}"
        request.accrue_request_id = known  # type: ignore[attr-defined]
    return known
