"""Which merchants a person works for, and the way to each."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from merchants.models import User
from merchants.staff import memberships_of


@login_required
def merchants(request: HttpRequest) -> HttpResponse:
    """The list; straight on when there is only one and nobody asked to switch. An operator has pages elsewhere."""
    assert isinstance(request.user, User)
    found = memberships_of(request.user)
    if len(found) == 1 and "switch" not in request.GET:
        return HttpResponseRedirect(reverse("backoffice:overview", args=[found[0].merchant.slug]))
    if not found and request.user.is_staff:
        return HttpResponseRedirect(reverse("admin:index"))
    return render(request, "backoffice/merchants.html", {"memberships": found})
