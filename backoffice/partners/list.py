"""The list of partners: by status, found by name, e-mail or code, sorted by what they brought (SPEC A2)."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from django.db.models import BigIntegerField, Count, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpResponseBase
from django.utils import timezone
from django.utils.text import Truncator

from affiliates.models import Partner, PartnerStatus
from affiliates.search import found_by
from backoffice.asked import Asked
from backoffice.door import StaffRequest, page, staff_page
from merchants.models import Merchant
from merchants.money import display, to_decimal
from merchants.roles import Permission
from pages.exports import Export, Lines
from pages.listing import Sort, sheet
from pages.periods import PRESETS
from pages.templatetags.pages import bare
from rewards.models import RewardVersion
from rewards.terms import in_force_for
from stats.reading import Figures, partner_totals

_SORTS = {
    "name": Sort("name", str, descending=False),
    "joined": Sort("created_at", datetime),
    "conversions": Sort("orders_sorted", int),
    "revenue": Sort("revenue_sorted", int),
    "earned": Sort("earned_sorted", int),
}
#: Characters: more would push the columns of the list out of sight.
_GLANCE = 80
#: What the sort needs of the rollup; the other figures are read for the rows of the page alone.
_TOTALS = {"conversions": "orders", "revenue": "revenue", "earned": "earned"}


@dataclass(frozen=True, slots=True)
class Row:
    """A partner with what the list shows beside the name."""

    partner: Partner
    coupon: str
    reward: RewardVersion | None
    figures: Figures
    glance: str = ""
    """What an applicant wrote, as far as it fits into a line."""

    @property
    def balance(self) -> int:
        """What they earned and were not paid yet, in the merchant's currency."""
        return self.figures.approved + self.figures.pending


@dataclass(frozen=True, slots=True)
class Revenue:
    """How much a partner brought at least and at most, in the merchant's currency; nothing asked is false."""

    merchant: Merchant
    least: int | None
    most: int | None

    @classmethod
    def of(cls, asked: Asked) -> Self:
        """What the query string asks for."""
        return cls(asked.merchant, asked.amount("revenue_from"), asked.amount("revenue_to"))

    def __bool__(self) -> bool:
        return self.least is not None or self.most is not None

    @property
    def fields(self) -> tuple[tuple[str, str, int | None], ...]:
        """The two fields of the filter: name, label and what is asked."""
        return (("revenue_from", "At least", self.least), ("revenue_to", "At most", self.most))

    @property
    def label(self) -> str:
        """`$100.00 – $500.00`, `from $100.00`, `up to $500.00`."""
        shown = [display(amount, self.merchant.currency) for amount in (self.least, self.most) if amount is not None]
        if len(shown) == 2:
            return " – ".join(shown)
        return f"{'from' if self.most is None else 'up to'} {shown[0]}" if shown else ""

    def narrowed(self, rows: "QuerySet[Partner]") -> "QuerySet[Partner]":
        """Those of `rows` who brought that much. Who brought nothing has no total, and is met below any `most`."""
        totals = self.merchant.partner_totals.filter(currency=self.merchant.currency)
        if self.least:
            rows = rows.filter(id__in=totals.filter(revenue__gte=self.least).values("partner_id"))
        if self.most is not None:
            rows = rows.exclude(id__in=totals.filter(revenue__gt=self.most).values("partner_id"))
        return rows


@staff_page(Permission.VIEW)
def partners(request: StaffRequest) -> HttpResponseBase:
    """One page of the list."""
    asked = Asked.of(request)
    found = sheet(request, matching(asked), sorts=_SORTS, default="-revenue")
    context = {
        "sheet": found,
        "rows": rows_of(request.merchant, found.rows),
        "tabs": _tabs(request.merchant),
        "status": asked.text("status") if asked.text("status") in PartnerStatus.values else "",
        "q": asked.text("q"),
        "groups": list(request.merchant.groups.order_by("name").values_list("id", "name")[:50]),
        "group": asked.text("group"),
        "revenue": Revenue.of(asked),
        "period": asked.period,
        "presets": PRESETS,
        "partials": {"list"},
    }
    return page(request, "backoffice/partners/list.html", context)


def matching(asked: Asked) -> "QuerySet[Partner]":
    """The partners that the query string asks for, with what its sort needs and the coupon that people know."""
    merchant = asked.merchant
    oldest = merchant.coupons.filter(partner=OuterRef("pk"), is_active=True).order_by("created_at", "id")
    rows: QuerySet[Partner] = merchant.partners.annotate(coupon=Subquery(oldest.values("code")[:1]))
    status, text, group = (asked.text(name) for name in ("status", "q", "group"))
    if status in PartnerStatus.values:
        rows = rows.filter(status=status)
    if text:
        rows = rows.filter(found_by(text))
    if group:
        rows = rows.filter(group__name=group)
    if (period := asked.period) is not None:
        rows = rows.filter(created_at__gte=period.begins(), created_at__lt=period.ends())
    rows = Revenue.of(asked).narrowed(rows)
    # As `sheet` sorts: what is no column sorts by the default one.
    if column := _TOTALS.get(asked.sort if asked.sort in _SORTS else "revenue"):
        total = merchant.partner_totals.filter(partner_id=OuterRef("pk"), currency=merchant.currency).values(column)
        number = Coalesce(Subquery(total), Value(0), output_field=BigIntegerField())
        rows = rows.annotate(**{f"{column}_sorted": number})
    return rows


def rows_of(merchant: Merchant, partners: list[Partner]) -> list[Row]:
    """What the list shows of these partners: a few queries, however many they are."""
    rewards = in_force_for(partners, timezone.now())
    totals = partner_totals([partner.id for partner in partners], merchant.currency)
    glances = _glances(merchant, [partner for partner in partners if partner.status == PartnerStatus.APPLIED])
    return [
        Row(
            partner=partner,
            coupon=partner.coupon or "",  # type: ignore[attr-defined] # an annotation of `matching`
            reward=rewards[partner.id],
            figures=totals[partner.id],
            glance=glances.get(partner.id, ""),
        )
        for partner in partners
    ]


def _glances(merchant: Merchant, applicants: list[Partner]) -> dict[UUID, str]:
    """What each applicant wrote last, in a line."""
    if not applicants:
        return {}
    sent = merchant.applications.filter(partner__in=applicants).order_by("created_at")
    return {
        partner_id: Truncator(
            " · ".join(filter(None, [bare(website), *(_short(each["answer"]) for each in answers)]))
        ).chars(_GLANCE)
        for partner_id, website, answers in sent.values_list("partner_id", "website", "answers")
    }


def _short(answer: object) -> str:
    if isinstance(answer, bool) or answer is None:
        return "yes" if answer else ""
    return ", ".join(answer) if isinstance(answer, list) else str(answer)


def _lines(asked: Asked) -> "Lines[Partner]":
    """Amounts are decimal numbers of the merchant's currency."""
    merchant, currency = asked.merchant, asked.merchant.currency

    def lines(found: list[Partner]) -> Iterator[list[object]]:
        for row in rows_of(merchant, found):
            revenue, earned, balance = (
                to_decimal(amount, currency) for amount in (row.figures.revenue, row.figures.earned, row.balance)
            )
            yield [
                row.partner.name, row.partner.email, row.partner.status, row.coupon, row.figures.clicks,
                row.figures.orders, revenue, earned, balance, currency, row.partner.portal_code,
                row.partner.created_at,
            ]  # fmt: skip

    return lines


EXPORT = Export(
    name="partners",
    title="Partners",
    header="name email status coupon clicks orders revenue earned balance currency portal joined".split(),
    rows=matching,
    lines=_lines,
    by="created_at",
)


def _tabs(merchant: Merchant) -> list[dict[str, Any]]:
    counts: Counter[str] = Counter(dict(merchant.partners.values_list("status").annotate(number=Count("*")).order_by()))
    tabs = [{"value": "", "label": "All", "count": counts.total()}]
    return tabs + [
        {"value": status.value, "label": label, "count": counts[status.value]}
        for status, label in (
            (PartnerStatus.APPROVED, "Approved"),
            (PartnerStatus.APPLIED, "Pending"),
            (PartnerStatus.SUSPENDED, "Suspended"),
            (PartnerStatus.REJECTED, "Rejected"),
        )
    ]
