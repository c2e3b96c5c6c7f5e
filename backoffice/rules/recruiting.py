"""What recruiters earn, as a form of its own: a percentage for each level, for how long, at most how much (SPEC A9)."""

import re
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponseBase
from django.urls import reverse

from backoffice.door import StaffRequest, done, form_status, led_to, once, page, posted, sent, staff_page
from backoffice.rules import history
from backoffice.rules.owners import address_of, newest_of, owner_of
from backoffice.rules.versioned import TRY, TriableForm
from merchants.edits import lock
from merchants.errors import DomainError
from merchants.money import plain
from merchants.roles import Permission
from pages.forms import MoneyField, OnceField
from rewards.checks import checked_percent
from rewards.details import Details
from rewards.levels import percent_at
from rewards.models import RewardVersion
from rewards.terms import Owner, add_rule, set_reward, versions_of

_BETWEEN = re.compile(r"[\s,;%]+")


class RecruitingForm(TriableForm):
    """One version of a rule for recruiters."""

    once = OnceField()
    name = forms.CharField(label="Name", max_length=100, required=False, help_text="Such as Ambassadors.")
    levels = forms.CharField(
        label="Percentages by level", max_length=1000, widget=forms.TextInput(attrs={"inputmode": "text"}),
        help_text="The nearest first, with commas between: 10, 5, 2 pays three levels.",
    )  # fmt: skip
    first_months = forms.IntegerField(
        label="First months of a recruit", required=False, min_value=1, max_value=1200, help_text="Empty: for life."
    )
    maximum = MoneyField(label="At most for one commission", required=False)
    effective_from = forms.DateTimeField(
        label="From", required=False, widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text="Empty: from now on. What was earned before is shared as it was.",
    )  # fmt: skip
    renames = {"deeper": "levels", "percent": "levels", "since": "history_from", "until": "history_to"}

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, currency=currency, **kwargs)
        self.money = currency

    def clean_levels(self) -> list[Decimal]:
        """A percentage for each level."""
        texts = [text for text in _BETWEEN.split(self.cleaned_data["levels"]) if text]
        try:
            return [checked_percent(text) for text in texts]
        except DomainError:
            raise forms.ValidationError("Give each level a percentage between 0 and 100, such as 10, 5, 2.5.") from None

    def rule(self) -> dict[str, Any]:
        """What was typed, as the verbs take it."""
        values = self.cleaned_data
        nearest, *deeper = values["levels"]
        details = Details(
            name=values["name"], event="recruit", deeper=tuple(deeper), first_months=values["first_months"],
            maximum=values["maximum"],
        )  # fmt: skip
        return {
            "kind": "percentage",
            "percent": nearest,
            "currency": self.money if details.names_amounts else "",
            "details": details,
            "effective_from": values["effective_from"],
        }


@staff_page(Permission.EDIT_REWARDS)
def rules_recruiting(request: StaffRequest, level: str, owner: UUID, rule: UUID | None = None) -> HttpResponseBase:
    """Another rule for recruiters, or a new version of one."""
    found = owner_of(request, level, owner)
    newest = versions_of(found, rule).order_by("-effective_from", "-number").first() if rule else None
    if rule is not None and (newest is None or not newest.levels):
        return led_to(request, reverse("backoffice:rules_edit", args=[request.merchant.slug, level, owner, rule]))
    currency = (newest.currency if newest else "") or request.merchant.currency
    initial = _initial(newest) | {"version": newest_of(found, rule)} if newest else {}
    form = RecruitingForm(posted(request), currency=currency, initial=initial)
    if sent(request, form):
        with form.refused():
            if TRY in request.POST:
                return led_to(request, history.begin(request, found, form, rule, adds=rule is None))
            address = once(request, form, lambda: _set(request, level, found, rule, form))
            return done(request, "Recruiters earn by this rule from then on.", address)
    context = {"form": form, "owner": found, "level": level, "version": newest}
    return page(request, "backoffice/rules/recruiting.html", context, status=form_status(form))


def _initial(version: RewardVersion) -> dict[str, Any]:
    terms = version.terms()
    rates = [plain(percent_at(terms, level)) for level in range(1, version.levels + 1)]
    details = terms.details
    return {
        "name": details.name, "levels": ", ".join(rates), "first_months": details.first_months,
        "maximum": details.maximum,
    }  # fmt: skip


def _set(request: StaffRequest, level: str, owner: Owner, rule: UUID | None, form: RecruitingForm) -> str:
    whose: Any = {level: owner}
    if rule is None:
        add_rule(actor=request.actor, **whose, **form.rule())
    else:
        lock(owner)
        form.refuse_overtaken(request, versions_of(owner, rule).order_by("-number").first())
        set_reward(rule=rule, actor=request.actor, **whose, **form.rule())
    return address_of(request, owner)
