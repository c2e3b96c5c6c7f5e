"""The reference page and the OpenAPI document it is made from."""

from django.http import HttpRequest, HttpResponse

from api.examples import encoded
from api.openapi import document


def openapi(request: HttpRequest) -> HttpResponse:
    """The OpenAPI 3.1 document of this installation. Public: it says nothing that the source does not."""
    return HttpResponse(encoded(document()), content_type="application/json")


def reference(request: HttpRequest) -> HttpResponse:
    """The reference, for people."""
    return HttpResponse("soon")
