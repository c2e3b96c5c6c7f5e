"""What the merchant tells its partners, and whether they want it by e-mail too (SPEC Q3, A19)."""

from uuid import UUID

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from outreach.news import is_unsubscribe_token, mark_read, subscribe, unsubscribe
from partner_portal.door import PartnerRequest, done, gate_page, led_to, page, partner_page

#: The newest; who looks for older ones has been away for years.
_MOST = 100


@partner_page
def news(request: PartnerRequest) -> HttpResponseBase:
    """All announcements, newest first, with those that were not opened yet marked."""
    partner = request.partner
    rows = list(partner.merchant.announcements.published().seen_by(partner)[:_MOST])
    unread = set(partner.merchant.announcements.unread_by(partner).values_list("id", flat=True))
    return page(request, "partner_portal/news.html", {"rows": [(row, row.id in unread) for row in rows]})


@partner_page
def news_detail(request: PartnerRequest, announcement: UUID) -> HttpResponseBase:
    """One of them; from now on it is read."""
    partner = request.partner
    found = get_object_or_404(partner.merchant.announcements.published().seen_by(partner), id=announcement)
    mark_read(found, partner)
    return page(request, "partner_portal/news_item.html", {"announcement": found})


@partner_page
def settings_news(request: PartnerRequest) -> HttpResponseBase:
    """Announcements by e-mail, or not. The form stands on the page of settings."""
    address = reverse("portal:settings", args=[request.partner.portal_code]) + "#news"
    if request.method != "POST":
        return led_to(request, address)
    if request.POST.get("on") == "1":
        subscribe(request.partner, actor=request.actor)
        return done(request, "You get announcements by e-mail.", address)
    unsubscribe(request.partner, actor=request.actor)
    return done(request, "You get no more announcements by e-mail.", address)


# A mail program that unsubscribes for its user has no cookie of ours (RFC 8058); the token is all it takes.
@csrf_exempt
@gate_page
def unsubscribe_page(request: PartnerRequest, token: str) -> HttpResponseBase:
    """The page behind the link in the e-mail. Looking at it changes nothing: programs look at links too."""
    if not is_unsubscribe_token(request.partner, token):
        return page(request, "partner_portal/unsubscribe.html", {"is_broken": True}, status=404)
    is_done = request.method == "POST"
    if is_done:
        unsubscribe(request.partner, actor=request.actor)
    return page(request, "partner_portal/unsubscribe.html", {"is_done": is_done})
