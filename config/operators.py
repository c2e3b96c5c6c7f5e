"""What the operators' commands share: how they find a merchant, who they are in the audit log, how they fail."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import CommandError

from merchants import tenancy
from merchants.audit import system
from merchants.errors import DomainError
from merchants.models import Merchant

ACTOR = system("command line")


@contextmanager
def errors_for_people() -> Iterator[None]:
    """What the domain refuses ends the command with its message and exit code 1, without a traceback."""
    try:
        yield
    except DomainError as error:
        raise CommandError(error.message) from error


@contextmanager
def merchant_called(slug: str) -> Iterator[Merchant]:
    """Enter the merchant with this slug; CommandError when there is none."""
    with errors_for_people(), tenancy.tenant(tenancy.locate(tenancy.Finds.SLUG, slug)):
        yield Merchant.objects.get(id=tenancy.current())
