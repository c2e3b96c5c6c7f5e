"""The rules of a program, a group or a partner: in the order in which they are asked, set and ended."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from affiliates.models import Group, Partner, Program
from backoffice.door import StaffRequest, done, form_status, led_to, once, page, posted, sent, staff_page
from backoffice.rules import history
from backoffice.rules.form import ADD_TIER, DRAW_TIERS, DROP_TIER, RuleForm, initial_of
from backoffice.rules.owners import address_of, chain_of, newest_of, owner_of
from backoffice.rules.versioned import TRY
from merchants.edits import lock
from merchants.roles import Permission
from pages.forms import OnceField, PageForm
from rewards.checks import MOST_TIERS
from rewards.details import EVENTS
from rewards.models import RewardVersion
from rewards.reach import with_reach
from rewards.rules import Rules, Terms, asked
from rewards.sentences import sentence
from rewards.terms import Owner, add_rule, end_reward, rules_of, set_reward, versions_of
from tracking.proposals import TRIED

_VERSIONS = 50
#: Partners with rules of their own that the list names; the others are found by their name.
_MOST_PARTNERS = 20


@dataclass(frozen=True, slots=True)
class Shown:
    """A rule as a line of the list."""

    terms: Terms
    owner: Owner
    sentence: str
    is_asked: bool = True
    """Whether it can ever be asked: no rule before it decides every sale."""

    @property
    def key(self) -> UUID:
        """What its address names: the rule, or the owner for the basic one."""
        return self.terms.rule or self.owner.pk


@staff_page(Permission.VIEW)
def rules(request: StaffRequest) -> HttpResponseBase:
    """The way in: the default program's rules."""
    program = request.merchant.programs.filter(is_default=True).first()
    if program is None:
        return page(request, "backoffice/rules/list.html", {"owner": None})
    return led_to(request, address_of(request, program))


@staff_page(Permission.VIEW)
def rules_of_owner(request: StaffRequest, level: str, owner: UUID) -> HttpResponseBase:
    """An owner's rules in the order in which they are asked, those to come, and every version there was."""
    found = owner_of(request, level, owner)
    versions = list(rules_of(found).order_by("-effective_from", "-number"))
    now = timezone.now()
    context = {
        "owner": found,
        "level": level,
        "running": list(_running(found, now)),
        "coming": [_shown(found, version) for version in versions if version.effective_from > now],
        "history": [(version, sentence(version.terms())) for version in versions[:_VERSIONS]],
        "hidden": max(len(versions) - _VERSIONS, 0),
        "owners": _owners(request, found),
        "partners": [] if isinstance(found, Partner) else list(_partners_with_rules(found)[: _MOST_PARTNERS + 1]),
        "most_partners": _MOST_PARTNERS,
    }
    return page(request, "backoffice/rules/list.html", context)


@staff_page(Permission.EDIT_REWARDS)
def rules_new(request: StaffRequest, level: str, owner: UUID) -> HttpResponseBase:
    """Another rule beside those there are."""
    found, currency = owner_of(request, level, owner), request.merchant.currency
    if _moves_rows(request):
        return _form_page(request, found, RuleForm.with_rows_moved(request.POST, currency=currency), None)
    form = RuleForm(posted(request), currency=currency)
    if sent(request, form):
        with form.refused():
            if TRY in request.POST:
                return led_to(request, history.begin(request, found, form, None, adds=True))
            address = once(request, form, lambda: _add(request, level, found, form))
            return done(request, "The rule is set.", address)
    return _form_page(request, found, form, None)


@staff_page(Permission.EDIT_REWARDS)
def rules_edit(request: StaffRequest, level: str, owner: UUID, rule: UUID) -> HttpResponseBase:
    """A new version of a rule; one that somebody else set meanwhile is shown before it is replaced."""
    found, currency = owner_of(request, level, owner), request.merchant.currency
    chain, lasting = chain_of(found, rule)
    if lasting is not None and lasting.levels:
        return led_to(request, reverse("backoffice:rules_recruiting", args=[request.merchant.slug, level, owner, rule]))
    if _moves_rows(request):
        return _form_page(request, found, RuleForm.with_rows_moved(request.POST, currency=currency), lasting)
    initial = initial_of(lasting, currency) if lasting else {}
    form = RuleForm(posted(request), currency=currency, initial=initial | {"version": newest_of(found, chain)})
    if sent(request, form):
        with form.refused():
            if TRY in request.POST:
                return led_to(request, history.begin(request, found, form, chain, adds=False))
            address = once(request, form, lambda: _set(request, level, found, chain, form))
            return done(request, "The rule has a new version.", address)
    return _form_page(request, found, form, lasting)


def _moves_rows(request: StaffRequest) -> bool:
    """Whether a button of the tiers was pressed, or a choice changed that says what their fields are."""
    return request.method == "POST" and any(button in request.POST for button in (ADD_TIER, DROP_TIER, DRAW_TIERS))


class EndForm(PageForm):
    """When the rule ends."""

    once = OnceField()
    effective_from = forms.DateTimeField(
        label="Ends", required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text="Empty: now. Then the next rule in the order decides.",
    )  # fmt: skip


@staff_page(Permission.EDIT_REWARDS)
def rules_end(request: StaffRequest, level: str, owner: UUID, rule: UUID) -> HttpResponseBase:
    """Ask, then end a rule, or try on the orders of twelve months what its end would do."""
    found = owner_of(request, level, owner)
    chain, lasting = chain_of(found, rule)
    form = EndForm(posted(request))
    if sent(request, form):
        ends: Any = {"effective_from": form.cleaned_data["effective_from"]}
        with form.refused():
            if TRY in request.POST:
                return led_to(request, history.begin_end(request, found, chain, **ends))
            end_reward(rule=chain, actor=request.actor, **ends | {level: found})
            return done(request, "The rule ends.", address_of(request, found))
    context = {
        "form": form, "owner": found, "level": level, "partials": {"ask"}, "rule": rule,
        "said": sentence(lasting.terms()) if lasting else "This rule",
        "can_be_tried": lasting is not None and lasting.more().event in TRIED,
    }  # fmt: skip
    return page(request, "backoffice/rules/end.html", context, status=form_status(form))


def _running(owner: Owner, now: datetime) -> Iterator[Shown]:
    """What decides for the owner now, in the order in which it is asked: their own rules, and the wider ones after."""
    owners = {str(each._meta.model_name): each for each in _with_wider(owner)}
    rules = {level: Rules([version.terms() for version in rules_of(each)]) for level, each in owners.items()}
    for event in EVENTS:
        for terms, is_asked in with_reach(asked(rules, now, event)):
            yield Shown(terms, owners[terms.level], sentence(terms), is_asked)


def _with_wider(owner: Owner) -> list[Owner]:
    if isinstance(owner, Program):
        return [owner]
    if isinstance(owner, Group):
        return [owner, owner.program]
    return [owner, *([owner.group] if owner.group else []), owner.program]


def _shown(owner: Owner, version: RewardVersion) -> Shown:
    terms = version.terms()
    return Shown(terms, owner, sentence(terms))


def _partners_with_rules(owner: Program | Group) -> "QuerySet[Partner]":
    """Those of the program or group who have rules of their own, or had."""
    own = owner.merchant.reward_versions.filter(partner=OuterRef("id"))
    return owner.partners.filter(Exists(own)).order_by("name", "id")


def _owners(request: StaffRequest, found: Owner) -> list[tuple[str, str, bool]]:
    """The programs and groups, as tabs."""
    merchant = request.merchant
    rows: list[Program | Group] = [*merchant.programs.order_by("-is_default", "name")[:20]]
    rows += merchant.groups.order_by("name")[:20]
    return [(row.name, address_of(request, row), row == found) for row in rows]


def _form_page(request: StaffRequest, owner: Owner, form: RuleForm, lasting: RewardVersion | None) -> HttpResponseBase:
    now = timezone.now()
    ahead = versions_of(owner, lasting.rule).filter(effective_from__gt=now) if lasting else []
    context = {
        "form": form,
        "owner": owner,
        "level": owner._meta.model_name,
        "lasting": lasting,
        "said": sentence(lasting.terms()) if lasting else "",
        "ahead": [(version, sentence(version.terms())) for version in ahead],
        "most_tiers": MOST_TIERS,
        "partials": {"tiers"},
    }
    return page(request, "backoffice/rules/edit.html", context, status=form_status(form))


def _add(request: StaffRequest, level: str, owner: Owner, form: RuleForm) -> str:
    whose: Any = {level: owner}
    add_rule(actor=request.actor, **whose, **form.rule())
    return address_of(request, owner)


def _set(request: StaffRequest, level: str, owner: Owner, chain: UUID | None, form: RuleForm) -> str:
    whose: Any = {level: owner}
    lock(owner)
    form.refuse_overtaken(request, versions_of(owner, chain).order_by("-number").first())
    set_reward(rule=chain, actor=request.actor, **whose, **form.rule())
    return address_of(request, owner)
