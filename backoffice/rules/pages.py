"""The rules of a program, a group or a partner: in the order in which they are asked, set, ended, tried on an order."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from affiliates.models import Group, Partner, Program
from backoffice.door import StaffRequest, done, form_status, led_to, once, page, posted, sent, staff_page
from backoffice.rules import history
from backoffice.rules.form import TIERS, RuleForm, initial_of
from merchants.roles import Permission
from pages.forms import MoneyField, OnceField, PageForm
from rewards import engine
from rewards.details import EVENTS
from rewards.engine import OrderFacts, OrderLine, Reward, Standing, Terms
from rewards.models import RewardVersion
from rewards.sentences import sentence
from rewards.terms import Owner, add_rule, end_reward, levels_of, rules_of, set_reward, versions_of

_VERSIONS = 50
#: The button that tries what the form says on history, and sets nothing.
_TRY = "try_on_history"


@dataclass(frozen=True, slots=True)
class Shown:
    """A rule as a line of the list."""

    version: RewardVersion
    terms: Terms
    key: UUID
    """What its address names: the rule, or the owner for the basic one."""
    sentence: str
    is_ahead: bool
    """It takes effect later."""


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
        "running": _running(found, versions, now),
        "coming": [_shown(found, version, ahead=True) for version in versions if version.effective_from > now],
        "history": [(version, sentence(version.terms())) for version in versions[:_VERSIONS]],
        "owners": _owners(request, found),
    }
    return page(request, "backoffice/rules/list.html", context)


@staff_page(Permission.EDIT_REWARDS)
def rules_new(request: StaffRequest, level: str, owner: UUID) -> HttpResponseBase:
    """Another rule beside those there are."""
    found = owner_of(request, level, owner)
    form = RuleForm(posted(request), currency=request.merchant.currency)
    if sent(request, form):
        with _refused(form):
            if _TRY in request.POST:
                return led_to(request, history.begin(request, found, form, None, adds=True))
            address = once(request, form, lambda: _add(request, level, found, form))
            return done(request, "The rule is set.", address)
    return _form_page(request, level, found, form, None)


@staff_page(Permission.EDIT_REWARDS)
def rules_edit(request: StaffRequest, level: str, owner: UUID, rule: UUID) -> HttpResponseBase:
    """A new version of a rule."""
    found = owner_of(request, level, owner)
    chain = _chain(found, rule)
    newest = versions_of(found, chain).order_by("-effective_from", "-number").first()
    if newest is None and chain is not None:
        raise Http404
    if newest is not None and newest.levels:
        return led_to(request, reverse("backoffice:rules_recruiting", args=[request.merchant.slug, level, owner, rule]))
    currency = (newest.currency if newest else "") or request.merchant.currency
    initial = initial_of(newest, currency) if newest else {}
    form = RuleForm(posted(request), currency=currency, initial=initial)
    if sent(request, form):
        with _refused(form):
            if _TRY in request.POST:
                return led_to(request, history.begin(request, found, form, chain, adds=False))
            address = once(request, form, lambda: _set(request, level, found, chain, form))
            return done(request, "The rule has a new version.", address)
    return _form_page(request, level, found, form, newest)


class EndForm(PageForm):
    """When the rule ends."""

    once = OnceField()
    effective_from = forms.DateTimeField(
        label="Ends", required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text="Empty: now. Then the next rule in the order decides.",
    )  # fmt: skip


@staff_page(Permission.EDIT_REWARDS)
def rules_end(request: StaffRequest, level: str, owner: UUID, rule: UUID) -> HttpResponseBase:
    """Ask, then end a rule."""
    found = owner_of(request, level, owner)
    chain = _chain(found, rule)
    newest = versions_of(found, chain).order_by("-effective_from", "-number").first()
    if newest is None and chain is not None:
        raise Http404
    form = EndForm(posted(request))
    if sent(request, form):
        with form.refused():
            ends: Any = {level: found, "effective_from": form.cleaned_data["effective_from"]}
            end_reward(rule=chain, actor=request.actor, **ends)
            return done(request, "The rule ends.", address_of(request, found))
    context = {
        "form": form, "owner": found, "level": level, "partials": {"ask"},
        "said": sentence(newest.terms()) if newest else "This rule",
    }  # fmt: skip
    return page(request, "backoffice/rules/end.html", context, status=form_status(form))


class TryForm(PageForm):
    """An order that might be."""

    partner = forms.EmailField(label="Partner", max_length=254, help_text="By e-mail.")
    amount = MoneyField(label="Order total")
    country = forms.CharField(label="Country", required=False, max_length=2)
    customer = forms.ChoiceField(
        label="Customer", choices=(("new", "New"), ("returning", "Returning"), ("", "Nobody named")), required=False
    )
    coupon = forms.CharField(label="Coupon", required=False, max_length=64)
    tax = MoneyField(label="Tax in it", required=False)
    shipping = MoneyField(label="Shipping in it", required=False)
    discount = MoneyField(label="Discount in it", required=False)
    lines = forms.CharField(
        label="Lines", required=False, widget=forms.Textarea(attrs={"rows": 3}), max_length=4000,
        help_text="One a line: product key, amount, and a category if there is one. Such as book, 20.00, paper",
    )  # fmt: skip
    orders = forms.IntegerField(
        label="Orders before, this month", required=False, min_value=0, max_value=10**6,
        help_text="For tiers: where the partner stands.",
    )  # fmt: skip
    earned = MoneyField(label="Earned before, this month", required=False)
    placed_at = forms.DateTimeField(
        label="Placed", required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text="Empty: now.",
    )  # fmt: skip

    def clean_lines(self) -> tuple[OrderLine, ...]:
        """Positions of the order."""
        money, found = MoneyField(currency=self.fields["amount"].currency), []  # type: ignore[attr-defined]
        for number, text in enumerate(filter(str.strip, self.cleaned_data["lines"].splitlines()), 1):
            key, *rest = [part.strip() for part in text.split(",")]
            amount = money.clean(rest[0]) if rest and len(rest) <= 2 else None
            if amount is None or number > 500:
                raise forms.ValidationError(f"Line {number}: write a product key and an amount, such as book, 20.00")
            found.append(OrderLine(amount, key, rest[1] if len(rest) > 1 else ""))
        return tuple(found)

    def facts(self, currency: str) -> OrderFacts:
        """The order as the engine takes it."""
        values = self.cleaned_data
        customer = {"new": True, "returning": False}.get(values["customer"])
        return OrderFacts(
            amount=values["amount"], currency=currency, placed_at=values["placed_at"] or timezone.now(),
            tax=values["tax"] or 0, shipping=values["shipping"] or 0, discount=values["discount"] or 0,
            lines=values["lines"], country=values["country"].upper(), is_new=customer,
            coupon=values["coupon"].upper(), metadata={},
        )  # fmt: skip


@staff_page(Permission.VIEW)
def rules_try(request: StaffRequest) -> HttpResponseBase:
    """What an order would earn, and why every other rule would not decide it. Nothing is written."""
    merchant = request.merchant
    asked = "amount" in request.GET
    form = TryForm(request.GET if asked else None, currency=merchant.currency, initial={"partner": _named(request)})
    result: dict[str, Any] = {}
    if asked and form.is_valid():
        partner = merchant.partners.filter(email=form.cleaned_data["partner"].lower()).first()
        if partner is None:
            form.add_error("partner", "There is no partner with this e-mail.")
        else:
            result = _tried(form, partner, merchant.currency)
    context = {"form": form, "currency": merchant.currency, **result, "partials": {"result"}}
    return page(request, "backoffice/rules/try.html", context, status=form_status(form) if asked else 200)


def _tried(form: TryForm, partner: Partner, currency: str) -> dict[str, Any]:
    values, facts = form.cleaned_data, form.facts(currency)
    standing = Standing(
        month_orders=values["orders"] or 0, month_earned=values["earned"] or 0, orders=values["orders"] or 0
    )
    levels = levels_of(partner)
    found = engine.decide(facts, levels, standing=standing, look_on=True)
    explanation = found.explanation if isinstance(found, Reward) else found
    return {
        "partner": partner,
        "earns": found.amount if isinstance(found, Reward) else 0,
        "reward": found if isinstance(found, Reward) else None,
        "parts": [(part, sentence(part.terms)) for part in found.parts] if isinstance(found, Reward) else [],
        "working": explanation["working"],
        "tried": explanation["rules"],
    }


def _named(request: StaffRequest) -> str:
    """The partner whose page led here."""
    asked = request.GET.get("partner", "")
    try:
        return request.merchant.partners.filter(id=UUID(asked)).values_list("email", flat=True).first() or ""
    except ValueError:
        return asked


def owner_of(request: StaffRequest, level: str, owner: UUID) -> Owner:
    """The program, group or partner of the merchant; 404 for anybody else's."""
    rows: dict[str, Any] = {
        "program": request.merchant.programs,
        "group": request.merchant.groups,
        "partner": request.merchant.partners,
    }
    if level not in rows:
        raise Http404
    found: Owner = get_object_or_404(rows[level].all(), id=owner)
    return found


def _chain(owner: Owner, rule: UUID) -> UUID | None:
    return None if rule == owner.pk else rule


def _running(owner: Owner, versions: list[RewardVersion], now: datetime) -> list[Shown]:
    by_id = {version.id: version for version in versions}
    rules = engine.Rules([version.terms() for version in versions])
    running = [terms for event in EVENTS for terms in rules.in_force(now, event)]
    return [_shown(owner, by_id[terms.id]) for terms in running]


def _shown(owner: Owner, version: RewardVersion, *, ahead: bool = False) -> Shown:
    terms = version.terms()
    return Shown(version, terms, version.rule or owner.pk, sentence(terms), ahead)


def _owners(request: StaffRequest, found: Owner) -> list[tuple[str, str, bool]]:
    """The programs and groups, as tabs."""
    merchant = request.merchant
    rows: list[Program | Group] = [*merchant.programs.order_by("-is_default", "name")[:20]]
    rows += merchant.groups.order_by("name")[:20]
    return [(row.name, address_of(request, row), row == found) for row in rows]


def address_of(request: StaffRequest, owner: Owner) -> str:
    """The page of an owner's rules."""
    return reverse("backoffice:rules_of", args=[request.merchant.slug, owner._meta.model_name, owner.pk])


def _form_page(
    request: StaffRequest, level: str, owner: Owner, form: RuleForm, version: RewardVersion | None
) -> HttpResponseBase:
    context = {"form": form, "owner": owner, "level": level, "version": version, "tiers": TIERS}
    return page(request, "backoffice/rules/edit.html", context, status=form_status(form))


def _add(request: StaffRequest, level: str, owner: Owner, form: RuleForm) -> str:
    whose: Any = {level: owner}
    add_rule(actor=request.actor, **whose, **form.rule())
    return address_of(request, owner)


def _set(request: StaffRequest, level: str, owner: Owner, chain: UUID | None, form: RuleForm) -> str:
    whose: Any = {level: owner}
    set_reward(rule=chain, actor=request.actor, **whose, **form.rule())
    return address_of(request, owner)


def _refused(form: RuleForm) -> Any:
    form.renames = {"tiers": "start_1", "since": "history_from"}
    return form.refused()
