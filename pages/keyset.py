"""Reading on in a long list: by what it is sorted by and the id, so that page 5,000 costs what page 1 costs."""

from typing import Any, TypeVar
from uuid import UUID

from django.db.models import BooleanField, F, Func, Model, QuerySet, Subquery
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

M = TypeVar("M", bound=Model)


def behind(
    rows: "QuerySet[M]", column: str, last: tuple[Any, UUID] | None, *, downward: bool = True, tie: str = "id"
) -> "QuerySet[M]":
    """`rows` in the order of `column` (never NULL) and id, beginning behind the row that has these two values.

    Ids are in the order of time, so a list may be sorted by them alone: `column` is then `id`. `tie` is the id as the
    table of `column` has it, where that is another: one index is to hold both.
    """
    sign = "-" if downward else ""
    if column == "id":
        rows = rows.order_by(f"{sign}id")
        return rows if last is None else rows.filter(**{"id__lt" if downward else "id__gt": last[1]})
    rows = rows.order_by(f"{sign}{column}", f"{sign}{tie}")
    compare = TupleLessThan if downward else TupleGreaterThan
    return rows if last is None else rows.filter(compare(Tuple(F(column), F(tie)), last))


class _Among(Func):
    """`id = ANY(ARRAY(query))`: few, for the planner, and each looked up by its key."""

    template = "%(expressions)s)"
    arg_joiner = " = ANY(ARRAY"
    output_field = BooleanField()


def first(rows: "QuerySet[M]", number: int) -> "QuerySet[M]":
    """The first `number` of `rows`, which are sorted.

    Ids first: an index that holds all that is asked for and sorted by answers that alone, and the planner, who does not
    know that the newest are all of another status, prefers it to a walk past them.
    """
    return rows.filter(_Among(F("pk"), Subquery(rows.values("pk")[:number])))
