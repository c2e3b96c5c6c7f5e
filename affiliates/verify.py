"""Proof that the stretches of what partners were follow one another, and end with what they are."""

from collections.abc import Iterator

from django.db import connection

from merchants.tenancy import current

_LASTING = """
SELECT p.id, m.id IS NULL FROM affiliates_partner p
  LEFT JOIN affiliates_partnerstretch m
         ON m.merchant_id = p.merchant_id AND m.partner_id = p.id AND m.until IS NULL
 WHERE p.merchant_id = %(merchant)s AND (
       m.id IS NULL OR (m.group_id, m.status, m.recruiter_id, m.recruited_at)
           IS DISTINCT FROM (p.group_id, p.status, p.recruiter_id, p.recruited_at))
"""
# The first has nobody before it, and no beginning: null is what both have.
_UNCHAINED = """
SELECT partner_id, id FROM (
    SELECT id, partner_id, since, lag(until) OVER (PARTITION BY partner_id ORDER BY since NULLS FIRST) AS before
      FROM affiliates_partnerstretch WHERE merchant_id = %(merchant)s
) stretch WHERE since IS DISTINCT FROM before
"""


def problems() -> Iterator[str]:
    """What is wrong with what the running tenant's partners were, a sentence each; nothing when all is well."""
    with connection.cursor() as cursor:
        cursor.execute(_LASTING, {"merchant": current()})
        for partner_id, is_missing in cursor:
            if is_missing:
                yield f"partner {partner_id} is in no stretch of time that lasts"
            else:
                yield f"partner {partner_id} is not what their last stretch of time says"
        cursor.execute(_UNCHAINED, {"merchant": current()})
        for partner_id, membership_id in cursor:
            yield f"membership {membership_id} of partner {partner_id} does not begin where the one before it ends"
