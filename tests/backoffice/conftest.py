"""Olga works for the merchant, and her browser is signed in; Anna earns ten percent."""

from collections.abc import Callable

import pytest
from django.test import Client

from affiliates.models import Partner
from merchants import tenancy
from merchants.models import Merchant, User
from merchants.roles import Role
from merchants.staff import add_staff
from tests.factories import ACTOR
from tests.sales import give_ten_percent


@pytest.fixture
def browser(owner: User) -> Client:
    """The owner's."""
    client = Client()
    client.force_login(owner)
    return client


@pytest.fixture
def browser_of(merchant: Merchant) -> Callable[[Role], Client]:
    """That of somebody with the role."""

    def signed_in(role: Role) -> Client:
        with tenancy.tenant(merchant.id):
            member = add_staff(email=f"{role}@example.com", role=role, actor=ACTOR)
        client = Client()
        client.force_login(member.user)
        return client

    return signed_in


@pytest.fixture
def anna(merchant: Merchant, partner: Partner) -> Partner:
    """A partner on 10%."""
    with tenancy.tenant(merchant.id):
        give_ten_percent(partner)
    return partner
