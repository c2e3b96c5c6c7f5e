"""Types that several resources share."""

from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet, TextChoices
from msgspec import UNSET, Meta, Struct

from merchants.errors import NotFound
from merchants.money import MAX_AMOUNT

M = TypeVar("M", bound=Model)

Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339 with an offset.")]
Amount = Annotated[int, Meta(ge=0, le=MAX_AMOUNT, description="Integer in minor units: 10000 is 100.00 USD.")]
Currency = Annotated[str, Meta(min_length=3, max_length=3, description="ISO 4217, upper case.", examples=["USD"])]
Text = Annotated[str, Meta(max_length=10_000)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]


def one_of(choices: type[TextChoices], description: str = "") -> Meta:
    """A text that is one of a model's choices. (`$` alone would let a line break follow.)"""
    values: list[str] = list(choices.values)
    return Meta(
        pattern=f"^(?:{'|'.join(values)})$(?!\\n)",
        description=description or None,
        extra_json_schema={"enum": values},
    )


def changes_of(body: Struct) -> dict[str, Any]:
    """The fields of a PATCH that were sent."""
    return {name: value for name in body.__struct_fields__ if (value := getattr(body, name)) is not UNSET}


def named(rows: "QuerySet[M]", row_id: UUID, field: str) -> M:
    """The row that a body's `field` names by id; NotFound with that field when this account has none."""
    row = rows.filter(pk=row_id).first()
    if row is None:
        raise NotFound(f"There is no {rows.model._meta.verbose_name} with this id.", field=field)
    return row
