"""What each rule looks for, as one statement over a set of commissions: new ones, or a piece of history.

All but the one about terms look for orders, and at those who sold: what recruiters earned on one waits with it. Every
window ends at the order it is about, so a rule finds the same whenever it is asked. A row of an answer is a commission
and the figures that speak against it. Row-level security adds the tenant to every table; look-ups go by index: a
partner's clicks and orders by time, rollups by day, the rest by id.
"""

# ruff: noqa: S608 - the statements are put together from this module's own constants; values are parameters.

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection

Found = list[tuple[UUID, dict[str, Any]]]

_SUBJECT = """WITH subject AS MATERIALIZED (
    SELECT c.id, c.partner_id, c.occurred_at, c.currency, o.id AS order_id, o.amount, o.metadata,
           o.customer_id, (c.occurred_at AT TIME ZONE %(zone)s)::date AS day,
           coalesce(nullif(o.country, ''), k.country, '') AS country, coalesce(k.ip_hash, '') AS ip_hash,
           k.clicked_at, coalesce(k.referrer, '') AS referrer, b.email AS buyer, p.email, p.metadata AS of_partner
      FROM commissions_commission c
      JOIN orders_order o ON o.id = c.order_id
      JOIN affiliates_partner p ON p.id = c.partner_id
      LEFT JOIN affiliates_click k ON k.id = o.click_id
      LEFT JOIN customers_customer b ON b.id = o.customer_id
     WHERE c.id = ANY(%(ids)s::uuid[]) AND c.level = 0)"""


def mailbox(address: str) -> str:
    """SQL for where mail to an address ends up: the rule of `affiliates.attribution`, which a test holds it to."""
    name = rf"split_part(regexp_replace({address}, '@[^@]*$', ''), '+', 1)"
    domain = rf"substring({address} from '[^@]*$')"
    return (
        f"CASE WHEN {domain} IN ('gmail.com', 'googlemail.com') THEN replace({name}, '.', '') || '@gmail.com'"
        f" ELSE {name} || '@' || {domain} END"
    )


_SAME_KEY = """(s.metadata ->> '{key}' <> '' AND (
    s.of_partner ->> '{key}' = s.metadata ->> '{key}'
    OR EXISTS (SELECT FROM customers_customer own JOIN orders_order paid ON paid.customer_id = own.id
                WHERE own.email = s.email AND paid.metadata ->> '{key}' = s.metadata ->> '{key}')))"""

SELF_REFERRAL = f"""{_SUBJECT}
SELECT id, jsonb_build_object('email', by_mail, 'payment', by_payment, 'device', by_device, 'address', by_address)
  FROM (SELECT s.id,
               coalesce({mailbox("s.buyer")} = {mailbox("s.email")}, false) AS by_mail,
               coalesce({_SAME_KEY.format(key="payment_fingerprint")}, false) AS by_payment,
               coalesce({_SAME_KEY.format(key="device_id")}, false) AS by_device,
               s.ip_hash <> '' AND EXISTS (SELECT FROM fraud_address a
                 WHERE a.partner_id = s.partner_id AND a.ip_hash = s.ip_hash) AS by_address
          FROM subject s) found
 WHERE by_mail OR by_payment OR by_device OR by_address"""

VELOCITY = f"""{_SUBJECT}
SELECT id, jsonb_build_object('orders', orders, 'clicks', clicks, 'minutes', %(minutes)s::int)
  FROM (SELECT s.id,
               (SELECT count(*) FROM orders_order o JOIN affiliates_click k ON k.id = o.click_id
                 WHERE o.partner_id = s.partner_id AND k.ip_hash = s.ip_hash
                   AND o.placed_at > s.occurred_at - make_interval(mins => %(minutes)s)
                   AND o.placed_at <= s.occurred_at) AS orders,
               (SELECT count(*) FROM affiliates_click k
                 WHERE k.partner_id = s.partner_id AND k.ip_hash = s.ip_hash
                   AND k.clicked_at > s.clicked_at - make_interval(mins => %(minutes)s)
                   AND k.clicked_at <= s.clicked_at) AS clicks
          FROM subject s WHERE s.ip_hash <> '') found
 WHERE orders >= %(orders)s OR clicks >= %(clicks)s"""

# From the rollups: the last days against those before them, of the same partner.
SPIKE = f"""{_SUBJECT},
pair AS (SELECT DISTINCT partner_id, day FROM subject),
rates AS MATERIALIZED (
    SELECT pair.*, sums.* FROM pair CROSS JOIN LATERAL (
        SELECT coalesce(sum(orders) FILTER (WHERE d.day > pair.day - %(days)s), 0) AS orders,
               coalesce(sum(clicks) FILTER (WHERE d.day > pair.day - %(days)s), 0) AS clicks,
               coalesce(sum(orders) FILTER (WHERE d.day <= pair.day - %(days)s), 0) AS orders_before,
               coalesce(sum(clicks) FILTER (WHERE d.day <= pair.day - %(days)s), 0) AS clicks_before
          FROM stats_partnerday d
         WHERE d.partner_id = pair.partner_id AND d.day <= pair.day
           AND d.day > pair.day - (%(days)s + %(history)s)) sums)
SELECT s.id, jsonb_build_object('orders', r.orders, 'clicks', r.clicks, 'orders_before', r.orders_before,
                                'clicks_before', r.clicks_before, 'days', %(days)s::int)
  FROM subject s JOIN rates r ON r.partner_id = s.partner_id AND r.day = s.day
 WHERE r.orders >= %(least)s AND r.clicks_before >= 50 AND r.orders_before > 0
   AND r.orders::numeric / greatest(r.clicks, 1) >= %(factor)s * r.orders_before / r.clicks_before"""

COUPON_SITES = f"""{_SUBJECT},
came AS (SELECT id, lower(substring(referrer from '^[a-zA-Z]+://([^/:?#]+)')) AS host FROM subject)
SELECT came.id, jsonb_build_object('host', min(came.host))
  FROM came JOIN unnest(%(sites)s::text[]) AS site
    ON came.host = site OR right(came.host, length(site) + 1) = '.' || site
 GROUP BY came.id"""

DUPLICATES = f"""{_SUBJECT},
mine AS (SELECT DISTINCT partner_id, email FROM subject),
twins AS (
    SELECT m.partner_id, o.name, true AS by_mail FROM mine m JOIN affiliates_partner o
        ON o.id <> m.partner_id AND {mailbox("o.email")} = {mailbox("m.email")}
     WHERE o.status <> 'rejected'
    UNION
    SELECT m.partner_id, o.name, false FROM mine m
      JOIN fraud_address a ON a.partner_id = m.partner_id
      JOIN fraud_address b ON b.ip_hash = a.ip_hash AND b.partner_id <> a.partner_id
      JOIN affiliates_partner o ON o.id = b.partner_id
     WHERE o.status <> 'rejected')
SELECT s.id, jsonb_build_object('partners', (array_agg(DISTINCT t.name))[:5], 'email', bool_or(t.by_mail))
  FROM subject s JOIN twins t ON t.partner_id = s.partner_id GROUP BY s.id"""

COUNTRIES = f"""{_SUBJECT}
SELECT id, jsonb_build_object('country', country) FROM subject
 WHERE country <> '' AND country <> ALL(%(countries)s::text[])"""

# All that was earned: with orders, leads, clicks, bonuses and recruits. By the terms as they were then. Accepting, also
# later, settles what was earned before.
TERMS = """WITH subject AS MATERIALIZED (
    SELECT id, partner_id, occurred_at, (occurred_at AT TIME ZONE %(zone)s)::date AS day
      FROM commissions_commission WHERE id = ANY(%(ids)s::uuid[]))
SELECT s.id, jsonb_build_object('version', t.number, 'accept_by', t.accept_by)
  FROM subject s JOIN affiliates_partner p ON p.id = s.partner_id
  CROSS JOIN LATERAL (SELECT * FROM affiliates_programterms t
                       WHERE t.program_id = p.program_id AND t.created_at <= s.occurred_at
                       ORDER BY t.number DESC LIMIT 1) t
 WHERE t.after_deadline = 'review' AND s.day > t.accept_by AND p.created_at < t.created_at
   AND NOT EXISTS (SELECT FROM affiliates_termsacceptance a JOIN affiliates_programterms later ON later.id = a.terms_id
                    WHERE a.partner_id = s.partner_id AND later.program_id = p.program_id
                      AND later.number >= t.number)"""

# Against the average of the merchant's orders in that currency, up to the day before.
OUTLIER = f"""{_SUBJECT},
pair AS (SELECT DISTINCT currency, day FROM subject),
usual AS MATERIALIZED (
    SELECT pair.*, sums.* FROM pair CROSS JOIN LATERAL (
        SELECT sum(d.revenue + d.direct_revenue) AS revenue, sum(d.orders + d.direct_orders) AS orders
          FROM stats_merchantday d
         WHERE d.currency = pair.currency AND d.day < pair.day AND d.day >= pair.day - %(days)s) sums)
SELECT s.id, jsonb_build_object('amount', s.amount, 'average', round(u.revenue::numeric / u.orders),
                                'currency', s.currency, 'days', %(days)s::int)
  FROM subject s JOIN usual u ON u.currency = s.currency AND u.day = s.day
 WHERE u.orders >= %(least)s AND s.amount::numeric * u.orders > %(factor)s * u.revenue"""


def found(statement: str, ids: Sequence[UUID], parameters: Mapping[str, Any], *, zone: str) -> Found:
    """The commissions among `ids` that the statement speaks against, and its figures."""
    with connection.cursor() as cursor:
        cursor.execute(statement, {**parameters, "ids": list(ids), "zone": zone})
        return [(row[0], json.loads(row[1]) if isinstance(row[1], str) else row[1]) for row in cursor.fetchall()]
