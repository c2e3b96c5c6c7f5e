"""`app.merchant_id` on a persistent connection: gone after commit, after rollback, after an error."""

import contextlib
from collections.abc import Iterator

import pytest
from django.db import connection, transaction

from affiliates.models import Partner
from merchants import tenancy
from merchants.models import Merchant
from merchants.tenancy import Contended
from tests.factories import MerchantFactory, PartnerFactory


@pytest.fixture
def shop(committed_merchant: Merchant) -> Iterator[Merchant]:
    """A committed merchant with a partner, and one connection for the whole test."""
    with tenancy.tenant(committed_merchant.id):
        PartnerFactory(name=committed_merchant.slug)
    backend = _backend()
    yield committed_merchant
    assert _backend() == backend, "the connection was to be the same all along"


def _backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid: int = cursor.fetchone()[0]
        return pid


def _setting() -> str | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nullif(current_setting('app.merchant_id', true), '')")
        value: str | None = cursor.fetchone()[0]
        return value


def _nothing_is_left() -> bool:
    return _setting() is None and not Partner.objects.exists()


def test_after_a_commit(shop: Merchant) -> None:
    with tenancy.tenant(shop.id):
        assert _setting() == str(shop.id)
        assert Partner.objects.count() == 1
    assert _nothing_is_left()


def test_after_a_rollback(shop: Merchant) -> None:
    with tenancy.tenant(shop.id):
        transaction.set_rollback(True)
    assert _nothing_is_left()


def test_after_an_exception(shop: Merchant) -> None:
    with contextlib.suppress(ZeroDivisionError), tenancy.tenant(shop.id):
        _ = 1 / 0
    assert _nothing_is_left()


def test_after_a_database_error(shop: Merchant) -> None:
    with contextlib.suppress(Exception), tenancy.tenant(shop.id), connection.cursor() as cursor:
        cursor.execute("SELECT no_such_function()")
    assert _nothing_is_left()


@pytest.mark.parametrize("fails", [True, False])
def test_inside_an_outer_transaction_that_goes_on(shop: Merchant, fails: bool) -> None:
    with transaction.atomic():
        with contextlib.suppress(ZeroDivisionError), tenancy.tenant(shop.id):
            _ = 1 / (0 if fails else 1)
        assert _nothing_is_left()
    assert _nothing_is_left()


def test_after_a_savepoint_inside_the_tenant_the_tenant_is_still_there(shop: Merchant) -> None:
    with tenancy.tenant(shop.id):
        with contextlib.suppress(ZeroDivisionError), transaction.atomic():
            _ = 1 / 0
        assert Partner.objects.count() == 1
    assert _nothing_is_left()


def test_one_tenant_after_the_other_on_one_connection(shop: Merchant) -> None:
    second = MerchantFactory(slug=f"{shop.slug}-2", domains=[])
    for place, partners in ((shop, 1), (second, 0), (shop, 1)):
        with tenancy.tenant(place.id):
            assert Partner.objects.count() == partners
    assert _nothing_is_left()


def test_a_session_wide_setting_is_overruled(shop: Merchant) -> None:
    """The worst a forgotten SET could do: it shows what it names, but no tenant block adopts it."""
    second = MerchantFactory(slug=f"{shop.slug}-3", domains=[])
    with connection.cursor() as cursor:
        cursor.execute("SET app.merchant_id = %s", [str(shop.id)])
        try:
            with tenancy.tenant(second.id):
                assert not Partner.objects.exists()
        finally:
            cursor.execute("RESET app.merchant_id")
    assert _nothing_is_left()


def test_contended_work_runs_again_from_the_start(shop: Merchant) -> None:
    attempts: list[int] = []

    def work() -> int:
        attempts.append(Partner.objects.update(notes=f"attempt {len(attempts)}"))
        if len(attempts) < 3:
            raise Contended
        return len(attempts)

    assert tenancy.run(shop.id, work) == 3
    with tenancy.tenant(shop.id):
        assert Partner.objects.get().notes == "attempt 2"
    attempts.clear()
    with pytest.raises(Contended):
        tenancy.run(shop.id, work, tries=2)
    assert _nothing_is_left()
