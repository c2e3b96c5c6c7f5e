"""How a view of any door answers, inside its tenant: a page or a part of it, a sentence on the next page, an error."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from django.contrib import messages
from django.db import IntegrityError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django_htmx.middleware import HtmxDetails
from psycopg import errors as postgres

from merchants import tenancy
from merchants.errors import NotFound
from pages.forms import PageForm
from tracking import idempotency

_LOST_RACE = (postgres.UniqueViolation, postgres.SerializationFailure, postgres.DeadlockDetected)


class PageRequest(HttpRequest):
    """Django's request with what django-htmx says of it. A type only, never instantiated."""

    htmx: HtmxDetails


@contextmanager
def view_errors() -> Iterator[None]:
    """Around a view: what is not found is a 404, and a transaction that lost a race is run again (`tenancy.run`)."""
    try:
        yield
    except NotFound as error:
        raise Http404 from error
    except (IntegrityError, OperationalError) as error:
        if isinstance(error.__cause__, _LOST_RACE):
            raise tenancy.Contended from error
        raise
    except _LOST_RACE as error:
        # From a statement past Django: a form's answer that a twin has kept already, for one.
        raise tenancy.Contended from error


def page(request: PageRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """Render a page now, inside the tenant; for htmx only the partial that its target names (`x.html#list`)."""
    target = request.htmx.target if request.htmx and not request.htmx.history_restore_request else None
    if target and target in context.get("partials", ()):
        answer = render(request, f"{template}#{target}", context, status=status)
        if messages.get_messages(request):
            answer.content += render_to_string("components/toasts.html", {"oob": True}, request).encode()
        return answer
    return render(request, template, context, status=status)


def posted(request: HttpRequest) -> QueryDict | None:
    """What a form was sent, if it was; a form that was sent empty was sent all the same."""
    return request.POST if request.method == "POST" else None


def sent(request: HttpRequest, form: PageForm) -> bool:
    """Whether this is a filled-in form that can be acted upon."""
    return request.method == "POST" and form.is_valid()


def form_status(form: PageForm) -> int:
    """422 for a form that was sent and refused, so that htmx and the browser's history tell it from success."""
    return 422 if form.is_bound and form.errors else 200


def done(request: PageRequest, message: str, address: str) -> HttpResponseBase:
    """Say what was done, on the page that comes next."""
    messages.success(request, message)
    return led_to(request, address)


def led_to(request: HttpRequest, address: str) -> HttpResponseBase:
    """A redirect that htmx follows with the whole page."""
    if cast(PageRequest, request).htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return HttpResponseRedirect(address)


def once(request: HttpRequest, form: PageForm, make: Callable[[], str]) -> str:
    """`make()` something and return the address of it; the same form sent again returns the same address.

    The address is kept in the transaction that makes the thing, under the form's own number (`OnceField`).
    """
    key = f"form:{form.cleaned_data['once']}"
    tried = idempotency.attempt(key, method="POST", path=request.path, body=b"")
    kept = idempotency.replay(tried)
    if kept is not None:
        return kept.body.decode()
    address = make()
    idempotency.keep(tried, idempotency.Answer(303, address.encode()))
    return address
