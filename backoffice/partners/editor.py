"""One partner: how they do, their settings, and what happened (SPEC A2)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from affiliates import activation
from affiliates import partners as verbs
from affiliates.models import Partner
from backoffice.audit import changes_of
from backoffice.door import StaffRequest, done, form_status, page, posted, sent, staff_page
from backoffice.partners.choosing import PartnerField
from backoffice.partners.create import RewardFields
from backoffice.rules.versioned import VersionedForm
from bonuses.counting import target_said
from bonuses.reading import standings_of
from commissions.models import CommissionStatus, FlagOutcome
from merchants.edits import lock
from merchants.roles import Permission
from pages.forms import PageForm, SeenField
from pages.mail import send
from pages.periods import PRESETS, period_of
from rewards.models import RewardVersion
from rewards.reach import with_reach
from rewards.rules import Terms, asked
from rewards.sentences import sentence
from rewards.terms import end_reward, in_force_for, levels_of, pays_recruiters, reward_at, versions_of
from stats.outstanding import outstanding_of
from stats.reading import Day, partner_days, partner_totals, percent_change

_RECENT = 8
_ENTRIES = 50
_AWARDS = 25
_KPIS = (("earned", "Earned"), ("clicks", "Clicks"), ("orders", "Conversions"), ("revenue", "Revenue"))


class SettingsForm(PageForm):
    """What the merchant's staff may change about a partner."""

    seen = SeenField()
    name = forms.CharField(label="Name", max_length=200)
    email = forms.EmailField(label="E-mail", max_length=254)
    group: Any = forms.ModelChoiceField(label="Group", queryset=None, required=False, empty_label="None")
    recruiter = PartnerField(label="Recruited by", required=False, help_text="Who brought them, if anybody did.")
    tags = forms.CharField(label="Tags", required=False, max_length=2000, help_text="Separated by commas.")
    notes = forms.CharField(label="Notes", required=False, widget=forms.Textarea(attrs={"rows": 4}),
                            help_text="Only your team sees them.")  # fmt: skip

    def __init__(self, *args: Any, partner: Partner, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.merchant = partner.merchant
        group = self.fields["group"]
        assert isinstance(group, forms.ModelChoiceField)
        group.queryset = partner.merchant.groups.filter(program=partner.program_id).order_by("name")
        group.help_text = "Its terms and hold count for orders from then on; commissions that exist keep theirs."
        self._dress("group")

    def clean_tags(self) -> list[str]:
        """Texts, each once."""
        return [tag.strip() for tag in self.cleaned_data["tags"].split(",") if tag.strip()]


class RewardForm(VersionedForm, RewardFields):
    """Terms of the partner's own, after those that were shown."""


@staff_page(Permission.VIEW)
def partners_detail(request: StaffRequest, partner: UUID) -> HttpResponseBase:
    """How the partner does: figures of a period, what they are owed, the latest commissions."""
    found, merchant = _partner(request, partner), request.merchant
    period = period_of(request.GET)
    both = partner_days(found.id, period.start - timedelta(days=period.days), period.end, merchant.currency)
    before, now = both[: period.days], both[period.days :]
    rules = _rules_in_force(found)
    reward = next((terms for terms in rules if terms.rule is None), None)
    context = {
        "period": period,
        "presets": PRESETS,
        "currency": merchant.currency,
        "kpis": [_kpi(key, label, now, before) for key, label in _KPIS],
        "days": now,
        "total": partner_totals([found.id], merchant.currency)[found.id],
        "owed": outstanding_of(found),
        "reward": reward,
        "rules": len(rules),
        "recent": found.commissions.listed()
        .select_related("order", "customer")
        .order_by("-occurred_at", "-id")[:_RECENT],
    }
    return _page(request, found, "detail", context)


def _kpi(key: str, label: str, now: list[Day], before: list[Day]) -> dict[str, Any]:
    has, had = (sum(getattr(day.figures, key) for day in days) for days in (now, before))
    return {"key": key, "label": label, "value": has, "percent": percent_change(has, had)}


def _rules_in_force(partner: Partner) -> list[Terms]:
    """What may decide for the partner now: the basic rule is only a part of what they earn by."""
    now, levels = timezone.now(), levels_of(partner)
    return [
        terms
        for event in ("sale", "lead", "click")
        for terms, is_asked in with_reach(asked(levels, now, event))
        if is_asked
    ]


@staff_page(Permission.VIEW, post=Permission.EDIT_PARTNERS)
def partners_settings(request: StaffRequest, partner: UUID) -> HttpResponseBase:
    """The form; what somebody else changed meanwhile is shown before it is overwritten."""
    found = _partner(request, partner)
    form = SettingsForm(posted(request), initial=_settings_initial(found), partner=found)
    if sent(request, form):
        names = ["name", "email", "group", "recruiter", "tags", "notes"]
        lock(found)
        if not form.overtaken(request.merchant, "partner", found.id, names):
            with form.refused():
                changes = {name: form.cleaned_data[name] for name in names}
                verbs.update_partner(found, changes=changes, actor=request.actor)
                address = reverse("backoffice:partners_settings", args=[request.merchant.slug, found.id])
                return done(request, f"{found.name} is saved.", address)
    return _settings_page(request, found, form, None)


@staff_page(Permission.VIEW)
def partners_bonuses(request: StaffRequest, partner: UUID) -> HttpResponseBase:
    """How far the partner is towards the bonuses that count for them, and what they were given for targets."""
    found = _partner(request, partner)
    awards = found.bonus_awards.select_related("bonus", "commission").order_by("-id")
    context = {
        "standings": standings_of(found, timezone.localdate()),
        "awards": [(award, target_said(award.bonus, award.target)) for award in awards[:_AWARDS]],
    }
    return _page(request, found, "bonuses", context)


@staff_page(Permission.EDIT_REWARDS)
def partners_reward(request: StaffRequest, partner: UUID) -> HttpResponseBase:
    """Give the partner terms of their own from now on, or take them away."""
    found = _partner(request, partner)
    address = reverse("backoffice:partners_settings", args=[request.merchant.slug, found.id])
    form = RewardForm(posted(request), merchant=request.merchant, prefix="reward")
    if sent(request, form):
        lock(found)
        with form.refused():
            form.refuse_overtaken(request, versions_of(found).order_by("-number").first())
            if form.cleaned_data["kind"]:
                form.give(found, actor=request.actor)
            elif reward_at(found, timezone.now()) is not None:
                end_reward(partner=found, actor=request.actor)
            return done(request, "New orders earn by these terms from now on.", address)
    return _settings_page(request, found, SettingsForm(initial=_settings_initial(found), partner=found), form)


@staff_page(Permission.EDIT_PARTNERS)
def partners_activation(request: StaffRequest, partner: UUID) -> HttpResponseBase:
    """Make the link with which the partner sets a password: to copy, or sent by e-mail."""
    found = _partner(request, partner)
    if request.method != "POST":
        return _page(request, found, "activation", {"link": "", "partials": {"ask"}})
    token = activation.hand_out(found, actor=request.actor)
    path = reverse("portal:activate", args=[found.portal_code, token])
    link = request.build_absolute_uri(path)
    if "send" in request.POST:
        send("activation", to=found.email, context={"partner": found, "link": link}, merchant=request.merchant)
        messages.success(request, f"The link is on its way to {found.email}.")
    return _page(request, found, "activation", {"link": link, "partials": {"ask"}})


@staff_page(Permission.VIEW)
def partners_activity(request: StaffRequest, partner: UUID) -> HttpResponseBase:
    """What was done to the partner, newest first; `before` an entry, for those who read on."""
    found = _partner(request, partner)
    entries = request.merchant.audit_entries.filter(object_type="partner", object_id=found.id).order_by("-id")
    before = _id(request.GET.get("before", ""))
    if before is not None:
        entries = entries.filter(id__lt=before)
    shown = list(entries[: _ENTRIES + 1])
    context = {
        "entries": [(entry, list(changes_of(entry))) for entry in shown[:_ENTRIES]],
        "before": before,
        "older": shown[_ENTRIES - 1].id if len(shown) > _ENTRIES else None,
        "partials": {"older"},
    }
    return _page(request, found, "activity", context)


def partner_of(request: StaffRequest, partner: UUID) -> Partner:
    """The merchant's partner of this id; 404 for anybody else's."""
    return _partner(request, partner)


def partner_page(
    request: StaffRequest, partner: Partner, tab: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponseBase:
    """A page below a partner's head and tabs."""
    return _page(request, partner, tab, context, status=status)


def _partner(request: StaffRequest, partner: UUID) -> Partner:
    doubts = request.merchant.flags.filter(
        outcome=FlagOutcome.OPEN, commission__partner=OuterRef("id"), commission__status=CommissionStatus.PENDING
    )
    rows = request.merchant.partners.select_related("group", "recruiter").annotate(
        is_doubted=Exists(doubts), recruits_pay=pays_recruiters()
    )
    return get_object_or_404(rows, id=partner)


def _page(
    request: StaffRequest, partner: Partner, tab: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponseBase:
    portal = request.build_absolute_uri(f"/p/{partner.portal_code}/")
    full = {"partner": partner, "tab": tab, "portal": portal, **context}
    return page(request, f"backoffice/partners/{tab}.html", full, status=status)


def _settings_page(
    request: StaffRequest, partner: Partner, form: SettingsForm, reward: RewardForm | None
) -> HttpResponseBase:
    versions = list(versions_of(partner).order_by("-number"))
    own = _in_force(versions)
    if reward is None:
        reward = RewardForm(initial=_reward_initial(versions, own), merchant=request.merchant, prefix="reward")
    context = {
        "form": form,
        # The simple form would set a rate and lose the rest.
        "conditional": sentence(own.terms()) if own and (own.details or own.excludes) else "",
        "reward_form": reward,
        "versions": versions[:20],
        "reward": in_force_for([partner], timezone.now())[partner.id],
    }
    return _page(request, partner, "settings", context, status=max(form_status(form), form_status(reward)))


def _in_force(versions: list[RewardVersion]) -> RewardVersion | None:
    effective = [version for version in versions if version.effective_from <= timezone.now()]
    latest = max(effective, key=lambda version: (version.effective_from, version.number), default=None)
    return None if latest is None or latest.ended else latest


def _settings_initial(partner: Partner) -> dict[str, Any]:
    return {
        "name": partner.name, "email": partner.email, "group": partner.group_id, "tags": ", ".join(partner.tags),
        "recruiter": partner.recruiter.email if partner.recruiter else "", "notes": partner.notes,
        "seen": SeenField.now(),
    }  # fmt: skip


def _reward_initial(versions: list[RewardVersion], own: RewardVersion | None) -> dict[str, Any]:
    number = versions[0].number if versions else 0
    if own is None:
        return {"kind": "", "version": number}
    percent = own.percent and own.percent.normalize()
    return {"kind": own.kind, "percent": percent, "amount": own.amount, "version": number}


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
