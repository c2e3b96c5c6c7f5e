"""JSON that is kept to be read whole, such as the working of a commission."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class Document(models.JSONField):
    """A JSON document that is stored as it was written and never searched.

    PostgreSQL takes `json` as text; taking the working of a commission and the decision of an order apart for `jsonb`
    cost a sixth of the statement that writes a batch of sales. A key in it is read with `KT`, not compared with `__`.
    """

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        """Plain json, which has no operators for equality or containment."""
        return "json"

    def from_db_value(self, value: Any, expression: Any, connection: BaseDatabaseWrapper) -> Any:
        """psycopg reads `json` by itself; Django has told it not to only for `jsonb`."""
        return value if not isinstance(value, str) else super().from_db_value(value, expression, connection)
