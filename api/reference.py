"""The reference page and the OpenAPI document it is made from. Both are the same for everybody and made once."""

import gzip
from functools import cache
from hashlib import blake2b

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from api import guide, markup
from api.examples import encoded
from api.openapi import document
from api.problems import HttpProblem, render


@cache
def _openapi() -> tuple[bytes, str]:
    return _tagged(encoded(document()))


@cache
def _page() -> tuple[bytes, str]:
    context = {
        "introduction": markup.prose(document()["info"]["description"]),
        "sections": guide.sections(document(), settings.BASE_URL),
        "errors": guide.errors(),
        "base_url": settings.BASE_URL,
    }
    return _tagged(render_to_string("api/reference.html", context).encode())


@cache
def _compressed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def _tagged(content: bytes) -> tuple[bytes, str]:
    return content, f'"{blake2b(content, digest_size=12).hexdigest()}"'


def openapi(request: HttpRequest) -> HttpResponse:
    """The OpenAPI 3.1 document of this installation. Public: it says nothing that the source does not."""
    return _answered(request, *_openapi(), "application/json")


def reference(request: HttpRequest) -> HttpResponse:
    """The reference, for people."""
    return _answered(request, *_page(), "text/html; charset=utf-8")


def _answered(request: HttpRequest, content: bytes, tag: str, content_type: str) -> HttpResponse:
    if request.method not in ("GET", "HEAD"):
        return render(HttpProblem(405, "method_not_allowed", "This address takes GET.", Allow="GET, HEAD"), request)
    unchanged = request.headers.get("If-None-Match") == tag
    response = HttpResponse(b"" if unchanged else content, status=304 if unchanged else 200, content_type=content_type)
    response.headers["ETag"] = tag
    response.headers["Vary"] = "Accept-Encoding"
    if "gzip" in request.headers.get("Accept-Encoding", "") and not unchanged:
        # Safe to compress: nothing of the request and nothing secret is in it.
        response.content = _compressed(content)
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Cache-Control"] = "no-cache"
    return response
