"""Deleting a customer (SPEC C1): the person goes, the books stay.

Nothing is deleted from the ledger, so orders and commissions remain as rows about nobody: what could tell who it was,
notes and metadata, goes with the customer's own data. They belong to no partner any longer: no portal lists them. A
job then goes through what others wrote down beside the customer's id (`tracking.mentions`): the audit log, answers of
the API, and why staff moved, rejected, refunded or deleted what the customer had bought.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Cast

from affiliates import belonging
from customers.models import Customer
from customers.records import erase_customer
from jobs.kinds import Kind, Work
from jobs.models import Job
from jobs.start import start
from merchants.audit import Actor, write_anew
from merchants.models import AuditEntry, Merchant
from merchants.roles import Permission
from tracking import mentions
from tracking.mentions import GONE, PIECE, Behind, Step, nameless, next_rows, write_words_anew

FORGET = "customers.forget"
#: What the customer is called where a document names them.
NOBODY = "Deleted customer"
#: What an entry about the customer keeps.
_IMPERSONAL = frozenset({"status", "partner_id", "partner", "moved", "provider", "since", "scope"})


def delete_customer(customer: Customer, *, actor: Actor) -> Job | None:
    """Erase the customer and what their orders and leads say about them; the job that goes through the rest.

    None: it was done before.
    """
    with transaction.atomic():
        if not erase_customer(customer, actor=actor):
            return None
        everything = customer.merchant.orders(manager="with_deleted").filter(customer=customer)
        everything.exclude(notes="", metadata={}).update(notes="", metadata={})
        belonging.forget(customer)
        customer.leads.exclude(metadata={}).update(metadata={})
        return start(FORGET, merchant=customer.merchant, parameters={"customer": str(customer.id)}, actor=actor)


def _work(job: Job, parameters: Mapping[str, Any]) -> Work:
    """`customer`: who was deleted."""
    return mentions.walk(job, parameters["customer"], _STEPS)


def _orders(merchant: Merchant, customer: str, last: UUID) -> Behind | None:
    """Why somebody gave an order to another partner, or deleted it."""
    found = next_rows(merchant.orders(manager="with_deleted").filter(customer_id=customer), last)
    for order in found:
        if order.deletion_reason:
            order.deletion_reason = GONE
        mentions.without_words(order)
        order.save(update_fields=["deletion_reason", "attribution"])
    return Behind(found) if found else None


def _refunds(merchant: Merchant, customer: str, last: UUID) -> Behind | None:
    given = merchant.refunds.filter(order__customer_id=customer).exclude(reason="")
    return write_words_anew(given, {"reason": GONE}, last)


def _decisions(merchant: Merchant, customer: str, last: UUID) -> Behind | None:
    return write_words_anew(merchant.decisions.filter(commission__customer_id=customer), {"reason": GONE}, last)


def _flags(merchant: Merchant, customer: str, last: UUID) -> Behind | None:
    doubted = merchant.flags.filter(commission__customer_id=customer).exclude(note="")
    return write_words_anew(doubted, {"note": ""}, last)


def _jobs(merchant: Merchant, customer: str, last: UUID) -> Behind | None:
    others = merchant.jobs.exclude(kind=FORGET)
    return mentions.documents(others, ["parameters", "state", "result"], customer, last, NOBODY)


def _answers(merchant: Merchant, customer: str, last: UUID) -> Behind | None:
    return mentions.answers(merchant, customer, last, NOBODY)


def _entries(merchant: Merchant, customer: str, last: UUID) -> Behind | None:
    """The audit log: what was done to the customer and to what is theirs, and what names them beside something else."""
    mine = Q(object_type="customer", object_id=customer)
    theirs = {
        "commission": merchant.commissions.filter(customer_id=customer),
        "order": merchant.orders(manager="with_deleted").filter(customer_id=customer),
    }
    for kind, rows in theirs.items():
        mine |= Q(object_type=kind, object_id__in=rows.values("id"))
    text = {f"{column}_text": Cast(column, models.TextField()) for column in ("before", "after")}
    named = mine | Q(before_text__contains=customer) | Q(after_text__contains=customer)
    # What a lead is called says nothing of who it was.
    entries = merchant.audit_entries.exclude(object_type="lead").alias(**text)
    found = list(entries.filter(named, id__gt=last).order_by("id")[:PIECE])
    for entry in found:
        _strip(entry, customer)
    write_anew(found)
    return Behind(found) if found else None


def _strip(entry: AuditEntry, customer: str) -> None:
    is_about = entry.object_type == "customer" and str(entry.object_id) == customer
    if entry.actor_kind == "customer" and str(entry.actor_id) == customer:
        entry.actor_name = NOBODY
    for side in ("before", "after"):
        document = getattr(entry, side)
        if document is None:
            continue
        if is_about:
            document = {key: value if key in _IMPERSONAL else GONE for key, value in document.items()}
        else:
            document = document | {key: "" for key in ("reason", "note") if isinstance(document.get(key), str)}
        setattr(entry, side, nameless(document, customer, NOBODY, words=True))


_STEPS: Sequence[Step] = (_orders, _refunds, _decisions, _flags, _jobs, _answers, _entries)

KINDS = (Kind(FORGET, "Forget a customer", frozenset({Permission.EDIT_CUSTOMERS}), _work),)
