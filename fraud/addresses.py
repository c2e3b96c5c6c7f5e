"""Where partners were seen, as hashes: enough to notice that two are one, or that one buys from oneself."""

from datetime import timedelta

from django.db import connection
from django.utils import timezone

from affiliates.models import Partner
from fraud.models import Address
from merchants import tenancy
from merchants.ids import new_id

#: Longer ago says nothing: addresses are given to others.
KEPT = timedelta(days=180)

_SEEN = """
INSERT INTO fraud_address (merchant_id, id, partner_id, ip_hash) VALUES (%s, %s, %s, %s)
ON CONFLICT (merchant_id, partner_id, ip_hash) DO UPDATE SET seen_at = now()
"""


def note(partner: Partner, ip_hash: str) -> None:
    """The partner signed in, or applied, from here. An empty hash is nowhere."""
    if not ip_hash:
        return
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, [tenancy.current(), new_id(), partner.id, ip_hash])


def neighbours(partner: Partner, limit: int = 5) -> "list[Partner]":
    """Other partners who were seen at an address of this one, newest first: one person, or people of one office."""
    here = Address.objects.filter(partner=partner).values("ip_hash")
    there = Address.objects.filter(ip_hash__in=here).exclude(partner=partner).values("partner")
    return list(partner.merchant.partners.filter(id__in=there).order_by("-created_at", "-id")[:limit])


def forget() -> int:
    """Let go of the running tenant's that are too old; how many."""
    return int(Address.objects.filter(seen_at__lt=timezone.now() - KEPT).delete()[0])
