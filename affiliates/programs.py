"""Programs and the groups of partners in them."""

from collections.abc import Mapping
from typing import Any

from affiliates.models import Group, Program
from merchants import inputs, tenancy
from merchants.audit import Actor, record
from merchants.constraints import refusals
from merchants.edits import edit, lock
from merchants.errors import Conflict

#: As for the merchant's own hold: longer is a slip of the keyboard.
_MOST_HOLD_DAYS = 3650


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


def create_group(*, program: Program, name: str, hold_days: int | None = None, actor: Actor) -> Group:
    """A group in `program`; without `hold_days` the merchant's hold applies. Conflict `group_name_taken`."""
    name = inputs.line(name, "name", required=True)
    hold_days = _checked_hold(hold_days)
    with refusals({"group_name_once": _group_name_taken(name)}):
        group = Group.objects.create(merchant_id=tenancy.current(), program=program, name=name, hold_days=hold_days)
        after = {"program_id": str(program.id), "name": name, "hold_days": hold_days}
        record(actor, "group.create", "group", group.id, after=after)
    return group


def update_group(group: Group, *, changes: Mapping[str, Any], actor: Actor) -> Group:
    """Rename a group or change its hold (None: the merchant's). Commissions that exist keep theirs."""
    inputs.known_fields(changes, ("name", "hold_days"))
    values = dict(changes)
    if "name" in values:
        values["name"] = inputs.line(values["name"], "name", required=True)
    if "hold_days" in values:
        values["hold_days"] = _checked_hold(values["hold_days"])
    with refusals({"group_name_once": _group_name_taken(str(values.get("name", "")))}):
        lock(group)
        edit(group, values, verb="group.update", actor=actor)
    return group


def _group_name_taken(name: str) -> Conflict:
    return Conflict(
        f"The program has a group called {name}: choose another name.", code="group_name_taken", field="name"
    )


def _checked_hold(hold_days: object) -> int | None:
    return None if hold_days is None else inputs.whole(hold_days, "hold_days", most=_MOST_HOLD_DAYS)
