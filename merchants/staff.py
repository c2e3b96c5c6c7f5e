"""Who works for a merchant (SPEC P1). A user is one person across merchants; the membership says the role here.

A merchant always keeps an owner, or nobody could manage staff and keys. Two owners who remove each other at the
same moment are put in order by the lock on the merchant's row.
"""

from django.db import transaction

from merchants import inputs, tenancy
from merchants.audit import Actor, record
from merchants.constraints import refusals
from merchants.contact import normal_email
from merchants.edits import edit, lock
from merchants.errors import Conflict, DomainError, NotFound
from merchants.models import Locator, Membership, Merchant, User
from merchants.roles import Role


def add_staff(*, email: str, role: str, name: str = "", password: str | None = None, actor: Actor) -> Membership:
    """Give the person behind `email` a role at the running tenant, making the user when there is none.

    Name and password are set only on a new user: an existing one is somebody's own account. Without a password
    they cannot sign in until one is set. Conflict `staff_exists` when they already have a role here.
    """
    address = normal_email(email)
    role = checked_role(role)
    name = inputs.line(name, "name")
    exists = Conflict(f"{address} already works here: change the role instead.", code="staff_exists", field="email")
    with refusals({"membership_once": exists, "locator_once": exists}):
        user = _find_or_make_user(address, name=name, password=password)
        membership = Membership.objects.create(merchant_id=tenancy.current(), user=user, role=role)
        tenancy.register(tenancy.Finds.STAFF, str(user.id))
        record(actor, "staff.add", "membership", membership.id, after={"email": address, "role": role})
    return membership


def change_role(membership: Membership, *, role: str, actor: Actor) -> Membership:
    """Give a member of staff another role. Conflict `last_owner` when nobody would be left to own the merchant."""
    role = checked_role(role)
    with transaction.atomic():
        _lock_staff()
        lock(membership)
        if role != Role.OWNER:
            _keep_an_owner(membership)
        edit(membership, {"role": role}, verb="staff.change_role", actor=actor)
    return membership


def remove_staff(membership: Membership, *, actor: Actor) -> None:
    """End a person's access to the running tenant; the user stays. Conflict `last_owner` for the last owner."""
    with transaction.atomic():
        _lock_staff()
        lock(membership)
        _keep_an_owner(membership)
        user = membership.user
        before = {"email": user.email, "role": membership.role}
        record(actor, "staff.remove", "membership", membership.id, before=before)
        Locator.objects.filter(kind=tenancy.Finds.STAFF, key=str(user.id), merchant_id=tenancy.current()).delete()
        membership.delete()


def find_staff(email: str) -> Membership:
    """The membership of the person with this e-mail at the running tenant; NotFound when they do not work here."""
    membership = Membership.objects.select_related("user").filter(user__email=email.strip().lower()).first()
    if membership is None:
        raise NotFound(f"{email} does not work here.", field="email")
    return membership


def membership_of(user: User) -> Membership | None:
    """The user's membership at the running tenant, with the merchant; None when they do not work here."""
    return Membership.objects.select_related("merchant").filter(merchant_id=tenancy.current(), user=user).first()


def memberships_of(user: User) -> list[Membership]:
    """The user's memberships with their merchants, ordered by the merchants' names. Call it outside any tenant."""
    found: list[Membership] = []
    for merchant_id in tenancy.locate_all(tenancy.Finds.STAFF, str(user.id)):
        with tenancy.tenant(merchant_id):
            found += Membership.objects.select_related("merchant").filter(user=user)
    return sorted(found, key=lambda membership: membership.merchant.name)


def checked_role(role: str) -> Role:
    """The role of this name; DomainError when there is none."""
    if role not in Role.values:
        raise DomainError(f"The role is one of {', '.join(Role.values)}.", code="invalid_choice", field="role")
    return Role(role)


def _find_or_make_user(email: str, *, name: str, password: str | None) -> User:
    user = User.objects.filter(email=email).first()
    if user is not None:
        return user
    fresh = User(email=email, name=name)
    fresh.set_password(password)
    User.objects.bulk_create([fresh], ignore_conflicts=True)
    return User.objects.get(email=email)


def _lock_staff() -> None:
    """Whoever changes the set of owners does so alone."""
    lock(Merchant(id=tenancy.current()))


def _keep_an_owner(leaving: Membership) -> None:
    others = Membership.objects.filter(role=Role.OWNER).exclude(id=leaving.id)
    if leaving.role == Role.OWNER and not others.exists():
        raise Conflict("Make somebody else an owner first: a merchant always has one.", code="last_owner")
