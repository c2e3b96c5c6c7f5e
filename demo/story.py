"""Two plausible years of a brand, the same at every run on the same day: who came, through whom, and what they bought.

Pure: a seeded generator, no database, no clock. What it yields goes through the same doors as anything else.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from demo.brands import FIRST_NAMES, LAST_NAMES, TRADES, Brand
from tracking.events import Lead, Line, Refund, Sale, SaleCustomer

DAYS = 730
#: Monday to Sunday, and January to December: how much is bought, as a factor.
_WEEK = (0.95, 0.9, 0.92, 1.0, 1.1, 1.2, 1.05)
_YEAR = (0.85, 0.85, 0.95, 0.95, 1.0, 0.95, 0.85, 0.9, 1.0, 1.1, 1.45, 1.9)
_REFUNDED_SHARE = 0.04
_DIRECT_SHARE = 0.35


@dataclass(frozen=True, slots=True)
class PartnerStory:
    """A partner as they will be made; `joins` is the day they do."""

    name: str
    email: str
    code: str
    status: str
    group: str
    joins: date
    weight: float
    """How well they sell, against the others."""


@dataclass(slots=True)
class Visit:
    """Somebody follows a partner's link."""

    id: UUID
    partner: int
    visitor: UUID
    at: datetime


@dataclass(slots=True)
class Day:
    """What happened on one day, in order."""

    day: date
    visits: list[Visit]
    leads: list[Lead]
    sales: list[Sale]
    refunds: list[Refund]


@dataclass(slots=True)
class _Person:
    customer: SaleCustomer
    partner: int | None


class Story:
    """The two years up to `today` of one brand."""

    def __init__(self, brand: Brand, today: date) -> None:
        self.brand = brand
        self.first_day = today - timedelta(days=DAYS - 1)
        self._random = Random(f"{brand.slug} as ever")  # noqa: S311 - must be the same at every run
        self._zone = ZoneInfo(brand.time_zone)
        self.partners = [self._partner(number) for number in range(brand.partners)]
        self._people: list[_Person] = []
        self._due: dict[date, list[Refund]] = {}
        self._orders = 0

    def days(self) -> Iterator[Day]:
        """Every day from the first to today, in order; call it once."""
        weights = [self._weight(number) for number in range(DAYS)]
        total = sum(weights)
        owed = 0.0
        for number, weight in enumerate(weights):
            owed += self.brand.orders * weight / total
            count, owed = int(owed), owed % 1
            yield self._day(self.first_day + timedelta(days=number), count, progress=(number + 1) / DAYS)

    def _weight(self, number: int) -> float:
        day = self.first_day + timedelta(days=number)
        return (0.5 + number / DAYS) * _WEEK[day.weekday()] * _YEAR[day.month - 1]

    def _partner(self, number: int) -> PartnerStory:
        first, last = self._name(number)
        late = number >= self.brand.partners * 0.8
        # Of ten late ones: applied, rejected and suspended ones among them; everybody before is approved.
        status = ("applied", "applied", "rejected", "suspended", "approved")[number % 5] if late else "approved"
        handle = f"{first}{number}".lower()
        return PartnerStory(
            name=f"{first} {last}" if number % 3 else f"{last} {TRADES[number % len(TRADES)]}",
            email=f"{handle}@partners.example",
            code=f"{first.upper()}{10 + number % 3 * 5}{'' if number < len(FIRST_NAMES) else number}",
            status=status,
            group=("Creators", "Publishers", "Ambassadors")[number % 3] if number % 4 else "",
            joins=self.first_day + timedelta(days=int(DAYS * 0.6 * number / self.brand.partners)),
            weight=1 / (number + 3),
        )

    def _name(self, number: int) -> tuple[str, str]:
        return FIRST_NAMES[number * 7 % len(FIRST_NAMES)], LAST_NAMES[number * 11 % len(LAST_NAMES)]

    def _day(self, day: date, count: int, *, progress: float) -> Day:
        told = Day(day, [], [], [], self._due.pop(day, []))
        for moment in sorted(self._moment(day) for _ in range(count)):
            self._order(told, moment, progress)
        for _ in range(round(count * 2.2)):
            partner = self._any_partner(day)
            if partner is not None:
                told.visits.append(Visit(self._id(day), partner, self._id(day), self._moment(day)))
        return told

    def _moment(self, day: date) -> datetime:
        minute = int(self._random.triangular(0, 24 * 60, 19 * 60))
        at = time(min(minute // 60, 23), minute % 60, self._random.randrange(60))
        return datetime.combine(day, at, tzinfo=self._zone).astimezone(UTC)

    def _id(self, day: date) -> UUID:
        """A UUIDv7 of that day: click ids say when they were made."""
        milliseconds = int(datetime.combine(day, time(), tzinfo=UTC).timestamp() * 1000)
        bits = milliseconds << 80 | 0x7 << 76 | self._random.getrandbits(12) << 64 | 0b10 << 62
        return UUID(int=bits | self._random.getrandbits(62))

    def _any_partner(self, day: date) -> int | None:
        here = [i for i, p in enumerate(self.partners) if p.joins <= day and p.status in ("approved", "suspended")]
        return self._random.choices(here, [self.partners[i].weight for i in here])[0] if here else None

    def _order(self, told: Day, moment: datetime, progress: float) -> None:
        is_new = len(self._people) < self.brand.customers * min(progress * 1.02, 1)
        person = self._new_person(told.day) if is_new else self._random.choice(self._people)
        self._orders += 1
        sale = self._basket(person, moment)
        if person.partner is not None and (is_new or self._random.random() < 0.3):
            self._touch(told, sale, person.partner)
        elif self._orders % 97 == 0:
            sale.coupon = "SUMMER-SALE"  # a code nobody has: kept as a direct order that says why
        if is_new and person.partner is not None and self._orders % 5 == 0:
            signed_up = moment - timedelta(minutes=self._random.randrange(5, 60))
            told.leads.append(
                Lead(name="signup", customer=person.customer, click_id=sale.click_id, coupon=sale.coupon,
                     occurred_at=signed_up)
            )  # fmt: skip
        told.sales.append(sale)
        if self._random.random() < _REFUNDED_SHARE:
            self._refund_later(told.day, sale)

    def _new_person(self, day: date) -> _Person:
        number = len(self._people)
        first, last = self._random.choice(FIRST_NAMES), self._random.choice(LAST_NAMES)
        customer = SaleCustomer(
            external_id=f"cus_{number + 1:05d}",
            email=f"{first}.{last}{number}@{self.brand.slug}.mail.example".lower(),
            name=f"{first} {last}",
        )
        partner = None if self._random.random() < _DIRECT_SHARE else self._any_partner(day)
        person = _Person(customer, partner)
        self._people.append(person)
        return person

    def _touch(self, told: Day, sale: Sale, partner: int) -> None:
        how = self._random.random()
        if how < 0.7:
            sale.coupon = self.partners[partner].code
            sale.discount = sum(line.amount for line in sale.lines) // 10
        if how > 0.55 and sale.placed_at is not None:
            clicked = sale.placed_at - timedelta(minutes=self._random.randrange(2, 600))
            visit = Visit(self._id(told.day), partner, self._id(told.day), clicked)
            told.visits.append(visit)
            sale.click_id = visit.id

    def _basket(self, person: _Person, moment: datetime) -> Sale:
        chosen = self._random.choices(self.brand.products, k=self._random.choice((1, 1, 1, 2, 2, 3)))
        lines = []
        for product in dict.fromkeys(chosen):
            quantity = self._random.choice((1, 1, 1, 2))
            lines.append(
                Line(product_key=product.key, category=product.category, quantity=quantity,
                     amount=product.price * quantity)
            )  # fmt: skip
        goods = sum(line.amount for line in lines)
        shipping = 0 if goods > 10 * self.brand.shipping else self.brand.shipping
        tax = goods * self.brand.tax_percent // 100
        countries, weights = zip(*self.brand.countries, strict=True)
        return Sale(
            order_id=f"{self.brand.slug[:2].upper()}-{10_000 + self._orders}",
            amount=goods + shipping + tax,
            currency=self.brand.currency,
            customer=person.customer,
            tax=tax,
            shipping=shipping,
            lines=lines,
            country=self._random.choices(countries, weights)[0],
            platform=self._random.choice(("web", "web", "web", "ios", "android")),
            placed_at=moment,
        )

    def _refund_later(self, day: date, sale: Sale) -> None:
        due = day + timedelta(days=self._random.randrange(3, 24))
        refund = Refund(order_id=sale.order_id, refund_id=f"R-{sale.order_id}", reason="Returned")
        if self._random.random() < 0.5:
            refund.amount, refund.reason = sale.amount // 2, "Part of it came broken"
        refund.refunded_at = datetime.combine(due, time(10), tzinfo=self._zone).astimezone(UTC)
        self._due.setdefault(due, []).append(refund)
