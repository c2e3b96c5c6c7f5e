"""Programs and the groups of partners in them."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone

from affiliates import approval_rules as rules
from affiliates.models import Group, Program
from merchants import inputs, tenancy
from merchants.audit import Actor, record
from merchants.constraints import refusals
from merchants.edits import edit, lock
from merchants.errors import Conflict, DomainError
from merchants.models import Merchant

#: As for the merchant's own hold: longer is a slip of the keyboard.
_MOST_HOLD_DAYS = 3650
GROUP_FIELDS = (
    "name", "hold_days", "minimum_payout", "landing_text", "auto_approval", "auto_approve_domains",
    "auto_approve_countries",
)  # fmt: skip
_PAGE_FIELDS = (
    "applications_open", "landing_text", "reapply_days", "auto_approval", "auto_approve_domains",
    "auto_approve_countries", "auto_reject_domains",
)  # fmt: skip


def create_program(*, name: str, actor: Actor) -> Program:
    """A program of the running tenant; the first one is the default. Conflict `program_name_taken`."""
    name = inputs.line(name, "name", required=True)
    taken = Conflict(f"There is a program called {name}: choose another name.", code="program_name_taken", field="name")
    retry = Conflict("Another program was being made at the same moment: try again.", code="contended")
    with refusals({"program_name_once": taken, "program_one_default": retry}):
        is_default = not Program.objects.filter(is_default=True).exists()
        program = Program.objects.create(merchant_id=tenancy.current(), name=name, is_default=is_default)
        record(actor, "program.create", "program", program.id, after={"name": name, "is_default": is_default})
    return program


def default_program(*, actor: Actor) -> Program:
    """The program that partners join when none is named, made when the merchant has none yet."""
    program = Program.objects.filter(is_default=True).first()
    return program or create_program(name="Affiliate program", actor=actor)


def update_applications(program: Program, *, changes: Mapping[str, Any], actor: Actor) -> Program:
    """Open or close the program's page of applications, and say what stands there and who is let in or turned down.

    DomainError `rule_incomplete` for a rule whose list is empty.
    """
    inputs.known_fields(changes, _PAGE_FIELDS)
    values = dict(changes) | rules.checked(changes)
    if "applications_open" in values and not isinstance(values["applications_open"], bool):
        raise DomainError("It is open or closed.", code="invalid_choice", field="applications_open")
    if "landing_text" in values:
        values["landing_text"] = inputs.paragraph(values["landing_text"], "landing_text").strip()
    if "reapply_days" in values:
        values["reapply_days"] = inputs.whole(values["reapply_days"], "reapply_days", most=_MOST_HOLD_DAYS)
    with transaction.atomic():
        lock(program)
        rules.require_list(values.get("auto_approval", program.auto_approval), rules.lists_of(program) | values)
        edit(program, values, verb="program.applications", actor=actor)
    return program


def create_group(
    *,
    program: Program,
    name: str,
    hold_days: int | None = None,
    minimum_payout: int | None = None,
    landing_text: str = "",
    auto_approval: str = "",
    auto_approve_domains: Sequence[str] = (),
    auto_approve_countries: Sequence[str] = (),
    actor: Actor,
) -> Group:
    """A group in `program`. What is left out is the merchant's hold and minimum, and the program's text and rule.

    `minimum_payout` is in minor units of the merchant's currency. Conflict `group_name_taken`.
    """
    values = _checked_group(
        {
            "name": name,
            "hold_days": hold_days,
            "minimum_payout": minimum_payout,
            "landing_text": landing_text,
            "auto_approval": auto_approval,
            "auto_approve_domains": auto_approve_domains,
            "auto_approve_countries": auto_approve_countries,
        },
        program.merchant,
    )
    rules.require_list(values["auto_approval"], values)
    with refusals({"group_name_once": _group_name_taken(values["name"])}):
        group = Group.objects.create(merchant_id=tenancy.current(), program=program, **values)
        after = {"program_id": str(program.id)} | {
            name: value for name, value in values.items() if value or name == "name"
        }
        record(actor, "group.create", "group", group.id, after=after)
    return group


def update_group(group: Group, *, changes: Mapping[str, Any], actor: Actor) -> Group:
    """Change a group's name, hold, minimum, text or rule; None and "" go back to the merchant's or the program's.

    Commissions that exist keep their hold. Conflict `group_name_taken`.
    """
    inputs.known_fields(changes, GROUP_FIELDS)
    values = _checked_group(changes, group.merchant)
    with refusals({"group_name_once": _group_name_taken(str(values.get("name", "")))}):
        lock(group)
        rules.require_list(values.get("auto_approval", group.auto_approval), rules.lists_of(group) | values)
        edit(group, values, verb="group.update", actor=actor)
    return group


def delete_group(group: Group, *, actor: Actor) -> None:
    """Take a group that nobody is in out of every list and choice; deleting it again changes nothing.

    Conflict `group_has_members`. Its row stays: commissions keep the terms that made them, also those of a group.
    """
    with transaction.atomic():
        # Whoever comes in locks it too (`take_in`): nobody is in a group that is gone.
        found = Group.objects.select_for_update(no_key=True).filter(id=group.id).first()
        if found is None:
            return
        if number := found.partners.count():
            who = "is a partner" if number == 1 else f"are {number:,} partners"
            raise Conflict(f"There {who} in {group.name}: move them to another group first.", code="group_has_members")
        found.deleted_at = timezone.now()
        found.save(update_fields=["deleted_at"])
        record(actor, "group.delete", "group", group.id, before={"name": group.name})


def take_in(group: Group) -> None:
    """Hold the group until the transaction ends, for somebody who comes into it. DomainError `group_unknown`."""
    if not list(Group.objects.select_for_update(no_key=True).filter(id=group.id).values_list("id")):
        raise DomainError(f"{group.name} was deleted: choose another group.", code="group_unknown", field="group")


def _group_name_taken(name: str) -> Conflict:
    return Conflict(
        f"The program has a group called {name}: choose another name.", code="group_name_taken", field="name"
    )


def _checked_group(changes: Mapping[str, Any], merchant: Merchant) -> dict[str, Any]:
    values = dict(changes)
    if "name" in values:
        values["name"] = inputs.line(values["name"], "name", required=True)
    if values.get("hold_days") is not None:
        values["hold_days"] = inputs.whole(values["hold_days"], "hold_days", most=_MOST_HOLD_DAYS)
    if "minimum_payout" in values:
        least = values["minimum_payout"]
        values["minimum_payout"] = None if least is None else inputs.whole(least, "minimum_payout")
        values["minimum_currency"] = "" if least is None else merchant.currency
    if "landing_text" in values:
        values["landing_text"] = inputs.paragraph(values["landing_text"], "landing_text").strip()
    return values | rules.checked(values, or_empty=True)
