"""What the operators' templates ask for."""

from typing import Any

from django import template
from django.db.models import Model

from merchants.audit import Actor
from operators import deeds

register = template.Library()


@register.simple_tag
def deeds_on(row: Model, actor: Actor) -> list[tuple[str, str, str]]:
    """Label, icon and address of what can be done about a row."""
    return deeds.deeds_on(row, actor)


@register.filter
def asked(detail: dict[str, Any] | None) -> str:
    """What an entry of the log says besides who and when: `list: Customers, q: anna`."""
    pairs = {name: value for name, value in (detail or {}).items() if name != "asked"}
    pairs |= (detail or {}).get("asked") or {}
    return ", ".join(f"{name}: {value}" for name, value in pairs.items())
