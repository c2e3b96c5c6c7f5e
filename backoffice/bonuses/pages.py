"""One bonus: made, looked at with everybody's progress, changed, ended, deleted."""

from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Sum
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse

from affiliates.programs import default_program
from backoffice.asked import Asked
from backoffice.bonuses.form import (
    MORE,
    ROWS,
    BonusForm,
    EditBonusForm,
    NewBonusForm,
    RenameForm,
    initial_of,
    with_more_rows,
)
from backoffice.bonuses.list import TAKEN_BACK, given_to, progress_of
from backoffice.door import StaffRequest, done, form_status, once, page, posted, sent, staff_page
from bonuses import plans
from bonuses.counting import sentence
from bonuses.models import Bonus
from bonuses.periods import Span
from bonuses.reading import Standing, spans_of
from merchants.edits import lock
from merchants.roles import Permission
from pages.forms import PageForm
from pages.listing import Sort, sheet

_SORTS = {"progress": Sort("reached", int)}
_OWNERS = 100


@staff_page(Permission.EDIT_REWARDS)
def bonuses_new(request: StaffRequest) -> HttpResponseBase:
    """The form; on success the bonus's page. `partner` in the address offers that partner, too."""
    if not request.merchant.programs.exists():
        default_program(actor=request.actor)
    currency, owners = request.merchant.currency, _owners(request)
    if MORE in request.POST:
        form = NewBonusForm(initial=with_more_rows(request.POST, currency), owners=owners)
        return _new_page(request, form)
    initial = {"currency": currency, "rows": ROWS, "whose": owners[0][0] if owners else ""}
    form = NewBonusForm(posted(request), initial=initial, owners=owners)
    if sent(request, form):
        with form.refused():
            address = once(request, form, lambda: _make(request, form))
            return done(request, f"{form.cleaned_data['name']} is set.", address)
    return _new_page(request, form)


def _new_page(request: StaffRequest, form: NewBonusForm) -> HttpResponseBase:
    context = {"form": form, "owners": form.fields["whose"].choices}  # type: ignore[attr-defined] # a ChoiceField
    return page(request, "backoffice/bonuses/new.html", context, status=form_status(form))


def _make(request: StaffRequest, form: NewBonusForm) -> str:
    level, _, key = form.cleaned_data["whose"].partition(":")
    rows: Any = getattr(request.merchant, f"{level}s")
    whose: Any = {level: rows.get(id=UUID(key))}
    return _at(request, "bonuses_detail", plans.create_bonus(**whose, **form.terms(), actor=request.actor))


@staff_page(Permission.VIEW)
def bonuses_detail(request: StaffRequest, bonus: UUID) -> HttpResponseBase:
    """What is promised, and how far everybody is in one period, the furthest first."""
    found, today = _bonus(request, bonus), plans.today_of()
    spans = spans_of(found, today)
    span = _span(spans, request.GET.get("period", ""))
    query = request.GET.copy()
    query["bonus"], query["period"] = str(found.id), span.first.isoformat()
    rows = progress_of(Asked(request.merchant, query, request.may)).filter(reached__gt=0)
    progress = sheet(request, rows.select_related("partner", "merchant"), sorts=_SORTS, default="-progress")
    given = given_to(progress.rows)
    awards = found.awards.filter(first_day=span.first).exclude(commission__status__in=TAKEN_BACK)
    in_all = awards.aggregate(
        targets=Count("id"),
        amount=Sum(F("commission__amount") - F("commission__reversed")),
        partners=Count("partner", distinct=True),
    )
    context = {
        "bonus": found,
        "status": found.status(today),
        "has_begun": plans.has_begun(found, today),
        "can_end": plans.can_end(found, today),
        "sentence": sentence(found),
        "spans": spans,
        "span": span,
        "days_left": span.days_left(today),
        "sheet": progress,
        "rows": [
            (row, Standing(found, span, row.reached, today), given.get((found.id, row.partner_id, span.first), 0))
            for row in progress.rows
        ],
        "in_all": in_all,
        "exported": f"bonus={found.id}&period={span.first.isoformat()}",
        "partials": {"list"},
    }
    return page(request, "backoffice/bonuses/detail.html", context)


@staff_page(Permission.EDIT_REWARDS)
def bonuses_edit(request: StaffRequest, bonus: UUID) -> HttpResponseBase:
    """Change a bonus; once it has begun, its name."""
    found = _bonus(request, bonus)
    if plans.has_begun(found, plans.today_of()):
        return _rename(request, found)
    if MORE in request.POST:
        return _edit_page(request, found, EditBonusForm(initial=with_more_rows(request.POST, found.currency)))
    form = EditBonusForm(posted(request), initial=initial_of(found))
    if sent(request, form):
        lock(found.owner)
        lock(found)
        terms = form.terms()
        if not form.overtaken(request.merchant, "bonus", found.id, terms.keys()):
            with form.refused():
                terms["starts_on"] = terms["starts_on"] or plans.today_of()
                plans.update_bonus(found, changes=terms, actor=request.actor)
                return done(request, f"{found.name} is saved.", _at(request, "bonuses_detail", found))
    return _edit_page(request, found, form)


def _edit_page(request: StaffRequest, bonus: Bonus, form: BonusForm) -> HttpResponseBase:
    return page(request, "backoffice/bonuses/edit.html", {"bonus": bonus, "form": form}, status=form_status(form))


def _rename(request: StaffRequest, bonus: Bonus) -> HttpResponseBase:
    form = RenameForm(posted(request), initial=initial_of(bonus))
    if sent(request, form):
        lock(bonus.owner)
        lock(bonus)
        if not form.overtaken(request.merchant, "bonus", bonus.id, ["name"]):
            with form.refused():
                plans.update_bonus(bonus, changes={"name": form.cleaned_data["name"]}, actor=request.actor)
                return done(request, f"{bonus.name} is saved.", _at(request, "bonuses_detail", bonus))
    return page(request, "backoffice/bonuses/rename.html", {"bonus": bonus, "form": form}, status=form_status(form))


@staff_page(Permission.EDIT_REWARDS)
def bonuses_end(request: StaffRequest, bonus: UUID) -> HttpResponseBase:
    """Ask, then let today be the last day."""
    found = _bonus(request, bonus)
    form = PageForm(posted(request))
    if sent(request, form):
        with form.refused():
            plans.end_bonus(found, actor=request.actor)
            when = "today" if found.ends_on == plans.today_of() else "with its first day"
            return done(request, f"{found.name} ends {when}.", _at(request, "bonuses_detail", found))
    context = {"bonus": found, "form": form, "partials": {"ask"}}
    return page(request, "backoffice/bonuses/end.html", context, status=form_status(form))


@staff_page(Permission.EDIT_REWARDS)
def bonuses_delete(request: StaffRequest, bonus: UUID) -> HttpResponseBase:
    """Ask, then delete a bonus that has not begun."""
    found = _bonus(request, bonus)
    form = PageForm(posted(request))
    if sent(request, form):
        with form.refused():
            plans.delete_bonus(found, actor=request.actor)
            return done(
                request, f"{found.name} is deleted.", reverse("backoffice:bonuses", args=[request.merchant.slug])
            )
    context = {"bonus": found, "form": form, "partials": {"ask"}}
    return page(request, "backoffice/bonuses/delete.html", context, status=form_status(form))


def _bonus(request: StaffRequest, bonus: UUID) -> Bonus:
    return get_object_or_404(request.merchant.bonuses.select_related("program", "group", "partner"), id=bonus)


def _span(spans: list[Span], asked: str) -> Span:
    """The period that is asked for, or else the newest."""
    try:
        first = date.fromisoformat(asked)
    except ValueError:
        return spans[0]
    return next((span for span in spans if span.first == first), spans[0])


def _owners(request: StaffRequest) -> list[tuple[str, str]]:
    """Whom it may be for: programs, groups, and the partner whose page led here."""
    merchant = request.merchant
    programs = merchant.programs.order_by("-is_default", "name")[:_OWNERS]
    found = [(f"program:{row.pk}", f"Everybody in {row.name}") for row in programs]
    found += [(f"group:{row.pk}", f"The group {row.name}") for row in merchant.groups.order_by("name")[:_OWNERS]]
    asked = request.GET.get("partner", "") or request.POST.get("whose", "").removeprefix("partner:")
    try:
        partner = merchant.partners.filter(id=UUID(asked)).first()
    except ValueError:
        return found
    return found if partner is None else [(f"partner:{partner.id}", f"{partner.name} alone"), *found]


def _at(request: StaffRequest, name: str, bonus: Bonus) -> str:
    return reverse(f"backoffice:{name}", args=[request.merchant.slug, bonus.id])
