"""Proof that identities count their holders and that records follow only what they may.

`problems` looks at the running tenant. `holder_problems` compares a count across tenants, so it enters each in
turn: nothing else could see that a number which belongs to all of them is wrong.
"""

import uuid
from collections.abc import Iterator, Sequence

from django.db import connection, transaction

from customers.models import INHERITABLE
from merchants.tenancy import tenant

# Inherited and set means: written through by this merchant or by the person, so the identity says the same.
_DIVERGED = """
SELECT c.id, f.field FROM customers_customer c
  JOIN customers_identity i ON i.id = c.identity_id
 CROSS JOIN LATERAL (VALUES
        ('email', c.email, i.email), ('phone', c.phone, i.phone), ('name', c.name, i.name),
        ('birthday', c.birthday::text, i.birthday::text), ('language', c.language, i.language)
      ) AS f(field, own, theirs)
 WHERE f.field = ANY(c.inherited) AND coalesce(f.own, '') <> '' AND f.own IS DISTINCT FROM f.theirs
"""
_UNKNOWN_FIELD = "SELECT id FROM customers_customer WHERE NOT inherited <@ %s::varchar[]"
_UNHELD = """
SELECT c.id FROM customers_customer c JOIN customers_identity i ON i.id = c.identity_id WHERE i.holders < 1
"""


def problems() -> Iterator[str]:
    """What is wrong with the running tenant's customers, a sentence each."""
    with connection.cursor() as cursor:
        cursor.execute(_DIVERGED)
        for customer_id, field in cursor:
            yield f"customer {customer_id} inherits {field} but differs from the identity"
        cursor.execute(_UNKNOWN_FIELD, [list(INHERITABLE)])
        for (customer_id,) in cursor:
            yield f"customer {customer_id} inherits a field that does not exist"
        cursor.execute(_UNHELD)
        for (customer_id,) in cursor:
            yield f"customer {customer_id} belongs to an identity that counts no holder"


def holder_problems(merchant_ids: Sequence[uuid.UUID]) -> Iterator[str]:
    """Identities whose `holders` is not the number of records of them. Give it every merchant; outside any tenant."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE held (identity_id uuid, records bigint) ON COMMIT DROP")
        for merchant_id in merchant_ids:
            with tenant(merchant_id):
                cursor.execute(
                    "INSERT INTO held SELECT identity_id, count(*) FROM customers_customer"
                    " WHERE identity_id IS NOT NULL GROUP BY identity_id"
                )
        cursor.execute(
            "SELECT i.id, i.holders, coalesce(h.records, 0) FROM customers_identity i"
            " LEFT JOIN (SELECT identity_id, sum(records) AS records FROM held GROUP BY identity_id) h"
            " ON h.identity_id = i.id WHERE i.holders <> coalesce(h.records, 0)"
        )
        for identity_id, holders, records in cursor:
            yield f"identity {identity_id} counts {holders} holders but has {records} customer records"
