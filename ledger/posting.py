"""The only writer of the books: `post`. What is taken back is posted as a movement of its own; history stays.

A transaction and its entries go in together, in one statement, because the database accepts them no other way.
Who spends from an account locks its owner's row first (see payouts); who earns locks nothing.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Sum

from ledger.models import Entry
from merchants.ids import new_id
from merchants.tenancy import current

#: (account, currency, amount): minor units arriving at (+) or leaving (-) the account.
Movement = tuple[str, str, int]

#: The one form in which entries are inserted. `tracking.write` uses the same for thousands at once.
POST = """
WITH posted AS (
    INSERT INTO ledger_transaction (merchant_id, id, reference, kind, occurred_at)
    SELECT merchant_id, id, reference, kind, occurred_at
      FROM json_to_recordset(%(transactions)s::json)
        AS t(merchant_id uuid, id uuid, reference text, kind text, occurred_at timestamptz)
)
INSERT INTO ledger_entry (merchant_id, transaction_id, account, currency, amount)
SELECT merchant_id, transaction_id, account, currency, amount
  FROM json_to_recordset(%(entries)s::json)
    AS e(merchant_id uuid, transaction_id uuid, account text, currency text, amount bigint)
"""


@dataclass(frozen=True, slots=True)
class Posting:
    """A balanced transaction that is to be posted."""

    reference: str
    kind: str
    occurred_at: datetime
    entries: Sequence[Movement]


def post(*, reference: str, kind: str, occurred_at: datetime, entries: Sequence[Movement]) -> None:
    """Post one balanced transaction of the running tenant.

    IntegrityError when the entries do not sum to zero in each currency, when one moves nothing, or when
    `reference` was posted before.
    """
    post_many([Posting(reference, kind, occurred_at, entries)])


def post_many(postings: Sequence[Posting]) -> None:
    """Post each of these, or, when the database refuses one, none; in one statement."""
    merchant = str(current())
    heads, rows = [], []
    for posting in postings:
        id = str(new_id())
        heads.append(
            {
                "merchant_id": merchant,
                "id": id,
                "reference": posting.reference,
                "kind": posting.kind,
                "occurred_at": posting.occurred_at.isoformat(),
            }
        )
        rows += [
            {"merchant_id": merchant, "transaction_id": id, "account": account, "currency": currency, "amount": amount}
            for account, currency, amount in posting.entries
        ]
    with connection.cursor() as cursor:
        cursor.execute(POST, {"transactions": json.dumps(heads), "entries": json.dumps(rows)})


def balance(account: str, currency: str) -> int:
    """Minor units of `currency` standing in `account` of the running tenant; 0 for one never used."""
    found = Entry.objects.filter(merchant_id=current(), account=account, currency=currency)
    return found.aggregate(total=Sum("amount"))["total"] or 0


def balances(account: str) -> dict[str, int]:
    """Minor units by currency standing in `account`; currencies at zero are left out."""
    found = Entry.objects.filter(merchant_id=current(), account=account).values("currency")
    return {row["currency"]: row["total"] for row in found.annotate(total=Sum("amount")) if row["total"]}
