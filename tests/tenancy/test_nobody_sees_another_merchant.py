"""The second line of defence: what code that forgets the tenant gets from the database."""

from typing import Any

import pytest
from celery import shared_task
from django.db import IntegrityError, ProgrammingError, connection, models, transaction

from affiliates.models import Partner
from merchants import tenancy
from merchants.models import Locator, Merchant
from merchants.tenancy import TenancyError, TenantTask
from tests.tenancy.population import owned_models

MODELS = [*owned_models(), Merchant]


def _merchants_of(model: type[models.Model]) -> set[Any]:
    column = "id" if model is Merchant else "merchant_id"
    return set(model._default_manager.values_list(column, flat=True))


def test_the_population_leaves_no_table_out(mine: Merchant) -> None:
    with tenancy.tenant(mine.id):
        empty = [model.__name__ for model in MODELS if not model._default_manager.exists()]
    assert len(MODELS) > 20
    assert empty == []


def test_an_unscoped_query_finds_only_the_running_merchants_rows(mine: Merchant, theirs: Merchant) -> None:
    with tenancy.tenant(mine.id):
        assert {model.__name__: _merchants_of(model) for model in MODELS} == {
            model.__name__: {mine.id} for model in MODELS
        }


def test_without_a_tenant_there_is_nothing(mine: Merchant) -> None:
    assert {model.__name__ for model in MODELS if model._default_manager.exists()} == set()


def test_raw_sql_sees_no_more(mine: Merchant, theirs: Merchant) -> None:
    with tenancy.tenant(mine.id), connection.cursor() as cursor:
        for model in MODELS:
            cursor.execute(f"SELECT row_to_json(t)::text FROM {model._meta.db_table} t")
            assert not [row for (row,) in cursor.fetchall() if "theirs" in row or str(theirs.id) in row]


def test_updates_and_deletes_do_not_reach_others(mine: Merchant, theirs: Merchant) -> None:
    with tenancy.tenant(mine.id):
        assert theirs.partners.update(notes="seen") == 0
        assert theirs.stale_marks.all().delete()[0] == 0
    with tenancy.tenant(theirs.id):
        assert theirs.partners.exists()
        assert not theirs.partners.exclude(notes="").exists()
        assert theirs.stale_marks.exists()


def test_a_row_cannot_be_written_for_another_merchant(mine: Merchant, theirs: Merchant) -> None:
    with tenancy.tenant(mine.id), pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        theirs.programs.create(name="planted")


def test_a_row_cannot_be_written_without_a_tenant(mine: Merchant) -> None:
    with pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        mine.programs.create(name="planted")


def test_a_row_cannot_be_moved_to_another_merchant(mine: Merchant, theirs: Merchant) -> None:
    with tenancy.tenant(mine.id), pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        mine.partners.update(merchant=theirs)


def test_a_task_sees_the_merchant_it_was_given(mine: Merchant, theirs: Merchant) -> None:
    @shared_task(base=TenantTask)
    def names() -> list[str]:
        return list(Partner.objects.exclude(recruiter=None).values_list("name", flat=True))

    assert names(merchant_id=str(mine.id)) == ["mine"]
    assert names(merchant_id=str(theirs.id)) == ["theirs"]


def test_a_sweep_learns_ids_and_nothing_else(mine: Merchant, theirs: Merchant) -> None:
    assert {mine.id, theirs.id} <= set(tenancy.every_merchant("test"))
    assert not Merchant.objects.exists(), "the sweep's own view ends with it"
    with tenancy.tenant(mine.id), pytest.raises(TenancyError):
        tenancy.every_merchant("test")


def test_tenants_do_not_nest_but_the_same_one_joins(mine: Merchant, theirs: Merchant) -> None:
    with tenancy.tenant(mine.id):
        with tenancy.tenant(mine.id):
            assert tenancy.current() == mine.id
        assert mine.partners.exists(), "leaving the inner block does not leave the tenant"
        with pytest.raises(TenancyError, match="cannot enter"), tenancy.tenant(theirs.id):
            pass
    with pytest.raises(TenancyError, match="no tenant"):
        tenancy.current()


def test_the_locator_says_nothing_but_the_merchant(db: None) -> None:
    assert {field.name for field in Locator._meta.fields} == {"id", "kind", "key", "merchant_id"}


def test_one_key_finds_one_merchant(mine: Merchant, theirs: Merchant) -> None:
    with tenancy.tenant(mine.id):
        tenancy.register(tenancy.Finds.LINK, "only-mine")
    with tenancy.tenant(theirs.id), pytest.raises(IntegrityError), transaction.atomic():
        tenancy.register(tenancy.Finds.LINK, "only-mine")
