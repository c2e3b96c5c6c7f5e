"""Money that was sent outside Accrue, written down (SPEC A13, Y).

A payout is for exactly the commissions chosen. What is paid is what they come to, less what the partner owes:

    owed   = (all unpaid commissions, pending and approved) - (the partner's earned balance)
    amount = (chosen commissions) - owed

Every posting of a commission moves the earned balance with it, so the two differ only by what payouts made of it:
a refund after payment lowers the balance and no unpaid commission, and is owed. After the payout the balance is
exactly what the commissions left out come to; it cannot go below zero because of a payout, and no debt is netted
against commissions that are still on hold. (When a payout is reversed whose refunds were netted by a later one,
`owed` is below zero: the merchant owes, and the next payout carries it.) A correction below zero is a commission like
any other: one that is approved must be chosen with the rest, so that it counts once.

Locks: the partner's row first, because they own the account that is spent from and two payouts must not spend the
same balance; then the commissions by id, the order in which refunds lock them. The balance and the commissions it is
compared with are read in one statement: a sale that commits in between would otherwise look like a debt.
"""

import uuid
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils import timezone

from affiliates.models import Partner
from commissions.hold import follow_hold
from commissions.models import Commission, CommissionStatus
from ledger.accounts import CASH, partner_earned, partner_in_transit
from ledger.posting import post
from merchants import inputs, tenancy
from merchants.audit import Actor, record
from merchants.constraints import refusals
from merchants.edits import lock
from merchants.errors import Conflict, DomainError
from merchants.models import Merchant
from merchants.money import display
from payouts.models import Payout, PayoutItem, PayoutMethod, PayoutStatus

_MOST_COMMISSIONS = 10_000
#: Of many commissions that cannot be paid a sentence names this many; `extra` has all.
_NAMED = 5
_EARLIEST = date(1970, 1, 1)

_STANDING = """
SELECT coalesce(sum(c.amount - c.reversed), 0),
       coalesce(sum(c.amount - c.reversed)
                FILTER (WHERE c.amount < 0 AND c.status = 'approved' AND c.id <> ALL(%(chosen)s)), 0),
       (SELECT coalesce(sum(e.amount), 0) FROM ledger_entry e
         WHERE e.account = %(account)s AND e.currency = %(currency)s)
  FROM commissions_commission c
 WHERE c.partner_id = %(partner)s AND c.currency = %(currency)s AND c.status IN ('pending', 'approved')
"""


def record_payout(
    *,
    partner: Partner,
    commission_ids: Sequence[uuid.UUID],
    transaction_id: str,
    paid_on: date,
    note: str = "",
    actor: Actor,
) -> Payout:
    """Write down that the partner was paid for these commissions, and mark them paid.

    DomainError `commissions_not_payable` names each that is not an approved commission of this partner in the
    currency of their first, and why; `correction_left_out`; `nothing_to_pay` when the partner owes as much
    or more.
    Conflict `transaction_id_taken` when the reference was used for this partner before.
    """
    transaction_id = inputs.line(transaction_id, "transaction_id", required=True)
    note = inputs.line(note, "note", longest=500)
    paid_at = _start_of(_checked_day(paid_on), partner.merchant)
    with refusals({"payout_transaction_once": _reference_used(transaction_id)}):
        lock(partner)
        commissions = _lock_chosen(partner, commission_ids)
        amount, netted = _amount(partner, commissions)
        payout = partner.payouts.create(
            merchant_id=tenancy.current(),
            currency=commissions[0].currency,
            amount=amount,
            netted=netted,
            method=PayoutMethod.MANUAL,
            status=PayoutStatus.PAID,
            transaction_id=transaction_id,
            note=note,
            paid_on=paid_on,
        )
        _include(payout, commissions, paid_at)
        _post_paid(payout, paid_at)
        record(actor, "payout.record", "payout", payout.id, after=_shown(payout, commissions))
    return payout


def mark_paid(
    *,
    merchant: Merchant,
    commission_ids: Sequence[uuid.UUID],
    transaction_id: str,
    paid_on: date,
    note: str = "",
    actor: Actor,
) -> list[Payout]:
    """Write down that these commissions were paid: a payout for each partner and currency among them.

    Those that are paid already are left as they are, so the second click changes nothing. A partner paid in two
    currencies has two payouts: the second one's reference carries the currency. Raises what `record_payout` does.
    """  # fmt: skip
    ids = list(dict.fromkeys(commission_ids))
    if not 0 < len(ids) <= _MOST_COMMISSIONS:
        raise DomainError(
            f"Choose between 1 and {_MOST_COMMISSIONS} commissions.", code="commissions_needed", field="commission_ids"
        )
    chosen = merchant.commissions.filter(id__in=ids).exclude(status=CommissionStatus.PAID)
    together: dict[tuple[uuid.UUID, str], list[uuid.UUID]] = {}
    for commission_id, partner_id, currency in chosen.order_by("id").values_list("id", "partner_id", "currency"):
        together.setdefault((partner_id, currency), []).append(commission_id)
    payouts: list[Payout] = []
    seen: set[uuid.UUID] = set()
    with transaction.atomic():
        # Partners in the order of their ids, as everybody locks them.
        for (partner_id, currency), mine in sorted(together.items()):
            reference = f"{transaction_id}-{currency}" if partner_id in seen else transaction_id
            seen.add(partner_id)
            payouts.append(
                record_payout(
                    partner=merchant.partners.get(id=partner_id),
                    commission_ids=mine,
                    transaction_id=reference,
                    paid_on=paid_on,
                    note=note,
                    actor=actor,
                )
            )
    return payouts


def mark_unpaid(*, merchant: Merchant, commission_ids: Sequence[uuid.UUID], reason: str, actor: Actor) -> list[Payout]:
    """Undo the payouts in which these commissions were paid by hand; those that are not paid stay as they are.

    Conflict `payout_has_others` when a payout paid more than these: it is reversed as a whole or not at all.
    """
    ids = set(commission_ids)
    items = merchant.payout_items.filter(commission__in=ids, is_live=True)
    payouts = list(merchant.payouts.filter(id__in=items.values("payout")).order_by("partner_id", "id"))
    with transaction.atomic():
        for payout in payouts:
            others = payout.items.filter(is_live=True).exclude(commission__in=ids).count()
            if others:
                raise Conflict(
                    f"The payout {payout.transaction_id} paid {others} more commission{'s' if others > 1 else ''}:"
                    " choose them too, or reverse the payout.",
                    code="payout_has_others",
                    field="commission_ids",
                )
            reverse_payout(payout, reason=reason, actor=actor)
    return payouts


def _reference_used(transaction_id: str) -> Conflict:
    return Conflict(
        f"A payout with the transaction id {transaction_id} is recorded for this partner.",
        code="transaction_id_taken",
        field="transaction_id",
    )


def _lock_chosen(partner: Partner, commission_ids: Sequence[uuid.UUID]) -> list[Commission]:
    """The chosen commissions in the order of their ids, locked; refused all together when one cannot be paid."""
    ids = list(dict.fromkeys(commission_ids))
    if not 0 < len(ids) <= _MOST_COMMISSIONS:
        raise DomainError(
            f"Choose between 1 and {_MOST_COMMISSIONS} commissions.", code="commissions_needed", field="commission_ids"
        )
    chosen = partner.commissions.select_for_update(no_key=True).filter(id__in=ids).order_by("id")
    found = {commission.id: commission for commission in chosen}
    currency = next((found[id].currency for id in ids if id in found), "")
    sitting = _sitting_in(ids)
    reasons = [(id, _why_not(found.get(id), currency, sitting.get(id, ""))) for id in ids]
    refused = [{"id": str(id), "reason": reason} for id, reason in reasons if reason]
    if refused:
        raise _not_payable(partner, refused)
    return list(found.values())


def _not_payable(partner: Partner, refused: Sequence[dict[str, str]]) -> DomainError:
    ids = [commission["id"] for commission in refused[:_NAMED]]
    # People know the order, programs the id, which `extra` keeps.
    mine = partner.commissions.filter(id__in=ids).values_list("id", "order__external_id")
    orders = {str(id): order for id, order in mine}
    named = "; ".join(
        f"{orders.get(commission['id']) or commission['id']} {commission['reason']}" for commission in refused[:_NAMED]
    )
    more = f"; and {len(refused) - _NAMED} more" if len(refused) > _NAMED else ""
    return DomainError(
        f"Leave out what cannot be paid: {named}{more}.",
        code="commissions_not_payable",
        field="commission_ids",
        commissions=list(refused),
    )


def _sitting_in(ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The transaction ids of the live payouts in which some of these commissions sit."""
    live = PayoutItem.objects.filter(commission_id__in=ids, is_live=True)
    return dict(live.values_list("commission_id", "payout__transaction_id"))


def _why_not(commission: Commission | None, currency: str, payout: str) -> str:
    if commission is None:
        return "is no commission of this partner"
    if commission.currency != currency:
        return f"is in {commission.currency}, not {currency}"
    if payout:
        return f"is in payout {payout}"
    if commission.status == CommissionStatus.PENDING:
        return f"is on hold until {commission.held_until:%Y-%m-%d}"
    if commission.status != CommissionStatus.APPROVED:
        return f"is {commission.status}"
    return ""


def _amount(partner: Partner, commissions: Sequence[Commission]) -> tuple[int, int]:
    """What to pay for these commissions, and what of their worth is netted with what the partner owes."""
    currency = commissions[0].currency
    with connection.cursor() as cursor:
        cursor.execute(
            _STANDING,
            {
                "chosen": [commission.id for commission in commissions],
                "account": partner_earned(partner.id),
                "partner": partner.id,
                "currency": currency,
            },
        )
        unpaid, corrections, earned = cursor.fetchone()
    if corrections:
        raise DomainError(
            f"Choose this partner's corrections of {display(int(corrections), currency)} too: they belong to the next"
            " payout.",
            code="correction_left_out",
            field="commission_ids",
        )
    chosen = sum(commission.amount - commission.reversed for commission in commissions)
    owed = int(unpaid - earned)
    if chosen - owed <= 0:
        raise DomainError(
            f"There is nothing to pay: these commissions come to {display(chosen, currency)} and the partner owes"
            f" {display(owed, currency)}.",
            code="nothing_to_pay",
            field="commission_ids",
        )
    return chosen - owed, owed


def _include(payout: Payout, commissions: Sequence[Commission], paid_at: datetime) -> None:
    PayoutItem.objects.bulk_create(
        PayoutItem(
            merchant_id=payout.merchant_id,
            payout=payout,
            commission=commission,
            amount=commission.amount - commission.reversed,
        )
        for commission in commissions
    )
    payout.partner.commissions.filter(id__in=[commission.id for commission in commissions]).update(
        status=CommissionStatus.PAID, paid_at=paid_at
    )


def _post_paid(payout: Payout, paid_at: datetime) -> None:
    earned, in_transit = partner_earned(payout.partner_id), partner_in_transit(payout.partner_id)
    post(
        reference=f"payout:{payout.id}:reserved",
        kind="payout_reserved",
        occurred_at=paid_at,
        entries=[(earned, payout.currency, -payout.amount), (in_transit, payout.currency, payout.amount)],
    )
    post(
        reference=f"payout:{payout.id}:paid",
        kind="payout_paid",
        occurred_at=paid_at,
        entries=[(in_transit, payout.currency, -payout.amount), (CASH, payout.currency, payout.amount)],
    )


def reverse_payout(payout: Payout, *, reason: str, actor: Actor) -> Payout:
    """Undo a payout that did not reach the partner: the money is owed again, its commissions can be paid again.

    A commission that was refunded in full meanwhile becomes reversed; one that follows another, which was put under
    review meanwhile, is on hold with it. Conflict `payout_not_paid` the second time.
    """
    reason = inputs.line(reason, "reason", longest=500, required=True)
    with transaction.atomic():
        lock(Partner(id=payout.partner_id))
        lock(payout)
        if payout.status != PayoutStatus.PAID:
            raise Conflict(f"This payout is {payout.status}: only a paid one can be reversed.", code="payout_not_paid")
        payout.status = PayoutStatus.REVERSED
        payout.reversed_at = timezone.now()
        payout.reversal_reason = reason
        payout.save(update_fields=["status", "reversed_at", "reversal_reason"])
        _give_back(payout)
        post(
            reference=f"payout:{payout.id}:reversed",
            kind="payout_reversed",
            occurred_at=payout.reversed_at,
            entries=[
                (CASH, payout.currency, -payout.amount),
                (partner_earned(payout.partner_id), payout.currency, payout.amount),
            ],
        )
        after = {"status": str(payout.status), "reason": reason}
        record(actor, "payout.reverse", "payout", payout.id, before={"status": "paid"}, after=after)
    return payout


def _give_back(payout: Payout) -> None:
    items = payout.items.filter(is_live=True)
    ids = list(items.values_list("commission_id", flat=True))
    mine = payout.partner.commissions
    commissions = _lock_with_followed(payout, ids)
    on_hold = set(mine.filter(id__in=ids).kept_on_hold().values_list("id", flat=True))
    for commission in commissions:
        gone = commission.amount != 0 and commission.amount == commission.reversed
        again = CommissionStatus.PENDING if commission.id in on_hold else CommissionStatus.APPROVED
        commission.status = CommissionStatus.REVERSED if gone else again
        commission.paid_at = None
        # Of a deleted order it was in view because it explained what was owed: nothing is any more.
        commission.is_hidden = commission.order is not None and commission.order.deleted_at is not None
    mine.bulk_update(commissions, ["status", "paid_at", "is_hidden"], batch_size=1000)
    follow_hold(on_hold)
    items.update(is_live=False)


def _lock_with_followed(payout: Payout, ids: Sequence[uuid.UUID]) -> list[Commission]:
    """The payout's commissions, locked together with those that decide about their hold; all by id."""
    mine = payout.partner.commissions.filter(id__in=ids)
    followed = {id for pair in mine.values_list("source", "adjusts") for id in pair if id is not None}
    both = Merchant(id=payout.merchant_id).commissions.filter(id__in=followed.union(ids))
    locked = both.select_for_update(of=("self",), no_key=True).select_related("order").order_by("id")
    paid = set(ids)
    return [commission for commission in locked if commission.id in paid]


def _checked_day(paid_on: date) -> date:
    # A day ahead somewhere on earth is still today's mistake to make.
    if type(paid_on) is not date or not _EARLIEST <= paid_on <= timezone.now().date() + timedelta(days=1):
        raise DomainError(
            "Give the day of the payment; it cannot lie ahead, nor before 1970.",
            code="paid_on_invalid",
            field="paid_on",
        )
    return paid_on


def _start_of(day: date, merchant: Merchant) -> datetime:
    """The day's first moment where the merchant lives: what the books note as the time of the payment."""
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(merchant.time_zone))


def _shown(payout: Payout, commissions: Sequence[Commission]) -> dict[str, object]:
    return {
        "partner_id": str(payout.partner_id),
        "amount": payout.amount,
        "netted": payout.netted,
        "currency": payout.currency,
        "transaction_id": payout.transaction_id,
        "paid_on": payout.paid_on.isoformat(),
        "commissions": [str(commission.id) for commission in commissions],
    }
