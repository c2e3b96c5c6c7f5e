"""One decision for many partners, ticked or all that match."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponseBase
from django.urls import reverse

from affiliates import partners as verbs
from affiliates.models import Partner
from backoffice.asked import Asked
from backoffice.door import StaffRequest, done, page, staff_page
from backoffice.partners.list import matching
from merchants.audit import Actor
from merchants.errors import DomainError
from merchants.roles import Permission
from pages.listing import chosen

#: More than this at once is decided in several goes: each partner is its own decision in the audit log.
_MOST = 2_000

Verb = Callable[..., Partner]
_ACTIONS: dict[str, tuple[Verb, str, str]] = {
    "approve": (verbs.approve, "Approve", "approved"),
    "reject": (verbs.reject, "Reject", "rejected"),
    "suspend": (verbs.suspend, "Suspend", "suspended"),
}


@staff_page(Permission.EDIT_PARTNERS)
def partners_bulk(request: StaffRequest) -> HttpResponseBase:
    """Ask, then decide. Those whose status does not allow it are left as they are and counted."""
    back = reverse("backoffice:partners", args=[request.merchant.slug])
    action = request.POST.get("action", "")
    if request.method != "POST" or action not in _ACTIONS:
        return done(request, "Nothing was changed: choose partners in the list first.", back)
    verb, title, word = _ACTIONS[action]
    confirmed = request.POST.get("confirmed") == "1"
    # Once it was asked about, it is about those who stood there, not about who matches by now.
    everything = request.POST.get("all") == "1" and not confirmed
    rows = matching(Asked(request)).order_by("id")
    found = list((rows if everything else chosen(rows, request.POST.getlist("id")))[: _MOST + 1])
    if not found or len(found) > _MOST:
        problem = f"Choose fewer: at most {_MOST:,} at once." if found else "Choose at least one partner."
        messages.error(request, problem)
        return done(request, "Nothing was changed.", back)
    if not confirmed:
        context = {"action": action, "title": title, "word": word, "chosen": found}
        return page(request, "backoffice/partners/bulk.html", context)
    changed = _decide(verb, found, request.actor)
    left = len(found) - changed
    note = f" {left:,} had another status and stayed as they were." if left else ""
    return done(request, f"{changed:,} partner{'' if changed == 1 else 's'} {word}.{note}", back)


def _decide(verb: Verb, partners: list[Partner], actor: Actor) -> int:
    changed = 0
    for partner in partners:
        try:
            verb(partner, actor=actor)
        except DomainError:
            # Somebody else decided meanwhile, or its status never allowed this: it is counted as left.
            continue
        changed += 1
    return changed
