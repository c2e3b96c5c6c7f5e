"""Erasing a partner: the person goes, the books stay (as `tracking.customer_erasure` does for a customer).

Only whoever has no open money can go: it could not be paid to nobody. What the partner's own rows say goes at once; a
job then goes through what others wrote down, orders' attributions and the audit log among them, which takes as long as
the history is (`tracking.mentions`): what names the partner, their codes, and what staff wrote about their money.

What stays: amounts, dates, who decided; the reference of a payout, by which the bank's books are matched with ours; the
groups they were in, who recruited them, and whose customers were theirs when (`PartnerStretch`, `EarlierAttribution`:
ids and days, by which orders that arrive late find nobody to be paid); and the sentence of a working that says which
rule did not match, where the merchant made a rule of the partner's code: it is what the books are proven by.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from affiliates.erasure import NOBODY, forget
from affiliates.models import Partner
from commissions.models import Commission, DecisionKind
from jobs.kinds import Kind, Work
from jobs.models import Job
from jobs.start import start
from merchants.audit import Actor, write_anew
from merchants.edits import lock
from merchants.errors import Conflict
from merchants.models import AuditEntry, Merchant
from merchants.money import display
from merchants.roles import Permission
from stats.outstanding import outstanding_of
from tracking import mentions
from tracking.mentions import GONE, PIECE, Behind, Step, nameless, next_rows, write_words_anew

FORGET = "partners.forget"

_DUPLICATES = "duplicate_accounts"
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
        # Coupons before partners, as sales lock them; then the partner, as whoever pays does.
        list(partner.coupons.order_by("id").select_for_update(no_key=True))
        lock(partner)
        if partner.erased_at is not None:
            return None
        _require_settled(partner)
        merchant, name = partner.merchant, partner.name
        had = dict(partner.coupons.values_list("id", "key"))
        forget(partner, actor=actor)
        has = dict(partner.coupons.values_list("id", "key"))
        _forget_in_rules(partner, {key: has[id] for id, key in had.items()})
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
    for tried in merchant.jobs.filter(kind="fraud.preview", parameters__rule=_DUPLICATES):
        for document in (tried.state, tried.result):
            for example in document.get("examples", ()):
                example["reason"] = example["reason"].replace(name, NOBODY)
        tried.save(update_fields=["state", "result"])


def _forget_in_rules(partner: Partner, codes: Mapping[str, str]) -> None:
    """What their own rules are called; and their codes, in whatever rule: it must decide of their orders as before."""
    rules = partner.merchant.reward_versions.alias(text=Cast("details", models.TextField()))
    for version in rules.filter(Q(partner=partner) | Q(text__contains='"coupons"')):
        more = dict(version.details)
        if version.partner_id == partner.id and "name" in more:
            more["name"] = NOBODY
        if "coupons" in more:
            more["coupons"] = [codes.get(code, code) for code in more["coupons"]]
        if more != version.details:
            mentions.let_go(partner.merchant.reward_versions.filter(id=version.id), details=more)


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
    """`partner`: who was erased."""
    return mentions.walk(job, parameters["partner"], _STEPS)


def _orders(merchant: Merchant, partner: str, last: UUID) -> Behind | None:
    return mentions.documents(merchant.orders(manager="with_deleted").all(), ["attribution"], partner, last, NOBODY)


def _words_of_orders(merchant: Merchant, partner: str, last: UUID) -> Behind | None:
    """Their codes, and what staff wrote who gave an order to them or deleted it."""
    theirs = Q(partner_id=partner) | Q(coupon__partner_id=partner)
    found = next_rows(merchant.orders(manager="with_deleted").filter(theirs).select_related("coupon"), last)
    for order in found:
        if order.coupon is not None and str(order.coupon.partner_id) == partner:
            order.coupon_code = order.coupon.key
        if order.deletion_reason:
            order.deletion_reason = GONE
        mentions.without_words(order)
        order.save(update_fields=["coupon_code", "deletion_reason", "attribution"])
    return Behind(found) if found else None


def _leads(merchant: Merchant, partner: str, last: UUID) -> Behind | None:
    return mentions.documents(merchant.leads.all(), ["attribution"], partner, last, NOBODY)


def _jobs(merchant: Merchant, partner: str, last: UUID) -> Behind | None:
    others = merchant.jobs.exclude(kind=FORGET)
    return mentions.documents(others, ["parameters", "state", "result"], partner, last, NOBODY)


def _answers(merchant: Merchant, partner: str, last: UUID) -> Behind | None:
    return mentions.answers(merchant, partner, last, NOBODY)


def _clicks(merchant: Merchant, partner: str, last: UUID) -> Behind | None:
    """Pages on which somebody landed: their addresses carry the partner's code."""
    landed = merchant.clicks.filter(partner_id=partner).exclude(landing_url="")
    return write_words_anew(landed, {"landing_url": ""}, last)


def _payouts(merchant: Merchant, partner: str, last: UUID) -> Behind | None:
    """What staff wrote beside a payment. Its reference stays: the bank's books have it too."""
    paid = merchant.payouts.filter(partner_id=partner)
    reversed_ones = next_rows(paid.exclude(note="", reversal_reason=""), last)
    for payout in reversed_ones:
        payout.note = ""
        payout.reversal_reason = GONE if payout.reversal_reason else ""
        payout.save(update_fields=["note", "reversal_reason"])
    return Behind(reversed_ones) if reversed_ones else None


def _given(merchant: Merchant, partner: str) -> "models.QuerySet[Commission]":
    """Commissions by hand of the partner, and those that adjust what others had of orders which came to the partner."""
    beside = merchant.commissions.filter(partner_id=partner, order=OuterRef("order"))
    adjusted = merchant.commissions.filter(Exists(beside), id=OuterRef("adjusts"))
    given = merchant.commissions.filter(order=None).alias(why=KT("explanation__reason"))
    return given.filter(Q(partner_id=partner) | Exists(adjusted), why__isnull=False)


def _by_hand(merchant: Merchant, partner: str, last: UUID) -> Behind | None:
    """Why somebody gave or took a commission by hand."""
    found = next_rows(_given(merchant, partner), last)
    for commission in found:
        working = f"{display(commission.amount, commission.currency)} by hand"
        commission.explanation = commission.explanation | {"reason": GONE, "working": working}
        commission.save(update_fields=["explanation"])
    return Behind(found) if found else None


def _decisions(merchant: Merchant, partner: str, last: UUID) -> Behind | None:
    """Why somebody took a commission back or gave it again, and why what another had earned was given to them."""
    hers = merchant.commissions.filter(partner_id=partner, order=OuterRef("commission__order"))
    came = Q(Exists(hers), kind=DecisionKind.REATTRIBUTION)
    decided = merchant.decisions.filter(Q(commission__partner_id=partner) | came)
    return write_words_anew(decided, {"reason": GONE}, last)


def _flags(merchant: Merchant, partner: str, last: UUID) -> Behind | None:
    """What staff wrote who decided about a doubt."""
    doubted = merchant.flags.filter(commission__partner_id=partner).exclude(note="")
    return write_words_anew(doubted, {"note": ""}, last)


def _entries(merchant: Merchant, partner: str, last: UUID) -> Behind | None:
    """The audit log: what the partner did, what was done to them and to what is theirs, and what names them."""
    mine = Q(object_type="partner", object_id=partner) | Q(actor_kind="partner", actor_id=partner)
    theirs = {
        "commission": merchant.commissions, "payout": merchant.payouts, "click": merchant.clicks,
        "order": merchant.orders(manager="with_deleted"),
    }  # fmt: skip
    for kind, rows in theirs.items():
        mine |= Q(object_type=kind, object_id__in=rows.filter(partner_id=partner).values("id"))
    mine |= Q(object_type="commission", object_id__in=_given(merchant, partner).values("id"))
    text = {f"{column}_text": Cast(column, models.TextField()) for column in ("before", "after")}
    named = mine | Q(before_text__contains=partner) | Q(after_text__contains=partner)
    found = list(merchant.audit_entries.alias(**text).filter(named, id__gt=last).order_by("id")[:PIECE])
    for entry in found:
        _strip(entry, partner)
    write_anew(found)
    return Behind(found) if found else None


def _strip(entry: AuditEntry, partner: str) -> None:
    if entry.actor_kind == "partner" and str(entry.actor_id) == partner:
        entry.actor_name = NOBODY
    is_about = entry.object_type == "partner" and str(entry.object_id) == partner
    for side in ("before", "after"):
        document = getattr(entry, side)
        if is_about and document is not None:
            document = {key: value if key in _IMPERSONAL else NOBODY for key, value in document.items()}
        elif document is not None:
            words = {key: "" for key in ("reason", "note", "code") if isinstance(document.get(key), str)}
            document = document | words
        setattr(entry, side, nameless(document, partner, NOBODY, words=True))


_STEPS: Sequence[Step] = (
    _orders, _words_of_orders, _leads, _clicks, _payouts, _by_hand, _decisions, _flags, _jobs, _answers, _entries,
)  # fmt: skip

KINDS = (Kind(FORGET, "Forget a partner", frozenset({Permission.EDIT_PARTNERS}), _work),)
