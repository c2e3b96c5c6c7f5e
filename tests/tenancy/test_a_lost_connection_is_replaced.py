"""A persistent connection that was lost between two requests costs neither of them anything."""

from collections.abc import Callable

import psycopg
import pytest
from django.db import close_old_connections, connection

from merchants import tenancy
from merchants.models import Merchant


def end_from_the_other_side() -> None:
    """As a restart of the server does."""
    parameters = connection.get_connection_params()
    names = ("dbname", "user", "host", "port", "password")
    with psycopg.connect(**{name: parameters[name] for name in names if parameters.get(name)}) as elsewhere:
        elsewhere.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.connection.info.backend_pid])


def end_on_this_side() -> None:
    connection.connection.close()


@pytest.mark.parametrize("lose", [end_from_the_other_side, end_on_this_side])
def test_the_next_tenant_gets_a_new_one(committed_merchant: Merchant, lose: Callable[[], None]) -> None:
    with tenancy.tenant(committed_merchant.id):
        assert Merchant.objects.exists()
    lose()
    close_old_connections()  # as at the start of a request
    with tenancy.tenant(committed_merchant.id):
        assert Merchant.objects.exists()
