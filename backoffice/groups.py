"""Groups of partners: what they have in common, who is in them, and the way in and out (SPEC A6)."""

from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Count
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from affiliates import programs
from affiliates.models import AutoApproval, Group, PartnerStatus
from backoffice.door import StaffRequest, done, form_status, once, page, posted, sent, staff_page
from merchants.edits import lock
from merchants.models import Merchant
from merchants.roles import Permission
from pages.decisions import address as public_address
from pages.forms import MoneyField, OnceField, PageForm, SeenField
from rewards.terms import reward_at

_MOST_SHOWN = 200
RULES = (
    (AutoApproval.NOBODY, "nobody: somebody looks at each"),
    (AutoApproval.EVERYBODY, "everybody"),
    (AutoApproval.DOMAINS, "whose e-mail is at one of these domains"),
    (AutoApproval.COUNTRIES, "who applies from one of these countries"),
)


def lines_of(text: str) -> list[str]:
    """What was written one a line, or with commas between."""
    return [each.strip() for line in text.splitlines() for each in line.split(",") if each.strip()]


class RuleFields(PageForm):
    """Who is approved without anybody looking."""

    auto_approval = forms.ChoiceField(label="Approve by itself", choices=RULES, required=False)
    auto_approve_domains = forms.CharField(
        label="E-mail domains", required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 2}),
        help_text="One a line, such as agency.example. Subdomains count too.",
    )  # fmt: skip
    auto_approve_countries = forms.CharField(
        label="Countries", required=False, max_length=2_000,
        help_text="Two letters each, such as SE, NO. Known where a proxy in front names the country.",
    )  # fmt: skip

    def rule(self) -> dict[str, Any]:
        """What was typed, as the verbs take it."""
        values = self.cleaned_data
        return {
            "auto_approval": values["auto_approval"],
            "auto_approve_domains": lines_of(values["auto_approve_domains"]),
            "auto_approve_countries": lines_of(values["auto_approve_countries"]),
        }


class GroupForm(RuleFields):
    """What a group decides for itself; what is left empty is the merchant's or the program's."""

    seen = SeenField()
    name = forms.CharField(label="Name", max_length=200)
    hold_days = forms.IntegerField(
        label="Hold, in days", required=False, min_value=0, max_value=3650,
        help_text="Commissions that exist keep theirs.",
    )  # fmt: skip
    minimum_payout = MoneyField(label="Minimum payout", required=False)
    landing_text = forms.CharField(
        label="Text above the application form", required=False, max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 4}), help_text="Empty is the program's text.",
    )  # fmt: skip

    def __init__(self, *args: Any, merchant: Merchant, **kwargs: Any) -> None:
        super().__init__(*args, currency=merchant.currency, **kwargs)
        rule = self.fields["auto_approval"]
        assert isinstance(rule, forms.ChoiceField)
        rule.choices = [("", "as the program does"), *RULES]
        self.fields["hold_days"].widget.attrs["placeholder"] = f"{merchant.hold_days}, as in the settings"

    def changes(self) -> dict[str, Any]:
        """What was typed, as the verbs take it."""
        names = ("name", "hold_days", "minimum_payout", "landing_text")
        return {name: self.cleaned_data[name] for name in names} | self.rule()


class NewGroupForm(GroupForm):
    """A group to be."""

    once = OnceField()
    program: Any = forms.ModelChoiceField(label="Program", queryset=None, empty_label=None)

    def __init__(self, *args: Any, merchant: Merchant, **kwargs: Any) -> None:
        super().__init__(*args, merchant=merchant, **kwargs)
        program = self.fields["program"]
        assert isinstance(program, forms.ModelChoiceField)
        program.queryset = merchant.programs.order_by("-is_default", "name")


@staff_page(Permission.VIEW)
def groups(request: StaffRequest) -> HttpResponseBase:
    """All groups, with how many are in them and how many of those wait."""
    found = list(request.merchant.groups.select_related("program").order_by("name")[:_MOST_SHOWN])
    by_status = request.merchant.partners.filter(group__in=found).values_list("group_id", "status")
    counts = {(group, status): number for group, status, number in by_status.annotate(Count("id")).order_by()}
    rows = [
        {
            "group": group,
            "members": sum(counts.get((group.id, status), 0) for status in PartnerStatus.values),
            "waiting": counts.get((group.id, PartnerStatus.APPLIED), 0),
        }
        for group in found
    ]
    return page(request, "backoffice/groups/list.html", {"rows": rows})


@staff_page(Permission.EDIT_PARTNERS)
def groups_new(request: StaffRequest) -> HttpResponseBase:
    """The form; on success the group's page."""
    merchant = request.merchant
    if not merchant.programs.exists():
        programs.default_program(actor=request.actor)
    initial = {"seen": SeenField.now(), "program": merchant.programs.filter(is_default=True).first()}
    form = NewGroupForm(posted(request), initial=initial, merchant=merchant)
    if sent(request, form):
        with form.refused():
            where = once(request, form, lambda: _make(request, form))
            return done(request, f"{form.cleaned_data['name']} is a group now.", where)
    return page(request, "backoffice/groups/new.html", {"form": form}, status=form_status(form))


def _make(request: StaffRequest, form: NewGroupForm) -> str:
    group = programs.create_group(program=form.cleaned_data["program"], **form.changes(), actor=request.actor)
    return _at(request, "groups_detail", group)


@staff_page(Permission.VIEW, post=Permission.EDIT_PARTNERS)
def groups_detail(request: StaffRequest, group: UUID) -> HttpResponseBase:
    """What the group decides, its members, its page; the form saves."""
    found, merchant = _group(request, group), request.merchant
    form = GroupForm(posted(request), initial=_initial(found), merchant=merchant)
    if sent(request, form):
        lock(found)
        if not form.overtaken(merchant, "group", found.id, form.changes()):
            with form.refused():
                programs.update_group(found, changes=form.changes(), actor=request.actor)
                return done(request, f"{found.name} is saved.", _at(request, "groups_detail", found))
    context = {
        "group": found,
        "form": form,
        "members": found.partners.count(),
        "reward": reward_at(found, timezone.now()),
        "link": request.build_absolute_uri(f"{public_address(found.program, 'page')}?group={found.id}"),
    }
    return page(request, "backoffice/groups/detail.html", context, status=form_status(form))


@staff_page(Permission.EDIT_PARTNERS)
def groups_delete(request: StaffRequest, group: UUID) -> HttpResponseBase:
    """Ask, then delete a group that nobody is in."""
    found = _group(request, group)
    form = PageForm(posted(request))
    if sent(request, form):
        with form.refused():
            programs.delete_group(found, actor=request.actor)
            address = reverse("backoffice:groups", args=[request.merchant.slug])
            return done(request, f"{found.name} is deleted.", address)
    context = {"group": found, "form": form, "members": found.partners.count(), "partials": {"ask"}}
    return page(request, "backoffice/groups/delete.html", context, status=form_status(form))


def _group(request: StaffRequest, group: UUID) -> Group:
    return get_object_or_404(request.merchant.groups.select_related("program__merchant", "merchant"), id=group)


def _at(request: StaffRequest, name: str, group: Group) -> str:
    return reverse(f"backoffice:{name}", args=[request.merchant.slug, group.id])


def _initial(group: Group) -> dict[str, Any]:
    # A minimum of another currency than the merchant's own has no effect, and no place in the form.
    minimum = group.minimum_payout if group.minimum_currency == group.merchant.currency else None
    return {
        "seen": SeenField.now(), "name": group.name, "hold_days": group.hold_days, "minimum_payout": minimum,
        "landing_text": group.landing_text, "auto_approval": group.auto_approval,
        "auto_approve_domains": "\n".join(group.auto_approve_domains),
        "auto_approve_countries": ", ".join(group.auto_approve_countries),
    }  # fmt: skip
