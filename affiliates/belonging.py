"""Whose a customer is, and whose they were: an order belongs to whom the customer belonged to when it was placed.

`CustomerAttribution` is whose they are. When somebody gives them to another partner, what was before is kept as
`EarlierAttribution`, so that an order which arrives late finds its owner. Each of these ends where the next begins; the
first reaches back without end, because a customer who came with an order of March had nobody before. Where they were
nobody's, an order goes to whoever had them next. Sales read both (`tracking.load`) and never write the second.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from affiliates.models import BY_HAND, CustomerAttribution, EarlierAttribution, Partner
from customers.models import Customer
from merchants.tenancy import current
from stats.marks import mark_customers


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which a customer was a partner's."""

    partner_id: UUID
    since: datetime
    until: datetime | None
    """None: still is."""


@dataclass(frozen=True, slots=True)
class Belonging:
    """A customer's stretches in the order of time; only the last may still last."""

    stretches: tuple[Stretch, ...] = ()

    @property
    def came_at(self) -> datetime | None:
        """When the customer first came to any partner."""
        return min((stretch.since for stretch in self.stretches), default=None)

    def given(self, partner_id: UUID | None, *, begins: datetime | None, since: datetime) -> "Belonging":
        """The same when they are the partner's for every order placed from `begins` on; None: from the beginning.

        `since` is what is shown as the day they came to the partner.
        """
        kept = [] if begins is None else list(_until(self.stretches, begins))
        if partner_id is None:
            return Belonging(tuple(kept))
        while kept and kept[-1].partner_id == partner_id:
            since = min(since, kept.pop().since)
        return Belonging((*kept, Stretch(partner_id, since, None)))


def _until(stretches: Sequence[Stretch], end: datetime) -> Iterator[Stretch]:
    """What was before that moment."""
    before: datetime | None = None
    for stretch in stretches:
        if before == end:
            return
        before = end if stretch.until is None else min(stretch.until, end)
        yield replace(stretch, until=before)


def belonging_of(customer: Customer) -> Belonging:
    """Of a customer of the running tenant, whose lock the caller holds when it is about to change."""
    earlier = EarlierAttribution.objects.filter(customer=customer).order_by("until")
    stretches = [Stretch(row.partner_id, row.since, row.until) for row in earlier]
    now = CustomerAttribution.objects.filter(customer=customer).first()
    if now is not None:
        stretches.append(Stretch(now.partner_id, now.since, None))
    return Belonging(tuple(stretches))


def keep(customer: Customer, belonging: Belonging) -> None:
    """Write down, by hand, whose the customer is and was."""
    mark_customers([customer.id])
    last = belonging.stretches[-1] if belonging.stretches and belonging.stretches[-1].until is None else None
    rows = CustomerAttribution.objects.filter(customer=customer)
    if last is None:
        rows.delete()
    else:
        new = {"partner": Partner(id=last.partner_id), "touch": BY_HAND, "since": last.since}
        rows.update_or_create(customer=customer, defaults=new, create_defaults=new | {"merchant_id": current()})
    EarlierAttribution.objects.filter(customer=customer).delete()
    EarlierAttribution.objects.bulk_create(_earlier(customer, belonging.stretches))


def _earlier(customer: Customer, stretches: Sequence[Stretch]) -> list[EarlierAttribution]:
    return [
        EarlierAttribution(
            merchant_id=current(), customer=customer, partner_id=each.partner_id, since=each.since, until=each.until
        )
        for each in stretches
        if each.until is not None
    ]


def forget(customer: Customer) -> None:
    """Nobody shall know any more whose they were: the customer is deleted."""
    mark_customers([customer.id])
    CustomerAttribution.objects.filter(customer=customer).delete()
    EarlierAttribution.objects.filter(customer=customer).delete()
