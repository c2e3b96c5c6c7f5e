"""How a column of any table is written, by what kind of column it is."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from merchants.readable import Readable
from pages.templatetags.pages import badge, count, day, json_block, moment, money

_NOTHING = mark_safe('<span class="faint">—</span>')


@dataclass(frozen=True, slots=True)
class Cell:
    """A value of a row, ready to be put into a page."""

    label: str
    html: SafeString
    is_number: bool = False
    on_phone: str = ""
    """Where it stands in the two lines that a row becomes on a phone: lead, amount, meta, state."""


def label_of(site: AdminSite, model: type[models.Model], name: str) -> str:
    """The header of a column."""
    admin = registered(site, model)
    if admin is not None and name in admin.labels:
        return admin.labels[name]
    if name == "__str__":
        return str(model._meta.verbose_name).capitalize()
    words = str(getattr(_field(model, name), "verbose_name", name)).replace("_", " ").removeprefix("is ")
    return re.sub(r"\bid\b", "ID", words[:1].upper() + words[1:], flags=re.IGNORECASE)


def is_number(model: type[models.Model], name: str, amounts: Mapping[str, str]) -> bool:
    """Whether the column is set to the right."""
    field = _field(model, name)
    return name in amounts or (isinstance(field, models.IntegerField) and not field.choices)


def cell(
    site: AdminSite,
    row: models.Model,
    name: str,
    amounts: Mapping[str, str],
    *,
    linked: bool = True,
    on_phone: str = "",
) -> Cell:
    """What `row` has in the column `name`; `linked` when what it refers to may be a link."""
    html = _written(site, row, name, amounts, linked)
    # What leads a row stands at its beginning, also when it is a number.
    right = on_phone != "lead" and is_number(type(row), name, amounts)
    return Cell(label_of(site, type(row), name), html, right, on_phone)


def title_of(site: AdminSite, row: models.Model) -> str:
    """What a row is called: the first column of its list."""
    admin = registered(site, type(row))
    name = str(admin.list_display[0]) if admin is not None else "__str__"
    value: Any = row if name == "__str__" else getattr(row, name)
    if admin is not None and name in admin.amounts:
        return money(value, follow(row, admin.amounts[name]))
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value) or str(row)


def page_of(site: AdminSite, row: models.Model) -> str:
    """The address of a row's own page; empty when it has none."""
    admin = registered(site, type(row))
    if admin is None:
        return ""
    return admin.page_of(row) or (
        reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk]) if admin.has_page else ""
    )


def registered(site: AdminSite, model: type[models.Model]) -> Readable | None:
    """How the site reads this table, if it does."""
    return site._registry.get(model)  # type: ignore[return-value] # the sites take nothing else


def follow(row: Any, path: str) -> Any:
    """`order__currency` of a refund."""
    for name in path.split("__"):
        row = getattr(row, name)
    return row


def _field(model: type[models.Model], name: str) -> Any:
    return next((each for each in model._meta.fields if each.name == name), None)


def _written(site: AdminSite, row: models.Model, name: str, amounts: Mapping[str, str], linked: bool) -> SafeString:
    field = _field(type(row), name)
    value: Any = str(row) if name == "__str__" else getattr(row, name)
    if value is None or value == "" or value == [] or value == {}:
        return _NOTHING
    if name in amounts:
        currency = follow(row, amounts[name])
        # A day's clicks have no currency, and their row no amounts.
        return format_html("{}", money(value, currency)) if currency else _NOTHING
    if isinstance(field, models.ForeignKey):
        address = page_of(site, value) if linked else ""
        title = title_of(site, value)
        return format_html('<a class="link" href="{}">{}</a>', address, title) if address else format_html("{}", title)
    if isinstance(field, ArrayField):
        return format_html("{}", ", ".join(map(str, value)))
    if isinstance(field, models.JSONField):
        return format_html(
            '<pre class="code metadata" tabindex="0" role="region" aria-label="{}">{}</pre>',
            label_of(site, type(row), name),
            json_block(value),
        )
    return _plain(row, name, field, value)


def _plain(row: models.Model, name: str, field: Any, value: Any) -> SafeString:
    match value:
        case bool():
            return format_html("{}", "Yes" if value else "No")
        case datetime():
            return moment(value)
        case date():
            return day(value)
        case int() if not field.choices:
            return format_html("{}", count(value))
    if isinstance(field, models.UUIDField):
        return format_html('<span class="mono anywhere">{}</span>', value)
    if name == "status":
        try:
            return badge(value)
        except KeyError:
            pass  # a word of this table alone, an HTTP status
    if field is not None and field.choices:
        return format_html("{}", getattr(row, f"get_{name}_display")())
    return format_html('<span class="anywhere">{}</span>', value)
