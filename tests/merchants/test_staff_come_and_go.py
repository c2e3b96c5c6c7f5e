"""Memberships: one person, several merchants, and always an owner."""

from functools import partial

import pytest

from merchants import tenancy
from merchants.audit import Actor
from merchants.errors import Conflict, DomainError
from merchants.models import Locator, Membership, Merchant, User
from merchants.roles import Role
from merchants.staff import add_staff, change_role, memberships_of, remove_staff
from tests.factories import ACTOR, MembershipFactory, MerchantFactory
from tests.races import race


def test_somebody_new_gets_a_user_a_role_and_can_be_found(tenant: Merchant, actor: Actor) -> None:
    membership = add_staff(email=" Eva@Example.com ", role="support", name="Eva", password="long enough", actor=actor)
    assert membership.user.email == "eva@example.com"
    assert membership.user.check_password("long enough")
    assert tenancy.locate_all(tenancy.Finds.STAFF, str(membership.user_id)) == [tenant.id]


def test_somebody_known_keeps_name_and_password(
    merchant: Merchant, other_merchant: Merchant, owner: User, actor: Actor
) -> None:
    with tenancy.tenant(other_merchant.id):
        add_staff(email=owner.email, role="viewer", name="Mallory", password="mine now", actor=actor)
    owner.refresh_from_db()
    assert owner.name == "Olga Owner"
    assert not owner.check_password("mine now")
    assert [(m.merchant.name, m.role) for m in memberships_of(owner)] == [("Acme", "owner"), ("Rival", "viewer")]


def test_nobody_works_twice_for_one_merchant(tenant: Merchant, owner: User, actor: Actor) -> None:
    with pytest.raises(Conflict) as refused:
        add_staff(email=owner.email, role="viewer", actor=actor)
    assert refused.value.code == "staff_exists"
    assert tenant.memberships.count() == 1


def test_without_a_password_a_new_user_cannot_sign_in(tenant: Merchant, actor: Actor) -> None:
    assert not add_staff(email="eva@example.com", role="viewer", actor=actor).user.has_usable_password()


def test_the_last_owner_can_neither_go_nor_step_down(tenant: Merchant, owner: User, actor: Actor) -> None:
    membership = tenant.memberships.get(user=owner)
    for attempt in (lambda: remove_staff(membership, actor=actor),
                    lambda: change_role(membership, role="admin", actor=actor)):  # fmt: skip
        with pytest.raises(Conflict) as refused:
            attempt()
        assert refused.value.code == "last_owner"
    MembershipFactory(role=Role.OWNER)
    change_role(membership, role="admin", actor=actor)
    remove_staff(membership, actor=actor)
    assert tenancy.locate_all(tenancy.Finds.STAFF, str(owner.id)) == []
    assert User.objects.filter(id=owner.id).exists(), "the person stays, without access"
    verbs = tenant.audit_entries.filter(object_type="membership").order_by("id").values_list("verb", flat=True)
    assert list(verbs) == ["staff.add", "staff.add", "staff.change_role", "staff.remove"]


def test_an_unknown_role_is_refused(tenant: Merchant, actor: Actor) -> None:
    with pytest.raises(DomainError, match="role is one of"):
        add_staff(email="eva@example.com", role="god", actor=actor)
    assert not User.objects.filter(email="eva@example.com").exists()


def test_two_owners_who_remove_each_other_at_once_leave_one(committed_merchant: Merchant) -> None:
    with tenancy.tenant(committed_merchant.id):
        both = [MembershipFactory(email=f"{n}@{committed_merchant.slug}.example") for n in ("a", "b")]

    def remove(membership: Membership) -> None:
        with tenancy.tenant(committed_merchant.id):
            remove_staff(membership, actor=ACTOR)

    assert race(lambda: remove(both[0]), lambda: remove(both[1])) == ["last_owner", "ok"]
    assert Locator.objects.filter(kind="staff", merchant_id=committed_merchant.id).count() == 1


def test_one_person_added_by_two_merchants_at_once_is_one_user(committed_merchant: Merchant) -> None:
    email = f"new@{committed_merchant.slug}.example"
    others = [MerchantFactory(slug=f"{committed_merchant.slug}-{n}") for n in range(3)]

    def add(merchant: Merchant) -> None:
        with tenancy.tenant(merchant.id):
            add_staff(email=email, role="viewer", actor=ACTOR)

    assert race(*(partial(add, other) for other in others)) == ["ok", "ok", "ok"]
    assert len(memberships_of(User.objects.get(email=email))) == 3
