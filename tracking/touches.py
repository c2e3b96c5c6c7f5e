"""The candidates for an event: every touch that could tie it to a partner, with what is wrong with it if anything."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from affiliates.attribution import Candidate
from tracking.buyers import Buyer
from tracking.events import Event
from tracking.load import CouponRow, Known, as_uuid


class Touches:
    """What LOAD found that can stand for a partner."""

    def __init__(self, known: Known) -> None:
        self.partners = {partner.id: partner for partner in known.partners}
        self.coupons = {coupon.key: coupon for coupon in known.coupons}
        self._partners_by_email = {partner.email: partner for partner in known.partners}
        self._clicks = known.clicks

    def candidates(self, event: Event, buyer: Buyer | None, at: datetime) -> list[Candidate]:
        """All candidates for an event that happened `at` that moment, in the order a person would name them."""
        found: list[Candidate] = []
        if event.partner:
            found.append(self._named(event.partner, at))
        if event.coupon:
            found.append(self._coupon(event.coupon, at))
        if event.click_id:
            found.extend(self._visitor_clicks(event.click_id, at))
        owner, since = buyer.belonged_to(at) if buyer is not None else (None, None)
        if owner is not None:
            found.append(self._candidate("customer", owner, since or at, "earlier"))
        if buyer is not None and buyer.row.status == "blocked":
            blocked = "customer_blocked: nobody earns on a blocked customer"
            return [replace(candidate, problem=candidate.problem or blocked) for candidate in found]
        return found

    def _named(self, text: str, at: datetime) -> Candidate:
        id = as_uuid(text)
        partner = self.partners.get(id) if id else self._partners_by_email.get(text.strip().lower())
        if partner is None:
            return Candidate("api", at, text, problem="partner_unknown: no partner has this id or e-mail")
        return self._candidate("api", partner.id, at, text)

    def _coupon(self, code: str, at: datetime) -> Candidate:
        coupon = self.coupons.get(code.upper())
        if coupon is None:
            return Candidate("coupon", at, code, problem="coupon_unknown: no coupon has this code")
        problem = _coupon_problem(coupon, at)
        return self._candidate("coupon", coupon.partner_id, at, coupon.code, coupon.id, problem)

    def _visitor_clicks(self, click_id: UUID, at: datetime) -> list[Candidate]:
        clicks = [click for click in self._clicks if click.named == click_id]
        if not clicks:
            return [Candidate("click", at, str(click_id), problem="click_unknown: no click has this id")]
        return [self._candidate("click", c.partner_id, c.clicked_at, str(c.id), c.id) for c in clicks]

    def _candidate(
        self, kind: str, partner_id: UUID, at: datetime, ref: str, object_id: UUID | None = None, problem: str = ""
    ) -> Candidate:
        partner = self.partners[partner_id]
        return Candidate(
            kind=kind,
            at=at,
            ref=ref,
            partner_id=partner.id,
            partner_name=partner.name,
            partner_status=partner.status,
            partner_email=partner.email,
            object_id=object_id,
            problem=problem,
        )


def _coupon_problem(coupon: CouponRow, at: datetime) -> str:
    if not coupon.is_active:
        return "coupon_off: the coupon is switched off"
    if coupon.starts_at is not None and at < coupon.starts_at:
        return "coupon_not_started: the coupon starts later"
    if coupon.ends_at is not None and at >= coupon.ends_at:
        return "coupon_ended: the coupon has ended"
    if coupon.max_uses is not None and coupon.uses >= coupon.max_uses:
        return "coupon_used_up: the coupon has been used as often as it may"
    return ""
