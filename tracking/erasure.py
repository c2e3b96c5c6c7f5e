"""Erasing a partner: the person goes, the books stay (as `orders.erasure` does for a customer).

Only whoever has no open money can go: it could not be paid to nobody. What the partner's own rows say goes at once; a
job then goes through what others wrote down, orders' attributions and the audit log among them, which takes as long as
the history is. It looks for the partner's id, takes out what stands beside it, and can be run again at any time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Cast

from affiliates.erasure import NOBODY, forget
from affiliates.models import Partner
from jobs.kinds import Kind, Piece, Work
from jobs.models import Job
from jobs.start import start
from merchants.audit import Actor, write_anew
from merchants.edits import lock
from merchants.errors import Conflict
from merchants.models import AuditEntry, Merchant
from merchants.money import display
from merchants.roles import Permission
from stats.outstanding import outstanding_of

FORGET = "partners.forget"
#: Rows that mention the partner, written in one piece.
_PIECE = 500

#: What may stand beside a partner's id and says who it was.
_PERSONAL = ("name", "partner", "email", "code")
#: What an entry about the partner keeps: everything else they or staff have written about them.
_IMPERSONAL = frozenset(
    {
        "status", "program_id", "group_id", "recruiter_id", "recruited_at", "version", "announcements",
        "owes_acceptance",
    }
)  # fmt: skip


def erase_partner(partner: Partner, *, actor: Actor) -> Job | None:
    """Forget who the partner was, for good; the job that goes through what mentions them. None: it was done before.

    Conflict `partner_has_open_money` while something is on hold, unpaid, on its way or owed, in any currency.
    """
    with transaction.atomic():
        lock(partner)  # as whoever pays does
        if partner.erased_at is not None:
            return None
        _require_settled(partner)
        merchant, name = partner.merchant, partner.name
        forget(partner, actor=actor)
        partner.addresses.all().delete()
        partner.unsubscriptions.all().delete()
        _forget_doubts(merchant, name)
        return start(FORGET, merchant=merchant, parameters={"partner": str(partner.id)}, actor=actor)


def _forget_doubts(merchant: Merchant, name: str) -> None:
    """What the rule for duplicate accounts said of others names the partner without an id."""
    for flag in merchant.flags.filter(evidence__partners__contains=name):
        flag.reason = flag.reason.replace(name, NOBODY)
        flag.evidence["partners"] = [NOBODY if each == name else each for each in flag.evidence["partners"]]
        flag.save(update_fields=["reason", "evidence"])
    for tried in merchant.jobs.filter(kind="fraud.preview"):
        for document in (tried.state, tried.result):
            for example in document.get("examples", ()):
                example["reason"] = example["reason"].replace(name, NOBODY)
        tried.save(update_fields=["state", "result"])


def _require_settled(partner: Partner) -> None:
    said = []
    for row in outstanding_of(partner):
        if row.approved or row.pending:
            said.append(f"{display(row.approved + row.pending, row.currency)} not paid")
        if row.owed:
            said.append(f"{display(row.owed, row.currency)} to give back")
        elif row.earned and not (row.approved or row.pending):
            said.append(f"{display(row.earned, row.currency)} in the books")
    if said:
        raise Conflict(
            f"{partner.name} has {', '.join(said)}. Pay it, or reject or adjust the commissions, then erase them.",
            code="partner_has_open_money",
        )


def _work(job: Job, parameters: Mapping[str, Any]) -> Work:
    """`partner`: who was erased. The state holds which table it is at, behind which row, and how many were written."""
    merchant, partner = job.merchant, parameters["partner"]
    state: dict[str, Any] = {"table": 0, "last": None, "written": 0, **job.state}
    while state["table"] < len(_TABLES):
        rows = _TABLES[state["table"]]
        last = rows(merchant, partner, UUID(state["last"]) if state["last"] else UUID(int=0))
        if last is None:
            state |= {"table": state["table"] + 1, "last": None}
        else:
            state |= {"last": str(last.id), "written": state["written"] + last.number}
        yield Piece(done=state["table"], total=len(_TABLES), state=state, result=_result(state))
    yield Piece(done=len(_TABLES), total=len(_TABLES), result=_result(state))


def _result(state: Mapping[str, Any]) -> dict[str, Any]:
    return {"summary": f"The name is taken out of {state['written']:,} places that mentioned it."}


class _Behind:
    """How far a table is."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self.id, self.number = rows[-1].id, len(rows)


def _mentioning(rows: "models.QuerySet[Any]", columns: Sequence[str], partner: str, last: UUID) -> Iterator[Any]:
    """The next rows in which one of these documents names the partner."""
    text = {f"{column}_text": Cast(column, models.TextField()) for column in columns}
    named = Q()
    for name in text:
        named |= Q(**{f"{name}__contains": partner})
    return iter(rows.alias(**text).filter(named, id__gt=last).order_by("id")[:_PIECE])


def _documents(rows: "models.QuerySet[Any]", columns: Sequence[str], partner: str, last: UUID) -> _Behind | None:
    found = list(_mentioning(rows, columns, partner, last))
    for row in found:
        for column in columns:
            setattr(row, column, nameless(getattr(row, column), partner))
        row.save(update_fields=columns)
    return _Behind(found) if found else None


def _orders(merchant: Merchant, partner: str, last: UUID) -> _Behind | None:
    return _documents(merchant.orders(manager="with_deleted").all(), ["attribution"], partner, last)


def _leads(merchant: Merchant, partner: str, last: UUID) -> _Behind | None:
    return _documents(merchant.leads.all(), ["attribution"], partner, last)


def _jobs(merchant: Merchant, partner: str, last: UUID) -> _Behind | None:
    others = merchant.jobs.exclude(kind=FORGET)
    return _documents(others, ["parameters", "state", "result"], partner, last)


def _clicks(merchant: Merchant, partner: str, last: UUID) -> _Behind | None:
    """Pages on which somebody landed: their addresses carry the partner's code."""
    rows = merchant.clicks.filter(partner_id=partner, id__gt=last).exclude(landing_url="").order_by("id")[:_PIECE]
    found = list(rows)
    merchant.clicks.filter(id__in=[row.id for row in found]).update(landing_url="")
    return _Behind(found) if found else None


def _entries(merchant: Merchant, partner: str, last: UUID) -> _Behind | None:
    """The audit log: what the partner did, what was done to them, and what names them beside somebody else."""
    mine = Q(object_type="partner", object_id=partner) | Q(actor_kind="partner", actor_id=partner)
    text = {f"{column}_text": Cast(column, models.TextField()) for column in ("before", "after")}
    named = mine | Q(before_text__contains=partner) | Q(after_text__contains=partner)
    found = list(merchant.audit_entries.alias(**text).filter(named, id__gt=last).order_by("id")[:_PIECE])
    for entry in found:
        _strip(entry, partner)
    write_anew(found)
    return _Behind(found) if found else None


def _strip(entry: AuditEntry, partner: str) -> None:
    if entry.actor_kind == "partner" and str(entry.actor_id) == partner:
        entry.actor_name = NOBODY
    is_about = entry.object_type == "partner" and str(entry.object_id) == partner
    for side in ("before", "after"):
        document = getattr(entry, side)
        if is_about and document is not None:
            document = {key: value if key in _IMPERSONAL else NOBODY for key, value in document.items()}
        setattr(entry, side, nameless(document, partner))


_TABLES: tuple[Callable[[Merchant, str, UUID], _Behind | None], ...] = (_orders, _leads, _clicks, _jobs, _entries)


def nameless(document: Any, partner: str) -> Any:
    """`document` without what a partner is called: the personal fields of every object that names their id."""
    if isinstance(document, list):
        return [nameless(each, partner) for each in document]
    if not isinstance(document, dict):
        return document
    inner = {key: nameless(value, partner) for key, value in document.items()}
    if partner in [value for value in inner.values() if isinstance(value, str)]:
        inner |= {key: NOBODY for key in _PERSONAL if isinstance(inner.get(key), str) and inner[key] != partner}
        if inner.get("via") == "api":
            inner["ref"] = partner  # the request may have named them by e-mail
    return inner


KINDS = (Kind(FORGET, "Forget a partner", frozenset({Permission.EDIT_PARTNERS}), _work),)
