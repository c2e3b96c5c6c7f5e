"""Let the database say no and say it in the domain's words.

Uniqueness is decided by constraints, never by looking first: two processes that look at the same moment both find
nothing. A verb names the error that each constraint means; the violation becomes that error, also in a race.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from merchants.errors import DomainError


@contextmanager
def refusals(meanings: dict[str, DomainError]) -> Iterator[None]:
    """An atomic block in which violating the constraint `name` raises `meanings[name]`; others stay as they are.

    The block is a savepoint inside a tenant, so the caller may catch the error and go on.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        meaning = meanings.get(violated(error))
        if meaning is None:
            raise
        raise meaning from error


def violated(error: IntegrityError) -> str:
    """The name of the constraint that refused, or "" when the driver does not say."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None) or ""
