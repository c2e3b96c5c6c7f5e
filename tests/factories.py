"""Test data through the same verbs as real data, so that every row a test starts from could exist.

All but MerchantFactory and UserFactory work inside a running tenant (the `tenant` fixture, or `tenancy.tenant`).
"""

from typing import Any

import factory

from affiliates.coupons import create_coupon
from affiliates.links import create_link
from affiliates.partners import create_partner
from affiliates.programs import create_group, create_program, default_program
from commissions.manual import record_manual
from customers.records import create_customer
from merchants.audit import Actor, system
from merchants.keys import issue
from merchants.models import ApiKey, User
from merchants.onboarding import create_merchant
from merchants.staff import add_staff

ACTOR: Actor = system("test")

#: Good enough for every rule, and the same everywhere so that tests can sign in.
PASSWORD = "correct horse battery staple"


class _Made(factory.Factory):  # type: ignore[misc]
    """Makes rows by calling a verb: factory-boy takes any callable for a model."""

    class Meta:
        abstract = True

    actor = ACTOR


class MerchantFactory(_Made):
    """A merchant in USD whose shop is shop-<n>.example."""

    class Meta:
        model = create_merchant

    slug = factory.Sequence(lambda n: f"shop-{n}")
    name = factory.LazyAttribute(lambda made: made.slug.title())
    currency = "USD"
    domains = factory.LazyAttribute(lambda made: [f"{made.slug}.example"])


class UserFactory(factory.Factory):  # type: ignore[misc]
    """A user without any membership."""

    class Meta:
        model = User.objects.create_user

    email = factory.Sequence(lambda n: f"user-{n}@example.com")
    password = PASSWORD


class MembershipFactory(_Made):
    """Staff of the running tenant, an owner unless said otherwise; the user is new."""

    class Meta:
        model = add_staff

    email = factory.Sequence(lambda n: f"staff-{n}@example.com")
    name = factory.Sequence(lambda n: f"Staff {n}")
    role = "owner"
    password = PASSWORD


class ApiKeyFactory(_Made):
    """A key with write scope; its token stands in the attribute `token`."""

    class Meta:
        model = issue

    name = factory.Sequence(lambda n: f"key {n}")
    scopes = ("write",)

    @classmethod
    def _create(cls, model_class: object, *args: object, **kwargs: Any) -> ApiKey:
        key, token = issue(**kwargs)
        key.token = token  # type: ignore[attr-defined]
        return key


class ProgramFactory(_Made):
    """A program; the tenant's first is its default."""

    class Meta:
        model = create_program

    name = factory.Sequence(lambda n: f"Program {n}")


class GroupFactory(_Made):
    """A group of the default program."""

    class Meta:
        model = create_group

    program = factory.LazyFunction(lambda: default_program(actor=ACTOR))
    name = factory.Sequence(lambda n: f"Group {n}")


class PartnerFactory(_Made):
    """An approved partner of the default program."""

    class Meta:
        model = create_partner

    name = factory.Sequence(lambda n: f"Partner {n}")
    email = factory.Sequence(lambda n: f"partner-{n}@example.com")


class CouponFactory(_Made):
    """An unlimited coupon; give it a partner or get a new one."""

    class Meta:
        model = create_coupon

    partner = factory.SubFactory(PartnerFactory)
    code = factory.Sequence(lambda n: f"CODE{n}")


class LinkFactory(_Made):
    """A link to the partner's merchant's first domain."""

    class Meta:
        model = create_link

    partner = factory.SubFactory(PartnerFactory)
    code = factory.Sequence(lambda n: f"link-{n}")
    destination = factory.LazyAttribute(lambda made: f"https://{made.partner.merchant.domains[0]}/")


class CustomerFactory(_Made):
    """A customer with an e-mail of their own."""

    class Meta:
        model = create_customer

    email = factory.Sequence(lambda n: f"customer-{n}@example.com")
    name = factory.Sequence(lambda n: f"Customer {n}")


class CommissionFactory(_Made):
    """An approved commission by hand: $10.00 unless said otherwise."""

    class Meta:
        model = record_manual

    partner = factory.SubFactory(PartnerFactory)
    amount = 1000
    currency = "USD"
    reason = "test"
