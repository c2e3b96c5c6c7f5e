"""Trying a rule on history: the job, the page of what came of it, its files, and the second click that publishes it."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from backoffice.door import StaffRequest, done, form_status, once, page, posted, sent, staff_page
from backoffice.rules.form import PublishForm, RuleForm
from backoffice.rules.owners import address_of
from jobs.kinds import Kind, Piece, Ready, Work
from jobs.models import Job, JobStatus
from jobs.start import start
from merchants.edits import lock
from merchants.errors import NotFound
from merchants.models import Merchant
from merchants.money import display, to_decimal
from merchants.roles import Permission
from pages.csv import csv_answer
from pages.periods import Period
from pages.xlsx import Workbook
from rewards.sentences import sentence
from rewards.terms import Owner, add_rule, end_reward, set_reward
from tracking.backtest import compare
from tracking.comparison import REASONS, Comparison
from tracking.proposals import Proposal, as_parameters, proposal_from, propose, propose_end, refuse_outdated

KIND = "rewards.backtest"
#: Partners whose difference the page shows; the workbook has all of them.
_MOST = 1_000
_PAGE = 50
_YEAR = timedelta(days=365)
_SUMS = ("Currency", "Orders", "As it stands", "As proposed", "Difference")


class Line(NamedTuple):
    """A line of a table, as the job's result keeps it."""

    name: str
    currency: str
    orders: int
    stands: int
    proposed: int
    group: str = ""
    key: str = ""
    """The partner's id."""

    @property
    def difference(self) -> int:
        """What the proposal pays more, or less."""
        return self.proposed - self.stands

    @property
    def month(self) -> date:
        """The first day of the month that the line is about."""
        return date.fromisoformat(f"{self.name}-01")

    def cells(self) -> list[Any]:
        """As a file has them."""
        amounts = (to_decimal(amount, self.currency) for amount in (self.stands, self.proposed, self.difference))
        return [self.currency, self.orders, *amounts]


def begin(request: StaffRequest, owner: Owner, form: RuleForm, rule: UUID | None, *, adds: bool) -> str:
    """Start the job for what the form says; the address of its page."""
    today, values = timezone.localdate(), form.cleaned_data
    end = values["history_to"] or today
    period = Period(values["history_from"] or end - _YEAR + timedelta(days=1), end)
    proposal = propose(owner, since=period.begins(), until=period.ends(), rule=rule, adds=adds, **form.rule())
    return _begun(request, proposal)


def begin_end(request: StaffRequest, owner: Owner, rule: UUID | None, *, effective_from: datetime | None) -> str:
    """The same for the end of a rule, on the orders of twelve months."""
    today = timezone.localdate()
    period = Period(today - _YEAR + timedelta(days=1), today)
    since, until = period.begins(), period.ends()
    return _begun(request, propose_end(owner, since=since, until=until, rule=rule, effective_from=effective_from))


def _begun(request: StaffRequest, proposal: Proposal) -> str:
    job = start(KIND, merchant=request.merchant, parameters=as_parameters(proposal), actor=request.actor)
    return _address(request, job)


def _address(request: StaffRequest, job: Job) -> str:
    return reverse("backoffice:rules_history", args=[request.merchant.slug, job.id])


def _work(job: Job, parameters: Mapping[str, Any]) -> Work:
    """`parameters` are a `tracking.backtest.Proposal`. It leaves nothing behind when interrupted, and begins anew."""
    steps, at = compare(job.merchant, proposal_from(parameters)), (0, 0)
    while True:
        try:
            at = next(steps)
        except StopIteration as end:
            found: Comparison = end.value
            break
        yield Piece(done=at[0], total=at[1])
    groups = dict(job.merchant.groups.values_list("id", "name"))
    with TemporaryDirectory(prefix="accrue-backtest-") as folder:
        book = Workbook(Path(folder), "Try on history", ("Month", "Group", "Partner", "Partner id", *_SUMS))
        book.write(_rows(found, groups))
        file = Ready(book.closed, "try-on-history.xlsx")
        yield Piece(done=at[0], total=at[1], result=_result(found, groups, job.merchant.currency), file=file)


def _rows(found: Comparison, groups: Mapping[UUID, str]) -> Iterator[list[Any]]:
    """Every partner in every month."""
    for cell, each in sorted(found.cells.items(), key=lambda pair: (pair[0].month, str(pair[0]))):
        whose = found.partners[cell.partner_id]
        line = Line(whose.name, cell.currency, each.orders, each.stands, each.proposed)
        yield [cell.month, _group(cell.group_id, groups), whose.name, str(cell.partner_id), *line.cells()]


def _group(id: UUID | None, groups: Mapping[UUID, str]) -> str:
    return groups.get(id, "A group that was deleted") if id else ""


def _result(found: Comparison, groups: Mapping[UUID, str], home: str) -> dict[str, Any]:
    """What the page shows; lines are `Line`s."""
    partners = []
    for (id, currency), each in found.by("partner_id").items():
        whose = found.partners[id]
        partners.append(
            Line(whose.name, currency, each.orders, each.stands, each.proposed, _group(whose.group_id, groups), str(id))
        )
    # Amounts of two currencies do not compare: the merchant's own first, then by currency.
    partners.sort(key=lambda line: (line.currency != home, line.currency, -abs(line.difference), line.name))
    totals = [Line("", currency, each.orders, each.stands, each.proposed) for currency, each in found.totals().items()]
    return {
        "summary": summary(found),
        "totals": totals,
        "months": [_line(month, currency, each) for (month, currency), each in sorted(found.by("month").items())],
        "groups": sorted(
            _line(_group(id, groups) or "No group", currency, each)
            for (id, currency), each in found.by("group_id").items()
        ),
        "partners": partners[:_MOST],
        "of_partners": len(partners),
        "booked": dict(found.booked),
        "same": found.same,
        "differ": dict(found.differ),
    }


def _line(name: str, currency: str, each: Any) -> Line:
    return Line(name, currency, each.orders, each.stands, each.proposed)


def summary(found: Comparison) -> str:
    """What came of it, as a sentence."""
    totals = found.totals()
    if not totals:
        return "No order of this period would be touched by the rule."
    said = [
        f"{display(each.stands, currency)} as it stands, {display(each.proposed, currency)} as proposed:"
        f" {_signed(each.difference, currency)}"
        for currency, each in totals.items()
    ]
    orders = sum(each.orders for each in totals.values())
    if not any(each.difference for each in found.cells.values()):
        return f"It changes nothing: {orders:,} order{'' if orders == 1 else 's'} would have earned the same."
    return f"{orders:,} order{'' if orders == 1 else 's'}. {'; '.join(said)}."


def _signed(amount: int, currency: str) -> str:
    if not amount:
        return "no difference"
    return f"{display(abs(amount), currency)} {'more' if amount > 0 else 'less'}"


KINDS = (Kind(KIND, "Rule tried on history", frozenset({Permission.EDIT_REWARDS}), _work),)


@staff_page(Permission.EDIT_REWARDS)
def rules_history(request: StaffRequest, trial: UUID) -> HttpResponseBase:
    """How far it is, and then old against new. While the job is open the page asks for itself again."""
    found = _job(request, trial)
    context = _shown(request.merchant, found) | {"partials": {"job"}}
    return page(request, "backoffice/rules/history.html", context | _partners(request, found))


@staff_page(Permission.EDIT_REWARDS)
def rules_history_csv(request: StaffRequest, trial: UUID) -> HttpResponse:
    """The tables of the page as a file."""
    result = _finished(_job(request, trial)).result
    rows = (
        [what, line.group, line.name, *line.cells()]
        for what, lines in (("Total", "totals"), ("Month", "months"), ("Group", "groups"), ("Partner", "partners"))
        for line in (Line(*each) for each in result[lines])
    )
    return csv_answer("try-on-history.csv", ("Of", "Group", "Name", *_SUMS), rows)


@staff_page(Permission.EDIT_REWARDS)
def rules_publish(request: StaffRequest, trial: UUID) -> HttpResponseBase:
    """State the difference and the day, ask, then make the version."""
    found = _finished(_job(request, trial))
    proposal_from(found.parameters).whose(request.merchant)  # 404 when its group was deleted since
    form = PublishForm(posted(request))
    if sent(request, form):
        with form.refused():
            address = once(request, form, lambda: _publish(request, found))
            return done(request, "The change is published.", address)
    context = _shown(request.merchant, found) | {"form": form, "partials": {"ask"}}
    return page(request, "backoffice/rules/publish.html", context, status=form_status(form))


def _publish(request: StaffRequest, job: Job) -> str:
    proposal = proposal_from(job.parameters)
    owner = proposal.whose(request.merchant)
    lock(owner)
    refuse_outdated(owner, proposal)
    address = address_of(request, owner)
    if proposal.ends:
        whose: Any = {proposal.level: owner}
        end_reward(rule=proposal.rule, effective_from=proposal.effective_from, actor=request.actor, **whose)
        return address
    said: dict[str, Any] = {
        proposal.level: owner, "kind": proposal.kind, "percent": proposal.percent, "amount": proposal.amount,
        "currency": proposal.currency, "excludes": proposal.excludes, "details": proposal.details,
        "effective_from": proposal.effective_from, "actor": request.actor,
    }  # fmt: skip
    if proposal.adds:
        add_rule(**said)
    else:
        set_reward(rule=proposal.rule, **said)
    return address


def _shown(merchant: Merchant, job: Job) -> dict[str, Any]:
    proposal: Proposal = proposal_from(job.parameters)
    try:
        owner: Owner | None = proposal.whose(merchant)
    except NotFound:
        owner = None  # a group that was deleted since; the job says so
    result = job.result if job.status == JobStatus.DONE else {}
    tables = {name: [Line(*each) for each in result.get(name, ())] for name in ("totals", "months", "groups")}
    return {
        "job": job,
        "owner": owner,
        "level": proposal.level,
        "proposal": proposal,
        "last_day": proposal.until - timedelta(microseconds=1),
        "said": ("Without " if proposal.ends else "") + sentence(proposal.terms()),
        "result": result,
        "booked": list(result.get("booked", {}).items()),
        "differ": [(number, REASONS[why]) for why, number in result.get("differ", {}).items()],
        "differing": sum(result.get("differ", {}).values()),
        **tables,
    }


def _partners(request: StaffRequest, job: Job) -> dict[str, Any]:
    """A page of them."""
    lines = job.result.get("partners", [])
    text = request.GET.get("page", "1")
    last = max(1, -(-len(lines) // _PAGE))
    number = min(max(int(text), 1), last) if text.isascii() and text.isdigit() and len(text) < 6 else 1
    first = (number - 1) * _PAGE
    return {
        "partners": [Line(*each) for each in lines[first : first + _PAGE]],
        "first": first + 1,
        "last": min(first + _PAGE, len(lines)),
        "kept": len(lines),
        "previous": number - 1,
        "next": number + 1 if number < last else 0,
    }


def _job(request: StaffRequest, trial: UUID) -> Job:
    return get_object_or_404(request.merchant.jobs.defer("state"), id=trial, kind=KIND)


def _finished(job: Job) -> Job:
    if job.status != JobStatus.DONE:
        raise Http404
    return job
