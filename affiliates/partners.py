"""Partners: made, edited, let in and shut out, and their password to the portal."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth import hashers
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from affiliates import coupons, links, search
from affiliates.known import hold_known
from affiliates.models import Group, Partner, PartnerStatus, Program
from affiliates.programs import default_program, take_in
from merchants import inputs, tenancy
from merchants.audit import Actor, record
from merchants.constraints import refusals
from merchants.contact import normal_email
from merchants.edits import edit, lock, shown
from merchants.errors import Conflict, DomainError

#: Without 0, 1, i, l and o: portal addresses are read out on the phone.
_PORTAL_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_PORTAL_LENGTH = 12
_SHORTEST_PASSWORD = 10
_LONGEST_PASSWORD = 1024


def create_partner(
    *,
    name: str,
    email: str,
    program: Program | None = None,
    group: Group | None = None,
    recruiter: Partner | None = None,
    recruited_at: datetime | None = None,
    status: str = PartnerStatus.APPROVED,
    coupon_code: str = "",
    notes: str = "",
    tags: Sequence[str] = (),
    metadata: Mapping[str, Any] | None = None,
    actor: Actor,
) -> Partner:
    """A partner with a portal address, a link named after them to the merchant's first domain, and a coupon if asked.

    Without a program it is the group's, or the default one. A merchant without domains has nowhere to lead a link
    to, so there is none yet. What is earned from the day of `recruited_at` (now when None) on is shared with
    `recruiter`. Conflict `partner_email_taken`, `coupon_taken`.
    """
    if status not in (PartnerStatus.APPLIED, PartnerStatus.APPROVED):
        raise DomainError("A new partner is applied or approved.", code="invalid_choice", field="status")
    address = normal_email(email)
    partner = Partner(
        merchant_id=tenancy.current(),
        program=_program_for(program, group, actor),
        group=group,
        recruiter=recruiter,
        recruited_at=_since(recruiter, recruited_at),
        name=inputs.line(name, "name", required=True),
        email=address,
        status=status,
        portal_code=new_portal_code(),
        notes=inputs.paragraph(notes, "notes"),
        tags=inputs.tags(tags),
        metadata=inputs.metadata(metadata or {}),
    )
    with refusals({"partner_email_once": _email_taken(address)}):
        if group is not None:
            take_in(group)
        partner.save(force_insert=True)
        tenancy.register(tenancy.Finds.PORTAL, partner.portal_code)
        after = {"name": partner.name, "email": address, "status": str(status), "program_id": str(partner.program_id)}
        after |= {"recruiter_id": str(recruiter.id)} if recruiter else {}
        record(actor, "partner.create", "partner", partner.id, after=after)
        _equip(partner, coupon_code, actor)
        search.refresh([partner.id])
    return partner


def _since(recruiter: Partner | None, recruited_at: datetime | None) -> datetime | None:
    if recruiter is None:
        return None
    return timezone.now() if recruited_at is None else inputs.moment(recruited_at, "recruited_at")


def new_portal_code() -> str:
    """A portal address that nobody has."""
    return "".join(secrets.choice(_PORTAL_ALPHABET) for _ in range(_PORTAL_LENGTH))


def require_known(partner: Partner) -> None:
    """Conflict `partner_erased` when nobody knows any more who it was."""
    if partner.erased_at is not None:
        raise Conflict("This partner was erased: add them as a new one.", code="partner_erased")


def _program_for(program: Program | None, group: Group | None, actor: Actor) -> Program:
    if program is None:
        return group.program if group is not None else default_program(actor=actor)
    if group is not None and group.program_id != program.id:
        raise DomainError("The group belongs to another program.", code="group_of_other_program", field="group")
    return program


def _equip(partner: Partner, coupon_code: str, actor: Actor) -> None:
    domains = partner.merchant.domains
    if domains:
        links.create_default_link(partner=partner, destination=f"https://{domains[0]}/", actor=actor)
    if coupon_code:
        give_coupon(partner, coupon_code, actor=actor)


def give_coupon(partner: Partner, coupon_code: str, *, actor: Actor) -> None:
    """A coupon as part of something else: what is wrong with it is said of the field `coupon_code`."""
    code = coupons.checked_code(coupon_code, field="coupon_code")
    try:
        coupons.create_coupon(partner=partner, code=code, actor=actor)
    except Conflict as error:
        raise coupons.taken(code, field="coupon_code") from error


def update_partner(partner: Partner, *, changes: Mapping[str, Any], actor: Actor) -> Partner:
    """Change name, e-mail, group (a Group of the partner's program, or None), recruiter, notes, tags or metadata.

    A `recruiter` (a Partner, or None) counts from now on: what was earned so far is shared with whom it was shared.
    Conflict `partner_email_taken`, `recruiter_circle`.
    """
    inputs.known_fields(changes, ("name", "email", "group", "recruiter", "notes", "tags", "metadata"))
    values = _checked(changes)
    meanings: dict[str, DomainError] = {
        "partner_email_once": _email_taken(str(values.get("email", ""))),
        "partner_no_circle": _circle(partner, values.get("recruiter")),
    }
    with refusals(meanings):
        lock(partner)
        require_known(partner)
        if "recruiter" in values:
            recruiter = values.pop("recruiter")
            if partner.recruiter_id != (recruiter.id if recruiter else None):
                values |= {
                    "recruiter_id": recruiter.id if recruiter else None,
                    "recruited_at": timezone.now() if recruiter else None,
                }
        if "group" in values:
            group = values.pop("group")
            _program_for(partner.program, group, actor)
            if group is not None:
                take_in(group)
            values["group_id"] = group.id if group is not None else None
        if edit(partner, values, verb="partner.update", actor=actor):
            search.refresh([partner.id])
    return partner


def _checked(changes: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(changes)
    if "name" in values:
        values["name"] = inputs.line(values["name"], "name", required=True)
    if "email" in values:
        values["email"] = normal_email(inputs.line(values["email"], "email", longest=320))
    if "notes" in values:
        values["notes"] = inputs.paragraph(values["notes"], "notes")
    if "tags" in values:
        values["tags"] = inputs.tags(values["tags"])
    if "metadata" in values:
        values["metadata"] = inputs.metadata(values["metadata"])
    return values


def _circle(partner: Partner, recruiter: Partner | None) -> Conflict:
    name = recruiter.name if recruiter else ""
    said = f"{name} was recruited by {partner.name}, or by somebody below them: choose somebody else."
    if partner == recruiter:
        said = f"{partner.name} cannot be recruited by themselves."
    return Conflict(said, code="recruiter_circle", field="recruiter")


def _email_taken(email: str) -> Conflict:
    return Conflict(f"There is a partner with the e-mail {email}.", code="partner_email_taken", field="email")


def approve(partner: Partner, *, why: str = "", actor: Actor) -> Partner:
    """Let a partner earn, from now on. `why` is kept in the audit log, where nobody could be asked."""
    was = (PartnerStatus.APPLIED, PartnerStatus.REJECTED, PartnerStatus.SUSPENDED)
    return _change_status(partner, PartnerStatus.APPROVED, was=was, verb="partner.approve", why=why, actor=actor)


def reject(partner: Partner, *, why: str = "", actor: Actor) -> Partner:
    """Turn an application down. `why` as for `approve`."""
    return _change_status(
        partner, PartnerStatus.REJECTED, was=(PartnerStatus.APPLIED,), verb="partner.reject", why=why, actor=actor
    )


def reopen(partner: Partner, *, program: Program, actor: Actor) -> Partner:
    """Somebody who was turned down has applied again, to `program`: it is theirs from now on, without another's group.

    Who was turned down has never been let in, so nothing was earned by the terms of the program before.
    """
    moves = {} if partner.program_id == program.id else {"program_id": program.id, "group_id": None}
    return _change_status(
        partner, PartnerStatus.APPLIED, was=(PartnerStatus.REJECTED,), verb="partner.reapply", actor=actor, moves=moves
    )


def suspend(partner: Partner, *, actor: Actor) -> Partner:
    """Stop an approved partner from earning; what they have earned stays theirs."""
    return _change_status(
        partner, PartnerStatus.SUSPENDED, was=(PartnerStatus.APPROVED,), verb="partner.suspend", actor=actor
    )


def suspend_for_terms(partner: Partner, *, why: str, actor: Actor) -> Partner:
    """Stop an approved partner from earning until they accept the terms. `why` as for `approve`."""
    return _change_status(
        partner, PartnerStatus.SUSPENDED, was=(PartnerStatus.APPROVED,), verb="partner.suspend", why=why, actor=actor,
        owes_acceptance=True,
    )  # fmt: skip


def readmit(partner: Partner, *, why: str, actor: Actor) -> Partner:
    """End a suspension, by what ends it. `why` as for `approve`."""
    return _change_status(
        partner, PartnerStatus.APPROVED, was=(PartnerStatus.SUSPENDED,), verb="partner.readmit", why=why, actor=actor
    )


def _change_status(
    partner: Partner,
    status: PartnerStatus,
    *,
    was: Collection[PartnerStatus],
    verb: str,
    why: str = "",
    actor: Actor,
    owes_acceptance: bool = False,
    moves: Mapping[str, Any] | None = None,
) -> Partner:
    moves = moves or {}
    with transaction.atomic():
        before: dict[str, Any] = {"status": partner.status} | {name: shown(getattr(partner, name)) for name in moves}
        moved = Partner.objects.filter(id=partner.id, status__in=was, erased_at=None).update(
            status=status, status_changed_at=timezone.now(), owes_acceptance=owes_acceptance, **moves
        )
        read = ["status", "status_changed_at", "owes_acceptance", "erased_at", *moves]
        partner.refresh_from_db(fields=read)
        require_known(partner)
        if not moved:
            raise Conflict(
                f"{partner.name} is {partner.get_status_display().lower()}: only a partner who is"
                f" {' or '.join(was)} can become {status}.",
                code="partner_status",
                field="status",
            )
        after = {"status": str(status)} | ({"why": why} if why else {})
        after |= {name: shown(value) for name, value in moves.items()}
        record(actor, verb, "partner", partner.id, before=before, after=after)
    return partner


def set_password(partner: Partner, *, password: str, actor: Actor) -> None:
    """Give the partner a password to the portal. DomainError `password_too_weak` says how to make it better."""
    if not _SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
        raise DomainError(
            f"Choose a password of at least {_SHORTEST_PASSWORD} characters.",
            code="password_too_weak",
            field="password",
        )
    try:
        validate_password(password)
    except ValidationError as error:
        raise DomainError(" ".join(error.messages), code="password_too_weak", field="password") from error
    hashed = hashers.make_password(password)  # takes a while: before the lock
    with transaction.atomic():
        hold_known(partner, instead="add them as a new one")
        partner.password = hashed
        partner.save(update_fields=["password"])
        record(actor, "partner.set_password", "partner", partner.id)


def change_password(partner: Partner, *, current: str, password: str, actor: Actor) -> None:
    """A new password for the partner who knows the old one; every other device is signed out, for the hash is new.

    DomainError `password_wrong` (field `current`), `password_too_weak`.
    """
    with transaction.atomic():
        lock(partner)
        _require_password(partner, current)
        set_password(partner, password=password, actor=actor)


def sign_out_everywhere(partner: Partner, *, current: str, actor: Actor) -> None:
    """End every log-in to the portal, and every activation link: the same password is hashed anew.

    DomainError `password_wrong` (field `current`).
    """
    with transaction.atomic():
        lock(partner)
        _require_password(partner, current)
        partner.password = hashers.make_password(current)
        partner.save(update_fields=["password"])
        record(actor, "partner.sign_out_everywhere", "partner", partner.id)


def _require_password(partner: Partner, password: str) -> None:
    if not check_password(partner, password):
        raise DomainError("This is not your password.", code="password_wrong", field="current")


def check_password(partner: Partner, password: str) -> bool:
    """Whether this is the partner's password; as slow for a partner who has none."""
    if not partner.password:
        hashers.make_password(password)
        return False
    return hashers.check_password(password, partner.password)
