"""The two sites: lists and pages of whatever the apps declare, drawn in the house's own way.

Of Django's admin this keeps the registry, the declarations and `ChangeList` (filters, search, pages); the templates are
`templates/operators/`. There is no address at which anything is added, changed or deleted.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, cast
from uuid import UUID

from django.contrib.admin import AdminSite
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db import models
from django.http import Http404, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from merchants.readable import COUNTED, Readable, Table
from operators.cells import Cell, cell, is_number, label_of, page_of, title_of
from operators.door import OperatorRequest, Shown, View, of_installation
from pages.answers import page

#: A page shows so many of the rows that belong to it; their own list has all.
_TABLE_ROWS = 50
_SHOWN_ACCESSES = 10

_ICONS = {
    "merchant": "store", "membership": "users", "invitation": "mail", "apikey": "key-round",
    "auditentry": "scroll-text", "partner": "users-round", "program": "layers", "group": "group", "coupon": "ticket",
    "link": "link", "click": "mouse-pointer-click", "lead": "user-plus", "customerattribution": "git-branch",
    "earlierattribution": "git-branch",
    "rewardversion": "percent", "customer": "contact-round", "order": "shopping-bag", "refund": "undo-2",
    "commission": "receipt", "reversal": "rotate-ccw", "payout": "banknote", "transaction": "book-open",
    "merchantday": "chart-column", "stalemark": "hourglass", "storedanswer": "archive", "locator": "store",
    "user": "user-round", "operatorentry": "scroll-text",
}  # fmt: skip


class OperatorSite(AdminSite):
    """What both have in common."""

    groups: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Of the navigation: a heading, and the apps whose tables are below it."""

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take what our apps declare; what libraries would show of themselves stays out."""
        if admin_class is not None and issubclass(admin_class, Readable):
            super().register(model_or_iterable, admin_class, **options)

    def get_urls(self) -> list[URLPattern]:  # type: ignore[override] # Django also has includes among them
        """The front page, a list for each table, a page for each row."""
        urls = [path("", self.guarded(self.front), name="index")]
        for model, declared in self._registry.items():
            admin = cast(Readable, declared)
            name = f"{model._meta.app_label}_{model._meta.model_name}"
            at = f"{admin.address or model._meta.model_name}/"
            urls.append(path(at, self.guarded(partial(self.table_page, admin)), name=f"{name}_changelist"))
            if admin.has_page:
                detail = self.guarded(partial(self.row_page, admin))
                urls.append(path(f"{at}<uuid:row>/", detail, name=f"{name}_change"))
        return urls

    def guarded(self, view: View) -> View:
        """The view behind the door of operators."""
        raise NotImplementedError

    def front(self, request: OperatorRequest) -> HttpResponseBase:
        """What comes first."""
        raise NotImplementedError

    def table_page(self, admin: Readable, request: OperatorRequest) -> HttpResponseBase:
        """Rows, newest first, searched and filtered."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        try:
            found: ChangeList = admin.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return HttpResponseRedirect(request.path)
        names = [str(name) for name in admin.list_display]
        detail: dict[str, Any] = {"list": admin.heading}
        if asked := {name.removesuffix("__exact"): value[:100] for name, value in request.GET.items() if value}:
            detail["asked"] = asked
        request.shows = Shown("operator.list", "merchant" if request.merchant else admin.address, "", detail)
        context = {
            "title": admin.heading, "list": found, "headers": _headers(self, admin.model, names, admin.amounts),
            "rows": [(page_of(self, row), self._cells(row, names, admin.amounts)) for row in found.result_list],
            "filters": [_filter(self, spec, found) for spec in found.filter_specs], "list_url": self._list_url(admin),
            "hint": admin.hint,
            "kept": [(name, value) for name, value in request.GET.items() if name not in ("q", "p")],
            "counted": f"{COUNTED:,}+" if found.result_count >= COUNTED else f"{found.result_count:,}",
            "first": (found.page_num - 1) * found.list_per_page + 1,
            "last": (found.page_num - 1) * found.list_per_page + len(found.result_list),
            "previous": self._turn(found, -1), "next": self._turn(found, 1),
        }  # fmt: skip
        return self._page(request, "operators/list.html", context, admin)

    def row_page(self, admin: Readable, request: OperatorRequest, row: UUID) -> HttpResponseBase:
        """All that may be read of one row, and what belongs to it."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        try:
            rows, named = admin.get_queryset(request), admin.references()
            found = (rows.select_related(*named) if named else rows).get(pk=row)
        except (admin.model.DoesNotExist, ValidationError) as error:
            raise Http404 from error
        name = admin.opts.model_name or ""
        request.shows = Shown("operator.view", name, str(row), {"page": str(admin.opts.verbose_name)})
        context = {
            "title": title_of(self, found), "admin": admin, "list_url": self._list_url(admin), "row": found,
            "cells": [cell(self, found, column, admin.amounts) for column in admin.columns()],
            "facts": admin.facts(found),
            "tables": [self._table(found, table) for table in admin.tables],
        }  # fmt: skip
        return self._page(request, "operators/detail.html", context, admin)

    def _page(
        self, request: OperatorRequest, template: str, context: dict[str, Any], admin: Readable | None
    ) -> HttpResponseBase:
        return page(request, template, {**context, **self.frame(request, admin)})

    def frame(self, request: OperatorRequest, active: Readable | None = None) -> dict[str, Any]:
        """What stands around every page."""
        return {"navigation": list(self._navigation(active)), "at": request.merchant, "outside": request.outside}

    def _navigation(self, active: Readable | None) -> Iterator[tuple[str, list[dict[str, Any]]]]:
        for label, apps in self.groups:
            items = [
                {
                    "label": admin.heading,
                    "icon": _ICONS.get(model._meta.model_name or "", "table"),
                    "url": self._list_url(admin),
                    "active": admin is active,
                }
                for app in apps
                for model, admin in cast(dict[type[models.Model], Readable], self._registry).items()
                if model._meta.app_label == app
            ]
            if items:
                yield label, items

    def _list_url(self, admin: Readable) -> str:
        return reverse(f"admin:{admin.opts.app_label}_{admin.opts.model_name}_changelist")

    def _cells(self, row: models.Model, names: Sequence[str], amounts: Mapping[str, str]) -> Sequence[Cell]:
        places = _places(names, amounts)
        lone = {names[0]} if page_of(self, row) else set()
        return [
            cell(self, row, name, amounts, linked=name not in lone, on_phone=place)
            for name, place in zip(names, places, strict=True)
        ]

    def _table(self, row: models.Model, table: Table) -> dict[str, Any]:
        related = getattr(row, table.relation)
        model = related.model
        names = {each.name for each in model._meta.fields}
        wanted = [name for name in table.columns if name in names and model._meta.get_field(name).is_relation]
        order = "-pk" if not model._meta.is_composite_pk else "account"
        rows = list(related.select_related(*wanted).order_by(order)[: _TABLE_ROWS + 1])
        return {
            "title": str(model._meta.verbose_name_plural).capitalize(),
            "headers": _headers(self, model, table.columns, table.amounts),
            "rows": [
                (page_of(self, each), self._cells(each, table.columns, table.amounts)) for each in rows[:_TABLE_ROWS]
            ],
            "more": len(rows) > _TABLE_ROWS,
        }

    def _turn(self, found: ChangeList, by: int) -> str:
        to = found.page_num + by
        return found.get_query_string({"p": to}) if 1 <= to <= found.paginator.num_pages else ""


def _filter(site: AdminSite, spec: Any, found: ChangeList) -> tuple[str, Sequence[Any], str]:
    """Its name, its choices, and the chosen one unless that is all of them."""
    choices = list(spec.choices(found))
    chosen = next((str(each["display"]) for each in choices[1:] if each["selected"]), "")
    column = getattr(spec, "field_path", "")
    return label_of(site, found.model, column) if column else str(spec.title).capitalize(), choices, chosen


def _headers(
    site: AdminSite, model: type[models.Model], names: Sequence[str], amounts: Mapping[str, str]
) -> Sequence[tuple[str, bool]]:
    """Label of each column, and whether numbers stand in it."""
    return [(label_of(site, model, name), name != names[0] and is_number(model, name, amounts)) for name in names]


def _places(names: Sequence[str], amounts: Mapping[str, str]) -> Sequence[str]:
    """The first column leads, an amount and a status have corners of their own, the next one comes below."""
    places = ["lead", *[""] * (len(names) - 1)]
    corner = next((name for name in names[1:] if name in amounts), names[-1])
    for index, name in enumerate(names[1:], 1):
        if name == corner:
            places[index] = "amount"
        elif name == "status":
            places[index] = "state"
        elif "meta" not in places:
            places[index] = "meta"
    return places


class MerchantSite(OperatorSite):
    """About one merchant, mounted by `door.of_merchant`, which has entered the tenant."""

    groups = (
        ("Account", ("merchants",)),
        ("Affiliates", ("affiliates", "rewards")),
        ("Sales", ("customers", "orders")),
        ("Money", ("commissions", "payouts", "ledger")),
        ("Machinery", ("stats", "tracking")),
    )

    def guarded(self, view: View) -> View:
        """As it is: there is no other way to these addresses than through the door."""
        return view

    def front(self, request: OperatorRequest) -> HttpResponseBase:
        """The merchant, and who of the operators looked at it last."""
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        merchant = request.merchant
        assert merchant is not None
        request.shows = Shown("operator.open", "merchant", str(merchant.id))
        looked = merchant.audit_entries.filter(actor_kind="operator").order_by("-id")[:_SHOWN_ACCESSES]
        context = {"title": merchant.name, "looked": looked, "overview": True}
        return self._page(request, "operators/merchant.html", context, None)


class InstallationSite(OperatorSite):
    """About the installation."""

    groups = (("Installation", ("merchants",)),)

    def guarded(self, view: View) -> View:
        """Behind the door."""
        return of_installation(view)

    def front(self, request: OperatorRequest) -> HttpResponseBase:
        """The merchants."""
        return HttpResponseRedirect(self._list_url(self._first()))

    def _first(self) -> Readable:
        return cast(Readable, next(iter(self._registry.values())))


installation = InstallationSite(name="installation")
