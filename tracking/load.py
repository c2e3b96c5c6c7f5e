"""LOAD: everything a set of sales needs to know, in one statement, however many they are.

Row-level security adds the tenant to every table here. Look-ups by several keys are UNIONs rather than ORs, so
that each uses its index under the generic plan the connection asks for. A function such as upper() may not be called
before the tenant was compared (it is not leak-proof), so no index on one serves here: keys are columns.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

from msgspec import Struct, json

from merchants.statements import Statement
from merchants.tenancy import Question, current
from rewards.details import Details
from rewards.rules import Terms
from tracking.answers import CommissionShown, OrderShown
from tracking.events import Event, Sale


class EarlierRow(Struct):
    """Whose a customer was, for orders placed before `until`."""

    partner_id: UUID
    since: datetime
    until: datetime


class CustomerRow(Struct):
    """A customer that one of the keys found."""

    id: UUID
    identity_id: UUID | None
    external_id: str | None
    email: str | None
    phone: str | None
    name: str
    status: str
    partner_id: UUID | None
    """Whom the customer belongs to."""
    since: datetime | None
    has_ordered: bool
    earlier: list[EarlierRow] | None = None
    """Whose they were before somebody gave them to another, in the order of time; of nearly all there is none."""


class ProviderKeyRow(Struct):
    """A provider key that an event named, and whose it is."""

    provider: str
    key: str
    customer_id: UUID


class IdentityRow(Struct):
    """A person known to the installation under one of the contacts. Never shown, only linked."""

    id: UUID
    email: str | None
    phone: str | None


class PartnerRow(Struct, kw_only=True):
    """A partner that a coupon, a click, a customer or the request named."""

    id: UUID
    program_id: UUID
    group_id: UUID | None
    name: str
    email: str
    status: str
    recruiter_id: UUID | None
    recruited_at: datetime | None


class RecruiterRow(PartnerRow, kw_only=True):
    """A partner above one of those, `level` steps up from `of`."""

    of: UUID
    level: int


class CouponRow(Struct):
    """A coupon by its code in upper case."""

    id: UUID
    key: str
    code: str
    partner_id: UUID
    is_active: bool
    starts_at: datetime | None
    ends_at: datetime | None
    max_uses: int | None
    uses: int


class ClickRow(Struct):
    """A click of the same visitor as a click that a sale named (`named` is that one's id)."""

    named: UUID
    id: UUID
    partner_id: UUID
    clicked_at: datetime


class TermsRow(Struct):
    """A version of one of a partner's own rules."""

    id: UUID
    partner_id: UUID
    number: int
    kind: str
    percent: Decimal | None
    amount: int | None
    currency: str
    excludes: list[str]
    ended: bool
    effective_from: datetime
    rule: UUID | None
    details: Details

    def terms(self) -> Terms:
        """As the engine takes it."""
        return Terms(
            id=self.id,
            level="partner",
            number=self.number,
            effective_from=self.effective_from,
            kind=self.kind,
            percent=self.percent,
            amount=self.amount,
            currency=self.currency,
            excludes=tuple(self.excludes),
            ended=self.ended,
            rule=self.rule,
            details=self.details,
        )


class OrderRow(Struct):
    """An order that is already there under one of the natural keys, with what it takes to answer again."""

    source: str
    external_id: str
    fingerprint: str
    deleted: bool
    order: OrderShown
    attribution: dict[str, Any]
    commissions: list[CommissionShown]


class Known(Struct):
    """What LOAD found."""

    version: int
    customers: list[CustomerRow] = []
    provider_keys: list[ProviderKeyRow] = []
    identities: list[IdentityRow] = []
    partners: list[PartnerRow] = []
    recruiters: list[RecruiterRow] = []
    """Those above them, `levels` steps up at most."""
    levels: int = 0
    coupons: list[CouponRow] = []
    clicks: list[ClickRow] = []
    terms: list[TermsRow] = []
    recorded: bool = False
    """Whether any of the sales is there already."""
    orders: list[OrderRow] = []
    """Those that are."""


#: Clicks of one visitor that are compared; the newest. A visitor with more within the window is no person.
_CLICKS_COMPARED = 50


def _each(keys: str, rows: str) -> str:
    """The query `rows` for each of the parameter `keys` by itself, as `named.key`.

    LATERAL … OFFSET 0 keeps these look-ups by index one by one. As a join or `= ANY`, the plan may read all rows of the
    merchant, which is what was cheapest when the table was small.
    """
    return f"SELECT found.* FROM unnest(%({keys})s::text[]) AS named(key) CROSS JOIN LATERAL ({rows} OFFSET 0) found"


_CUSTOMER = (
    "SELECT c.id, c.identity_id, c.external_id, c.email, c.phone, c.name, c.status FROM customers_customer c WHERE"
)
_IDENTITY = "SELECT i.id, i.email, i.phone FROM customers_identity i WHERE"

#: An order as every answer shows it. `tracking.answers` documents the fields.
ORDER_SHOWN = """json_build_object(
    'id', o.id, 'order_id', o.external_id, 'source', o.source, 'amount', o.amount, 'currency', o.currency,
    'tax', o.tax, 'shipping', o.shipping, 'discount', o.discount, 'refunded', o.refunded, 'lines', o.lines,
    'coupon', nullif(o.coupon_code, ''), 'click_id', o.click_id, 'customer_id', o.customer_id,
    'partner_id', o.partner_id, 'country', nullif(o.country, ''), 'platform', o.platform, 'notes', o.notes,
    'metadata', o.metadata, 'is_first', o.is_first,
    'placed_at', to_json(o.placed_at), 'created_at', to_json(o.created_at))"""

COMMISSIONS_SHOWN = """(
    SELECT coalesce(json_agg(json_build_object(
        'id', m.id, 'amount', m.amount, 'currency', m.currency, 'status', m.status, 'reversed', m.reversed,
        'base', m.base, 'partner', json_build_object('id', p.id, 'name', p.name),
        'held_until', to_json(m.held_until), 'explanation', m.explanation, 'level', m.level) ORDER BY m.id), '[]')
      FROM commissions_commission m JOIN affiliates_partner p ON p.id = m.partner_id
     WHERE m.order_id = o.id)"""

#: The customers of the events by each of their keys, as far as the events name any.
_CUSTOMERS = {
    "external_ids": _each("external_ids", f"{_CUSTOMER} c.external_id = named.key"),
    "emails": _each("emails", f"{_CUSTOMER} c.email = named.key"),
    "phones": _each("phones", f"{_CUSTOMER} c.phone = named.key"),
    "provider_keys": f"""SELECT found.* FROM provider_keys named
        CROSS JOIN LATERAL ({_CUSTOMER} c.id = named.customer_id OFFSET 0) found""",
}
_PROVIDER_KEYS = """
    SELECT found.* FROM unnest(%(providers)s::text[], %(provider_keys)s::text[]) AS named(provider, key)
     CROSS JOIN LATERAL (
        SELECT k.provider, k.key, k.customer_id FROM customers_providerkey k
         WHERE k.provider = named.provider AND k.key = named.key OFFSET 0) found"""
_IDENTITIES = {
    "emails": _each("emails", f"{_IDENTITY} i.email = named.key"),
    "phones": _each("phones", f"{_IDENTITY} i.phone = named.key"),
}
_BELONGING = """
    SELECT c.*, a.partner_id, a.since, e.earlier, o.has_ordered IS NOT NULL AS has_ordered FROM customers c
      LEFT JOIN LATERAL (
        SELECT partner_id, since FROM affiliates_customerattribution WHERE customer_id = c.id OFFSET 0) a ON true
      LEFT JOIN LATERAL (
        SELECT json_agg(json_build_object('partner_id', partner_id, 'since', to_json(since), 'until', to_json(until))
                        ORDER BY until) AS earlier
          FROM affiliates_earlierattribution WHERE customer_id = c.id OFFSET 0) e ON true
      LEFT JOIN LATERAL (SELECT true AS has_ordered FROM orders_order WHERE customer_id = c.id LIMIT 1) o ON true"""
_COUPONS = _each(
    "codes",
    "SELECT c.id, c.key, c.code, c.partner_id, c.is_active, c.starts_at, c.ends_at, c.max_uses, c.uses"
    " FROM affiliates_coupon c WHERE c.key = named.key",
)
_CLICKS = f"""
    SELECT n.id AS named, c.id, c.partner_id, c.clicked_at
      FROM affiliates_click n
     CROSS JOIN LATERAL (
        SELECT id, partner_id, clicked_at FROM affiliates_click
         WHERE visitor = n.visitor ORDER BY clicked_at DESC LIMIT {_CLICKS_COMPARED}
     ) c
     WHERE n.id = ANY(%(click_ids)s::uuid[])"""
#: Who names a partner, by the part or the parameter that has to be there for it.
_PARTNER_IDS = {
    "customers": """SELECT partner_id FROM belonging WHERE partner_id IS NOT NULL
        UNION ALL SELECT (each ->> 'partner_id')::uuid FROM belonging, json_array_elements(earlier) each""",
    "coupons": "SELECT partner_id FROM coupons",
    "clicks": "SELECT partner_id FROM clicks",
    "partner_ids": "SELECT unnest(%(partner_ids)s::uuid[]) AS partner_id",
}
_PARTNER = (
    "SELECT p.id, p.program_id, p.group_id, p.name, p.email, p.status, p.recruiter_id, p.recruited_at"
    " FROM affiliates_partner p"
)
# Step by step, each by its id. A merchant without rules for recruiters does not ask, for every sale pays for asking.
_RECRUITERS = f"""
    SELECT partners.*, partners.id AS of, 0 AS level FROM partners WHERE recruiter_id IS NOT NULL
    UNION ALL
    SELECT found.*, below.of, below.level + 1 FROM recruiters below
     CROSS JOIN LATERAL ({_PARTNER} WHERE p.id = below.recruiter_id OFFSET 0) found
     WHERE below.level < %(levels)s"""
_TERMS = """
    SELECT t.* FROM {whose} CROSS JOIN LATERAL (
        SELECT r.id, r.partner_id, r.number, r.kind, r.percent::text AS percent, r.amount, r.currency, r.excludes,
               r.ended, r.effective_from, r.rule, r.details
          FROM rewards_rewardversion r WHERE r.partner_id = whose.id OFFSET 0) t"""
_OF_PARTNERS = _TERMS.format(whose="partners whose")
_OF_ALL = _TERMS.format(whose="(SELECT id FROM partners UNION SELECT id FROM recruiters) whose")
_RECORDED = """
      FROM unnest(%(sources)s::text[], %(order_ids)s::text[]) AS k(source, external_id)
     CROSS JOIN LATERAL (
        SELECT * FROM orders_order WHERE source = k.source AND external_id = k.external_id OFFSET 0) o"""
# A statement of its own: sales seldom come twice, and PostgreSQL would make all of this ready for each new one.
_ORDERS = Statement(f"""
    SELECT json_agg(x) FROM (
    SELECT o.source, o.external_id, o.fingerprint, o.deleted_at IS NOT NULL AS deleted,
           {ORDER_SHOWN} AS "order", o.attribution,
           {COMMISSIONS_SHOWN} AS commissions {_RECORDED}) x""")


@lru_cache(maxsize=256)
def _statement(given: frozenset[str]) -> Statement:
    """LOAD for events that give these parameters: what nobody names is neither looked for nor planned for."""
    parts: dict[str, str] = {}
    if "provider_keys" in given:
        parts["provider_keys"] = _PROVIDER_KEYS
    if customers := _any_of(_CUSTOMERS, given):
        parts |= {"customers": customers, "belonging": _BELONGING}
    if identities := _any_of(_IDENTITIES, given):
        parts["identities"] = identities
    if "codes" in given:
        parts["coupons"] = _COUPONS
    if "click_ids" in given:
        parts["clicks"] = _CLICKS
    named = []
    if ids := _any_of(_PARTNER_IDS, given | parts.keys(), "UNION ALL"):
        by_id = f"{_PARTNER} WHERE p.id = named.partner_id OFFSET 0"
        distinct = f"SELECT DISTINCT partner_id FROM ({ids}) ids"
        named.append(f"SELECT found.* FROM ({distinct}) named CROSS JOIN LATERAL ({by_id}) found")
    if "partner_emails" in given:
        named.append(f"{_PARTNER} WHERE p.email = ANY(%(partner_emails)s::text[])")
    if named:
        parts["partners"] = " UNION ".join(named)
        if "levels" in given:
            parts |= {"recruiters": _RECRUITERS, "terms": _OF_ALL}
        else:
            parts["terms"] = _OF_PARTNERS
    return _composed(parts, sales="order_ids" in given)


def _any_of(sources: Mapping[str, str], given: Collection[str], union: str = "UNION") -> str:
    return f" {union} ".join(sql for name, sql in sources.items() if name in given)


def _composed(parts: Mapping[str, str], *, sales: bool) -> Statement:
    shown = {"customers": "belonging"} | {name: name for name in parts if name not in ("customers", "belonging")}
    ctes = ",\n".join(f"{name} AS MATERIALIZED ({sql})" for name, sql in parts.items())
    rows = "".join(
        f", '{name}', (SELECT coalesce(json_agg(x), '[]') FROM {part} x{_WHICH.get(name, '')})"
        for name, part in shown.items()
        if part in parts
    )
    if sales:
        rows += f", 'recorded', EXISTS (SELECT {_RECORDED})"
    version = "'version', (SELECT configuration_version FROM merchants_merchant WHERE id = %(merchant)s)"
    recursive = "RECURSIVE " if "recruiters" in parts else ""
    return Statement((f"WITH {recursive}{ctes}\n" if ctes else "") + f"SELECT json_build_object({version}{rows})")


#: What of a part is answered, where it is not all.
_WHICH = {"recruiters": " WHERE level > 0"}
_BY_ID = (
    "SELECT found.* FROM unnest(%(partner_ids)s::uuid[]) AS named(partner_id)"
    f" CROSS JOIN LATERAL ({_PARTNER} WHERE p.id = named.partner_id OFFSET 0) found"
)
_ABOVE = _composed({"partners": _BY_ID, "recruiters": _RECRUITERS, "terms": _OF_ALL}, sales=False)


_decoder = json.Decoder(Known, strict=True)
_orders_decoder = json.Decoder(list[OrderRow], strict=True)


def question(merchant_id: UUID, events: Sequence[Event], *, levels: int = 0) -> Question:
    """LOAD for these events: what is known about them, in one statement, however many they are.

    With `levels` also who is above their partners, so many steps up; see `with_recruiters` for when it was too few.
    """
    customers = [event.customer for event in events if event.customer is not None]
    provider_keys = [customer.provider_key for customer in customers if customer.provider_key is not None]
    named = [event.partner for event in events if event.partner]
    sales = [event for event in events if isinstance(event, Sale)]
    parameters = {
        "merchant": merchant_id,
        "external_ids": _distinct(c.external_id for c in customers),
        "emails": _distinct(c.email for c in customers),
        "phones": _distinct(c.phone for c in customers),
        "providers": [named.provider for named in provider_keys],
        "provider_keys": [named.key for named in provider_keys],
        "codes": _distinct(event.coupon and event.coupon.upper() for event in events),
        "click_ids": [event.click_id for event in events if event.click_id],
        "partner_ids": [id for id in map(as_uuid, named) if id],
        "partner_emails": [text.strip().lower() for text in named if "@" in text],
        "sources": [sale.source for sale in sales],
        "order_ids": [sale.order_id for sale in sales],
        "levels": levels,
    }
    statement = _statement(frozenset(name for name, values in parameters.items() if values))
    return Question(statement, parameters, rules_of=merchant_id)


def known(asked: Question, answer: bytes | None = None) -> Known:
    """What the running tenant answers to LOAD; `answer` when it was asked already.

    A second statement when any of the sales came before.
    """
    found = asked.answer() if answer is None else answer
    assert found is not None
    known = _decoder.decode(found)
    known.levels = asked.parameters["levels"]
    if known.recorded:
        known.orders = _orders_decoder.decode(_ORDERS.value(asked.parameters) or b"[]")
    return known


def with_recruiters(known: Known, levels: int) -> None:
    """Add who is above the partners, when LOAD did not ask, or not so far up: the rules have changed since."""
    recruited = [partner.id for partner in known.partners if partner.recruiter_id is not None]
    if known.levels >= levels or not recruited:
        return
    answer = _ABOVE.value({"merchant": current(), "partner_ids": recruited, "levels": levels})
    assert answer is not None
    found = _decoder.decode(answer)
    mine = {partner.id for partner in known.partners}
    known.recruiters, known.levels = found.recruiters, levels
    known.terms += [terms for terms in found.terms if terms.partner_id not in mine]


def _distinct(keys: Iterable[str | None]) -> list[str]:
    return list(dict.fromkeys(key for key in keys if key))


def as_uuid(text: str) -> UUID | None:
    """The UUID that `text` spells, if it does."""
    try:
        return UUID(text)
    except ValueError:
        return None
