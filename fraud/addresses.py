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


def forget() -> int:
    """Let go of the running tenant's that are too old; how many."""
    return int(Address.objects.filter(seen_at__lt=timezone.now() - KEPT).delete()[0])
