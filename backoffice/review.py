"""Fraud review (SPEC A18): what was found, with all it takes to decide; the rules, and trying them on history."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpResponseBase
from django.urls import reverse

from backoffice.asked import Asked
from backoffice.chosen import Chosen
from backoffice.door import StaffRequest, done, form_status, led_to, page, posted, sent, staff_page
from commissions.in_bulk import start_deciding
from commissions.models import Commission, Flag, FlagOutcome, Severity
from commissions.review import DECISIONS, decide
from fraud.preview import DAYS, PREVIEW
from fraud.rules import RULES, Parameter, Rule, rule_of
from fraud.switches import set_rule, settings_of
from jobs.models import Job
from jobs.start import start
from merchants.errors import DomainError
from merchants.models import Merchant
from merchants.roles import Permission
from pages.forms import PageForm
from pages.listing import Sort, sheet

_SORTS = {"severity": Sort("severity", int), "amount": Sort("amount", int)}
#: What each decision is on a button and in a sentence.
_WORDS = {
    FlagOutcome.RELEASED: ("Release", "released"),
    FlagOutcome.MISTAKEN: ("Release as false positive", "released, and the rule noted as wrong"),
    FlagOutcome.REJECTED: ("Reject", "rejected"),
}


class DecisionForm(PageForm):
    """Why."""

    reason = forms.CharField(
        label="Reason", max_length=500, help_text="Kept with the commission. Partners do not see it."
    )


class RuleForm(PageForm):
    """Whether a rule is on, and its parameters."""

    is_on = forms.BooleanField(label="Look at new commissions", required=False)

    def __init__(self, *args: Any, rule: Rule, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rule = rule
        for name, parameter in rule.parameters.items():
            self.fields[name] = _field(parameter)

    def values(self) -> dict[str, Any]:
        """Parameters as the verb takes them; a list left empty is not set."""
        return {name: self.cleaned_data[name] for name in self.rule.parameters if self.cleaned_data[name]}


def _field(parameter: Parameter) -> forms.Field:
    if isinstance(parameter.default, tuple):
        widget = forms.Textarea(attrs={"rows": 4, "class": "input"})
        return forms.CharField(label=parameter.label, required=False, max_length=10_000, widget=widget,
                               help_text=parameter.hint.capitalize())  # fmt: skip
    widget_of_number = forms.TextInput(attrs={"inputmode": "decimal", "class": "input", "autocomplete": "off"})
    return forms.CharField(label=parameter.label, max_length=12, widget=widget_of_number)


@staff_page(Permission.VIEW)
def review(request: StaffRequest) -> HttpResponseBase:
    """The queue: commissions with open flags, the gravest first."""
    asked = Asked.of(request)
    rows = matching(asked).select_related("order__click", "partner", "customer")
    found = sheet(request, rows, sorts=_SORTS, default="-severity")
    flags: dict[UUID, list[Flag]] = {}
    for flag in (
        _open(request.merchant).filter(commission__in=[row.id for row in found.rows]).order_by("-severity", "id")
    ):
        flags.setdefault(flag.commission_id, []).append(flag)
    context = {
        "sheet": found,
        "rows": [(row, flags.get(row.id, [])) for row in found.rows],
        "partner": asked.partner,
        "rule": asked.text("rule"),
        "rules": RULES.values(),
        "titles": {key: rule.title for key, rule in RULES.items()},
        "decisions": [(each.value, _WORDS[each][0]) for each in DECISIONS],
        "partials": {"list"},
    }
    return page(request, "backoffice/review/queue.html", context)


@staff_page(Permission.EDIT_COMMISSIONS)
def review_decide(request: StaffRequest) -> HttpResponseBase:
    """Ask for the reason, then decide about one or many in the same way."""
    back = reverse("backoffice:review", args=[request.merchant.slug])
    action = request.POST.get("action", "")
    chosen: Chosen[Commission] = Chosen(request, matching(Asked.of(request)))
    if action not in DECISIONS or not chosen.ids:
        return done(request, "Nothing was changed: choose commissions in the list first.", back)
    form = DecisionForm(request.POST if chosen.confirmed else None)
    if chosen.are_others:
        messages.error(request, "Meanwhile other commissions match. Nothing is changed yet: look again.")
    elif chosen.confirmed and form.is_valid():
        reason = form.cleaned_data["reason"]
        if chosen.is_many:
            job = start_deciding(
                f"review_{action}", merchant=request.merchant, commission_ids=chosen.ids, reason=reason,
                actor=request.actor,
            )  # fmt: skip
            return led_to(request, reverse("backoffice:jobs_detail", args=[request.merchant.slug, job.id]))
        changed = _decide(request, chosen.ids, action, reason)
        left = len(chosen.ids) - changed
        if left:
            messages.warning(request, f"{left:,} had been decided about meanwhile, or cannot be decided so.")
        word = _WORDS[FlagOutcome(action)][1]
        return done(request, f"{changed:,} commission{'' if changed == 1 else 's'} {word}.", back)
    context = {
        "form": form, "action": action, "title": _WORDS[FlagOutcome(action)][0], "chosen": chosen,
        "shown": request.merchant.commissions.filter(id__in=chosen.ids[:20]).select_related("order", "partner"),
    }  # fmt: skip
    return page(request, "backoffice/review/decide.html", context, status=form_status(form))


def _decide(request: StaffRequest, ids: list[UUID], action: str, reason: str) -> int:
    changed = 0
    # By id, as everybody locks commissions.
    for commission in request.merchant.commissions.filter(id__in=ids).order_by("id"):
        try:
            decide(commission, outcome=action, reason=reason, actor=request.actor)
        except DomainError:
            # Somebody else decided meanwhile, or it was paid: it is counted as left.
            continue
        changed += 1
    return changed


@staff_page(Permission.VIEW)
def review_rules(request: StaffRequest) -> HttpResponseBase:
    """Every rule, whether it is on, and how often it was right."""
    counts: dict[str, dict[str, int]] = {}
    for row in request.merchant.flags.values("rule", "outcome").annotate(number=Count("id")):
        counts.setdefault(row["rule"], {})[row["outcome"]] = row["number"]
    rows = []
    for rule, setting in settings_of(request.merchant):
        of = counts.get(rule.key, {})
        right, wrong = of.get(FlagOutcome.REJECTED, 0), of.get(FlagOutcome.MISTAKEN, 0)
        rows.append(
            {
                "rule": rule,
                "is_on": setting is not None and setting.is_on,
                "open": of.get(FlagOutcome.OPEN, 0),
                "released": of.get(FlagOutcome.RELEASED, 0),
                "right": right,
                "wrong": wrong,
                "precision": round(100 * right / (right + wrong)) if right + wrong else None,
            }
        )
    return page(request, "backoffice/review/rules.html", {"rows": rows})


@staff_page(Permission.EDIT_SETTINGS)
def review_rule(request: StaffRequest, rule: str) -> HttpResponseBase:
    """Switch a rule on or off, set its parameters, or try them on history first."""
    found = rule_of(rule)
    setting = request.merchant.fraud_rules.filter(rule=found.key).first()
    kept = setting.parameters if setting else {}
    initial = {"is_on": setting.is_on if setting else False} | {
        name: _shown(parameter, kept.get(name)) for name, parameter in found.parameters.items()
    }
    form = RuleForm(posted(request), rule=found, initial=initial)
    if sent(request, form):
        with form.refused():
            if "preview" in request.POST:
                return led_to(request, _tried(request, found, form.values()))
            is_on = form.cleaned_data["is_on"]
            set_rule(found, merchant=request.merchant, is_on=is_on, parameters=form.values(), actor=request.actor)
            address = reverse("backoffice:review_rules", args=[request.merchant.slug])
            return done(request, f"{found.title} is {'on' if is_on else 'off'}.", address)
    tried = request.merchant.jobs.filter(kind=PREVIEW, parameters__rule=found.key).order_by("-id").first()
    context = {"rule": found, "form": form, "tried": tried, "days": DAYS, "partials": {"tried"}}
    return page(request, "backoffice/review/rule.html", context, status=form_status(form))


def matching(asked: Asked) -> "QuerySet[Commission]":
    """The commissions under review that the query string asks for."""
    rows: QuerySet[Commission] = asked.merchant.commissions.under_review()
    gravest = _open(asked.merchant).filter(commission=OuterRef("id")).order_by("-severity").values("severity")[:1]
    rows = rows.annotate(severity=Subquery(gravest))
    if asked.partner is not None:
        rows = rows.filter(partner=asked.partner[0])
    if (rule := asked.text("rule")) in RULES:
        rows = rows.filter(id__in=_open(asked.merchant).filter(rule=rule).values("commission"))
    if (severity := asked.text("severity")) in map(str, Severity.values):
        rows = rows.filter(severity=int(severity))
    return rows


def _open(merchant: Merchant) -> "QuerySet[Flag]":
    rows: QuerySet[Flag] = merchant.flags.filter(outcome=FlagOutcome.OPEN)
    return rows


def _shown(parameter: Parameter, kept: Any) -> str:
    value = parameter.default if kept is None else kept
    return ", ".join(value) if isinstance(value, list | tuple) else str(value)


def _tried(request: StaffRequest, rule: Rule, given: dict[str, Any]) -> str:
    """The page of the rule, with the job that tries it."""
    parameters = {"rule": rule.key, "parameters": rule.cleaned(given)}
    job: Job = start(PREVIEW, merchant=request.merchant, parameters=parameters, actor=request.actor)
    return reverse("backoffice:review_rule", args=[request.merchant.slug, rule.key]) + f"?tried={job.id}#tried"
