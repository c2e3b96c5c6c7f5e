"""What the operators' commands share: how they find a merchant, who they are in the audit log, how they fail."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import CommandError
from django.db import OperationalError

from merchants import tenancy
from merchants.audit import system
from merchants.errors import DomainError, NotFound
from merchants.models import Merchant

ACTOR = system("command line")


@contextmanager
def errors_for_people() -> Iterator[None]:
    """What the domain refuses, or a database out of reach, ends the command with exit code 1 and no traceback."""
    try:
        yield
    except DomainError as error:
        raise CommandError(error.message) from error
    except OperationalError as error:
        raise CommandError(f"The database does not answer: {error}".strip()) from error


@contextmanager
def merchant_called(slug: str) -> Iterator[Merchant]:
    """Enter the merchant with this slug; CommandError when there is none."""
    with errors_for_people():
        try:
            merchant_id = tenancy.locate(tenancy.Finds.SLUG, slug)
        except NotFound as error:
            raise CommandError(f"There is no merchant {slug!r}: `manage.py merchant list` names them.") from error
        with tenancy.tenant(merchant_id):
            yield Merchant.objects.get(id=merchant_id)
