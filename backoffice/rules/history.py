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
from backoffice.rules.form import PublishForm
from backoffice.rules.owners import address_of
from backoffice.rules.versioned import TriableForm
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
from tracking.comparison import REASONS, WHO, Comparison, Sum
from tracking.proposals import Proposal, as_parameters, proposal_from, propose, propose_end, refuse_outdated

KIND = "rewards.backtest"
#: Partners whose difference the page shows; the workbook has all of them.
_MOST = 1_000
_PAGE = 50
_YEAR = timedelta(days=365)
_SUMS = ("As it stands", "As proposed", "Difference")


class Line(NamedTuple):
    """A line of a table. A job's result keeps it by name, so that whoever is erased is found in it by their id."""

    name: str
    currency: str
    orders: int
    """Or commissions of recruits, when it is about what recruiters earn alone."""
    stands: int
    proposed: int
    group: str = ""
    key: str = ""
    """The partner's id."""

    @classmethod
    def of(cls, name: str, currency: str, each: Sum, **more: str) -> "Line":
        """A sum by its name."""
        return cls(name, currency, each.orders, each.stands, each.proposed, **more)

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


def begin(request: StaffRequest, owner: Owner, form: TriableForm, rule: UUID | None, *, adds: bool) -> str:
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
        header = ("Month", "Group", "Partner", "Partner id", "For", *_header(shares_only=found.shares_only))
        book = Workbook(Path(folder), "Try on history", header)
        book.write(_rows(found, groups))
        file = Ready(book.closed, "try-on-history.xlsx")
        yield Piece(done=at[0], total=at[1], result=_result(found, groups, job.merchant.currency), file=file)


def _header(*, shares_only: bool) -> tuple[str, ...]:
    return ("Currency", _counted(shares_only=shares_only), *_SUMS)


def _counted(*, shares_only: bool) -> str:
    """What the numbers are numbers of."""
    return "Commissions of recruits" if shares_only else "Orders"


def _rows(found: Comparison, groups: Mapping[UUID, str]) -> Iterator[list[Any]]:
    """Every partner in every month, what they earned as a recruiter by itself."""
    for cell, each in sorted(found.cells.items(), key=lambda pair: (pair[0].month, str(pair[0]))):
        name, group = found.partners[cell.partner_id].name, _group(cell.group_id, groups)
        earned_by = "Recruiting" if cell.is_share else "Selling"
        cells = Line.of(name, cell.currency, each).cells()
        yield [cell.month, group, name, str(cell.partner_id), earned_by, *cells]


def _group(id: UUID | None, groups: Mapping[UUID, str]) -> str:
    return groups.get(id, "A group that was deleted") if id else ""


def _result(found: Comparison, groups: Mapping[UUID, str], home: str) -> dict[str, Any]:
    """What the page shows."""
    partners = []
    for (id, currency), each in found.by("partner_id").items():
        whose = found.partners[id]
        partners.append(Line.of(whose.name, currency, each, group=_group(whose.group_id, groups), key=str(id)))
    # Amounts of two currencies do not compare: the merchant's own first, then by currency.
    partners.sort(key=lambda line: (line.currency != home, line.currency, -abs(line.difference), line.name))
    tables = {
        "totals": _totals(found),
        "months": [Line.of(month, currency, each) for (month, currency), each in sorted(found.by("month").items())],
        "groups": sorted(
            Line.of(_group(id, groups) or "No group", currency, each)
            for (id, currency), each in found.by("group_id").items()
        ),
        "partners": partners[:_MOST],
    }
    return {
        "summary": summary(found),
        "shares_only": found.shares_only,
        **{name: [line._asdict() for line in lines] for name, lines in tables.items()},
        "of_partners": len(partners),
        "booked": dict(found.booked),
        "same": found.same,
        "differ": dict(found.differ),
    }


def _totals(found: Comparison) -> list[Line]:
    """By currency: those who sold, recruiters, and both together where there are both."""
    apart, lines = found.by("is_share"), []
    for currency, total in found.totals().items():
        mine = [Line.of(WHO[who], currency, apart[who, currency]) for who in WHO if (who, currency) in apart]
        lines += mine if len(mine) == 1 else [*mine, Line.of("Together", currency, total)]
    return lines


def summary(found: Comparison) -> str:
    """What came of it, as a sentence."""
    totals, shares = found.totals(), found.by("is_share")
    if not totals:
        nothing = "Nothing that recruits earned in" if found.shares_only else "No order of"
        return f"{nothing} this period would be touched by the rule."
    counted = found.called(sum(each.orders for each in totals.values()))
    if not any(each.difference for each in found.cells.values()):
        done = "been shared" if found.shares_only else "earned"
        return f"It changes nothing: {counted} would have {done} the same."
    said = []
    for currency, each in totals.items():
        stands, proposed = (display(amount, currency) for amount in (each.stands, each.proposed))
        more = f"{stands} as it stands, {proposed} as proposed: {_signed(each.difference, currency)}"
        theirs = shares.get((True, currency), Sum())
        if theirs.difference and not found.shares_only:
            more += f", with {_signed(theirs.difference, currency)} for recruiters"
        said.append(more)
    return f"{counted}. {'; '.join(said)}."


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
        for line in (Line(**each) for each in result[lines])
    )
    header = ("Of", "Group", "Name", *_header(shares_only=result["shares_only"]))
    return csv_answer("try-on-history.csv", header, rows)


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
    tables = {name: [Line(**each) for each in result.get(name, ())] for name in ("totals", "months", "groups")}
    shares_only = result.get("shares_only", proposal.details.event == "recruit")
    return {
        "job": job,
        "owner": owner,
        "level": proposal.level,
        "proposal": proposal,
        "last_day": proposal.until - timedelta(microseconds=1),
        "said": ("Without " if proposal.ends else "") + sentence(proposal.terms()),
        "result": result,
        "shares_only": shares_only,
        "counted": _counted(shares_only=shares_only),
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
        "partners": [Line(**each) for each in lines[first : first + _PAGE]],
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
