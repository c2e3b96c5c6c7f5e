"""Taking somebody who was erased out of what others wrote down: a job that walks through tables, a piece at a time.

What it looks for is an id. Documents keep the id and lose what stands beside it in the same object; so a document that
names people keeps their id beside the name, or they are not found. It can be run again at any time.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from django.db import connection, models, transaction
from django.db.models import Q
from django.db.models.functions import Cast

from jobs.kinds import Piece, Work
from jobs.models import Job
from merchants.models import Merchant
from orders.models import Order

#: Rows that are written in one piece.
PIECE = 500
#: What stands where words about somebody stood.
GONE = "Erased"

#: What may stand beside an id and says who it is, in documents of the doors also whole objects.
_PERSONAL = (
    "name", "partner", "email", "code", "coupon", "phone", "external_id", "birthday", "language", "website",
    "portal_url", "portal_code", "url", "destination",
)  # fmt: skip
_WORDS = ("reason", "note", "notes", "metadata", "tags")


class Behind:
    """How far a table is."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self.id, self.number = rows[-1].id, len(rows)


#: Takes somebody out of the next rows of a table: of a merchant, the id, behind a row. None when there are no more.
Step: TypeAlias = Callable[[Merchant, str, UUID], Behind | None]


def walk(job: Job, who: str, steps: Sequence[Step]) -> Work:
    """The work of a job. The state holds which step it is at, behind which row, and how many rows were written."""
    state: dict[str, Any] = {"table": 0, "last": None, "written": 0, **job.state}
    while state["table"] < len(steps):
        last = steps[state["table"]](job.merchant, who, UUID(state["last"]) if state["last"] else UUID(int=0))
        if last is None:
            state |= {"table": state["table"] + 1, "last": None}
        else:
            state |= {"last": str(last.id), "written": state["written"] + last.number}
        yield Piece(done=state["table"], total=len(steps), state=state, result=_result(state))
    yield Piece(done=len(steps), total=len(steps), result=_result(state))


def _result(state: Mapping[str, Any]) -> dict[str, Any]:
    return {"summary": f"The name is taken out of {state['written']:,} places that mentioned it."}


def mentioning(rows: "models.QuerySet[Any]", columns: Sequence[str], who: str, last: UUID) -> Iterator[Any]:
    """The next rows in which one of these documents names the id, locked: nobody writes them anew meanwhile."""
    text = {f"{column}_text": Cast(column, models.TextField()) for column in columns}
    named = Q()
    for name in text:
        named |= Q(**{f"{name}__contains": who})
    return iter(_locked(rows.alias(**text).filter(named, id__gt=last))[:PIECE])


def documents(rows: "models.QuerySet[Any]", columns: Sequence[str], who: str, last: UUID, called: str) -> Behind | None:
    """Strip these documents of the next rows."""
    found = list(mentioning(rows, columns, who, last))
    for row in found:
        for column in columns:
            setattr(row, column, nameless(getattr(row, column), who, called))
        row.save(update_fields=columns)
    return Behind(found) if found else None


def answers(merchant: Merchant, who: str, last: UUID, called: str) -> Behind | None:
    """What was answered to requests: kept for a month, for whoever asks again. That it was done must stay known."""
    # What a form led to is an address (`pages.answers.once`): it has the id, and nothing beside it.
    kept = merchant.stored_answers.exclude(status=303)
    found = list(mentioning(kept, ["body"], who, last))
    for row in found:
        row.body = json.dumps(nameless(json.loads(row.body), who, called, words=True), separators=(",", ":"))
        row.save(update_fields=["body"])
    return Behind(found) if found else None


def next_rows(rows: "models.QuerySet[Any]", last: UUID) -> list[Any]:
    """The next piece of these rows, locked."""
    return list(_locked(rows.filter(id__gt=last))[:PIECE])


def _locked(rows: "models.QuerySet[Any]") -> "models.QuerySet[Any]":
    """By id, as everybody locks orders and commissions."""
    return rows.select_for_update(of=("self",), no_key=True).order_by("id")


def write_words_anew(rows: "models.QuerySet[Any]", columns: Mapping[str, str], last: UUID) -> Behind | None:
    """Put these texts into columns of the next rows; of an append-only table, those that it lets go."""
    found = next_rows(rows, last)
    if not found:
        return None
    let_go(rows.filter(id__in=[row.id for row in found]), **columns)
    return Behind(found)


def let_go(rows: "models.QuerySet[Any]", **values: Any) -> None:
    """Write these columns anew, also of a table that is append-only but for them (`merchants.schema.names_can_go`)."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.erasing', 'on', true)")
        rows.update(**values)
        cursor.execute("SELECT set_config('app.erasing', '', true)")


def without_words(order: Order) -> bool:
    """Take out of an order's decision what somebody wrote who gave it away by hand; whether there was anything."""
    said, by_hand, _ = str(order.attribution.get("reason", "")).partition(": ")
    if not said.startswith("by hand, ") or not by_hand:
        return False
    order.attribution = order.attribution | {"reason": said}
    return True


def nameless(document: Any, who: str, called: str, *, words: bool = False) -> Any:
    """`document` without what somebody is called: the personal fields of every object that names their id.

    With `words` also what was written beside it. `called` is what stands there instead.
    """
    if isinstance(document, list):
        return [nameless(each, who, called, words=words) for each in document]
    if not isinstance(document, dict):
        return document
    inner = {key: nameless(value, who, called, words=words) for key, value in document.items()}
    if who not in [value for value in inner.values() if isinstance(value, str)]:
        return inner
    inner |= {key: called for key in _PERSONAL if isinstance(inner.get(key), str) and inner[key] != who}
    if words:
        inner |= {key: type(inner[key])() for key in _WORDS if isinstance(inner.get(key), str | dict | list)}
    if inner.get("via") == "api":
        inner["ref"] = who  # the request may have named them by e-mail
    if inner.get("via") == "coupon":
        # Their code: beside a touch as what it was known by, and in the sentence of the decision.
        inner |= {"ref": called} if "ref" in inner else {}
        if str(inner.get("reason", "")).startswith("coupon "):
            inner["reason"] = f"coupon; {str(inner['reason']).partition('; ')[2]}"
    return inner
