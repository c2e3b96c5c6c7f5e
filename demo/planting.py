"""Planting the demo: the story of each brand goes through the same verbs and the same ingest as real life.

All of it is one transaction. A demo that was interrupted has never been, and the next start plants it whole.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, cached_property
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import connection
from django.urls import reverse

from affiliates import activation
from affiliates.coupons import create_coupon, update_coupon
from affiliates.models import Group, Partner, Program, ProgramTerms
from affiliates.partners import create_partner, suspend
from affiliates.partners import reject as reject_partner
from affiliates.programs import create_group, default_program
from bonuses import reaching
from bonuses.models import Rung
from bonuses.plans import create_bonus
from commissions import hold, manual
from demo import applicants, outreach, rules
from demo.brands import Brand
from demo.story import Day, PartnerStory, Story, Visit
from merchants import keys, tenancy
from merchants.audit import system
from merchants.models import Merchant, User
from merchants.onboarding import create_merchant
from merchants.settings import update_merchant
from merchants.staff import add_staff
from payouts.manual import record_payout, reverse_payout
from payouts.models import Payout
from stats import rollup
from tracking import clicks, ingest
from tracking.clicks import Click
from tracking.leads import record_lead
from tracking.refunds import record_refund

ACTOR = system("demo")
PASSWORD = "accrue-demo-2026"  # noqa: S105 - printed for everybody to read
ROLES = ("owner", "admin", "finance", "support", "viewer")
#: Partners who have been to the portal before.
_LOG_INS = 4
_BATCH_DAYS = 14
_PAYDAY = 5

Say = Callable[[str], None]


@dataclass(slots=True)
class Planted:
    """What `demo.json` tells of one merchant."""

    merchant: dict[str, Any]
    partners: list[dict[str, Any]] = field(default_factory=list)


@cache
def demo_hash() -> str:
    """One hash for every log-in of the demo: hashing is slow on purpose, and this password is printed anyway."""
    return make_password(PASSWORD)


def plant(brand: Brand, *, today: date, base_url: str, say: Say) -> Planted:
    """One merchant with two years behind it. Call it outside any tenant, inside a transaction."""
    story = Story(brand, today)
    say(f"{brand.name}: staff, keys, {brand.partners} partners")
    merchant = create_merchant(
        slug=brand.slug,
        name=brand.name,
        currency=brand.currency,
        time_zone=brand.time_zone,
        domains=[brand.domain],
        actor=ACTOR,
    )
    with tenancy.tenant(merchant.id):
        update_merchant(merchant, changes={"brand_color": brand.color, **_legal(brand)}, actor=ACTOR)
        planted = Planted(_people(brand))
        planting = _Planting(brand, story, merchant, today)
        planting.prepare()
        planting.live(say)
        outreach.give_and_tell(merchant, brand, actor=ACTOR)
        outreach.earn_doubtfully(merchant, planting.partners, brand, actor=ACTOR)
        planted.partners = planting.log_ins(base_url)
        say(f"{brand.name}: rollups")
        planting.count(min(datetime.combine(today, time.max, tzinfo=UTC), datetime.now(UTC)))
    return planted


#: Who works at each of the merchants.
_NAMES = {
    "owner": "Maya Okafor", "admin": "Henrik Vinter", "finance": "Lucia Ferri", "support": "Tomo Abe",
    "viewer": "Nell Byrne",
}  # fmt: skip


def _legal(brand: Brand) -> dict[str, str]:
    """What stands at the foot of the portal and of e-mail."""
    return {
        "legal_name": f"{brand.name} Ltd",
        "contact_email": f"partners@{brand.domain}",
        "terms_url": f"https://{brand.domain}/partner-terms",
        "privacy_url": f"https://{brand.domain}/privacy",
    }


def _people(brand: Brand) -> dict[str, Any]:
    staff = {}
    for role in ROLES:
        email = f"{role}@{brand.domain}"
        add_staff(email=email, role=role, name=_NAMES[role], actor=ACTOR)
        staff[role] = {"email": email, "password": PASSWORD}
    # One person who works for all of them, to have something to switch between.
    add_staff(email="group@accrue.example", role="owner", name="Gina Group", actor=ACTOR)
    members = Merchant(id=tenancy.current()).memberships.values("user")
    User.objects.filter(id__in=members, last_login=None).update(password=demo_hash())
    _, token = keys.issue(name="Demo", scopes=["write", "payouts"], actor=ACTOR)
    keys.issue(name="Reporting", scopes=["read"], actor=ACTOR)
    return {
        "slug": brand.slug,
        "name": brand.name,
        "currency": brand.currency,
        "api_key": token,
        "staff": staff,
    }


class _Planting:
    """One merchant's two years being lived."""

    def __init__(self, brand: Brand, story: Story, merchant: Merchant, today: date) -> None:
        self.brand = brand
        self.story = story
        self.merchant = merchant
        self.today = today
        self.partners: list[Partner] = []
        self._payouts = 0
        self._bonuses_since = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
        """From the month before on targets can be reached, and every day is counted as it ends."""

    def prepare(self) -> None:
        """Program, groups, terms and partners, as they stood on the first day."""
        began = datetime.combine(self.story.first_day, time(), tzinfo=UTC)
        program = default_program(actor=ACTOR)
        groups = {
            name: create_group(program=program, name=name, hold_days=days, actor=ACTOR)
            for name, days in (("Creators", 14), ("Publishers", 45), ("Ambassadors", None))
        }
        rules.of_everybody(program, groups, self.brand, began, actor=ACTOR)
        terms = applicants.set_up(program, self.brand, groups, actor=ACTOR)
        for number, told in enumerate(self.story.partners):
            self.partners.append(self._partner(told, number, groups.get(told.group), terms))
        applicants.agree(self.partners, terms, actor=ACTOR)
        rules.of_some(self.partners, self.brand, began, actor=ACTOR)
        self._bonuses(program)
        self._odd_coupons()

    def _partner(self, told: PartnerStory, number: int, group: Group | None, terms: ProgramTerms) -> Partner:
        # Verbs know no other time than now, and a demo in which everybody joined today would show nothing.
        joined = datetime.combine(told.joins, time(9), tzinfo=UTC)
        if told.status == "applied":
            joined = datetime.combine(self.today - timedelta(days=1 + number % 9), time(9, number % 60), tzinfo=UTC)
        recruiter = rules.recruiter_of(number, self.partners)
        if told.status in ("applied", "rejected"):
            partner = applicants.applied(told, number, group, terms, recruiter, at=joined, actor=ACTOR)
        else:
            partner = create_partner(
                name=told.name, email=told.email, group=group, recruiter=recruiter, coupon_code=told.code, actor=ACTOR
            )
        if told.status == "rejected":
            reject_partner(partner, actor=ACTOR)
        times = {"created_at": joined, "status_changed_at": joined, "recruited_at": joined if recruiter else None}
        self.merchant.partners.filter(id=partner.id).update(**times)
        partner.created_at = joined
        return partner

    def _bonuses(self, program: Program) -> None:
        """One that everybody is on the way to, and one that is planned."""
        began = datetime.combine(self._bonuses_since, time(12), tzinfo=UTC)
        reward = self.brand.fixed_reward
        create_bonus(
            program=program, name="Orders of the month", measure="orders", period="month",
            currency=self.brand.currency, ladder=[Rung(8, reward * 5), Rung(20, reward * 10), Rung(40, reward * 20)],
            starts_on=self._bonuses_since, now=began, actor=ACTOR,
        )  # fmt: skip
        create_bonus(
            partner=self.partners[3], name="New year", measure="leads", period="once", currency=self.brand.currency,
            ladder=[Rung(10, reward * 5)], starts_on=self.today + timedelta(days=7),
            ends_on=self.today + timedelta(days=67), now=began, actor=ACTOR,
        )  # fmt: skip

    def _odd_coupons(self) -> None:
        first = self.partners[0]
        off = create_coupon(partner=first, code="LAUNCH", actor=ACTOR)
        update_coupon(off, changes={"is_active": False}, actor=ACTOR)
        ended = datetime.combine(self.today - timedelta(days=200), time(), tzinfo=UTC)
        create_coupon(
            partner=first, code="SPRING", starts_at=ended - timedelta(days=60), ends_at=ended, actor=ACTOR
        )  # fmt: skip
        create_coupon(partner=self.partners[3], code="FIRST50", max_uses=50, actor=ACTOR)

    def live(self, say: Say) -> None:
        """Day after day: visits, leads, sales, refunds; holds that end; a payday each month."""
        waiting: list[Day] = []
        for day in self.story.days():
            waiting.append(day)
            if len(waiting) >= (_BATCH_DAYS if day.day < self._bonuses_since else 1) or day.day == self.today:
                self._record(waiting)
                if waiting[0].day == self.story.first_day:
                    _analyze()
                waiting = []
            if day.day.day == _PAYDAY and day.day < self.today:
                self._payday(day.day, last=day.day > self.today - timedelta(days=32))
            if day.day.day == 1 and day.day.month in (1, 7):
                say(f"{self.brand.name}: {day.day:%B %Y}")
        self._last_touches()
        _analyze()

    def _record(self, days: list[Day]) -> None:
        now = datetime.combine(days[-1].day, time.max, tzinfo=UTC) + timedelta(hours=12)
        now = min(now, datetime.now(UTC))
        clicks.store([self._click(visit) for day in days for visit in day.visits])
        leads = [lead for day in days for lead in day.leads if lead.occurred_at and lead.occurred_at <= now]
        for lead in leads:
            record_lead(lead, actor=ACTOR, now=now)
        sales = [sale for day in days for sale in day.sales if sale.placed_at and sale.placed_at <= now]
        for start in range(0, len(sales), ingest.MAX_BATCH):
            for outcome in ingest.record(sales[start : start + ingest.MAX_BATCH], actor=ACTOR, now=now):
                if outcome.error is not None:
                    raise outcome.error
        for refund in (refund for day in days for refund in day.refunds):
            if refund.refunded_at and refund.refunded_at <= now:
                record_refund(refund, actor=ACTOR, now=now)
        while hold.release_due(now=now):
            pass
        if days[-1].day >= self._bonuses_since:
            self.count(now)

    @staticmethod
    def count(now: datetime) -> None:
        """Bring the figures up to date, and give what was earned for targets."""
        # What is given for a target changes a partner's day, so there is one look at each more.
        while rollup.refresh() or reaching.settle(now=now):
            pass

    def _click(self, visit: Visit) -> Click:
        partner = self.partners[visit.partner]
        return Click(
            id=visit.id,
            merchant_id=self.merchant.id,
            link_id=self._link_ids[partner.id],
            partner_id=partner.id,
            visitor=visit.visitor,
            clicked_at=visit.at,
        )

    @cached_property
    def _link_ids(self) -> dict[Any, Any]:
        """Each partner's link; read once, after all partners are there."""
        return dict(self.merchant.links.values_list("partner_id", "id"))

    def _payday(self, day: date, *, last: bool) -> None:
        """Pay whom it is worth paying. After the last one a third still waits, so that there is something to pay."""
        payable: dict[Any, list[tuple[Any, int]]] = {}
        for commission in self.merchant.commissions.payable().order_by("id"):
            kept = commission.amount - commission.reversed
            payable.setdefault(commission.partner_id, []).append((commission.id, kept))
        for number, partner in enumerate(self.partners):
            chosen = payable.get(partner.id, [])
            if (last and number % 3 == 1) or sum(kept for _, kept in chosen) < self.brand.least_payout:
                continue
            self._payouts += 1
            payout = record_payout(
                partner=partner,
                commission_ids=[id for id, _ in chosen],
                transaction_id=f"WIRE-{day:%Y%m}-{self._payouts:04d}",
                paid_on=day,
                note=f"Commissions up to {day:%B %Y}",
                actor=ACTOR,
            )
            paid_at = datetime.combine(day, time(15), tzinfo=UTC)
            self.merchant.payouts.filter(id=payout.id).update(created_at=paid_at)

    def _last_touches(self) -> None:
        """What does not happen every day: a payout that came back, corrections, partners who had to go."""
        returned: Payout | None = self.merchant.payouts.order_by("-created_at").first()
        if returned is not None:
            reverse_payout(returned, reason="The bank returned it: account closed", actor=ACTOR)
        for number, share, reason in ((0, 2, "Bonus for the spring campaign"), (5, -1, "Counted twice in March")):
            manual.record_manual(
                partner=self.partners[number], amount=self.brand.fixed_reward * share,
                currency=self.brand.currency, reason=reason, actor=ACTOR,
            )  # fmt: skip
        for partner, told in zip(self.partners, self.story.partners, strict=True):
            if told.status == "suspended":
                suspend(partner, actor=ACTOR)

    def log_ins(self, base_url: str) -> list[dict[str, Any]]:
        """The partners that people can sign in as, and one who has not been there yet."""
        shown = []
        for number, partner in enumerate(self.partners[: _LOG_INS + 1]):
            activated = number < _LOG_INS
            if activated:
                self.merchant.partners.filter(id=partner.id).update(password=demo_hash())
            shown.append(
                {
                    "merchant": self.brand.slug,
                    "name": partner.name,
                    "email": partner.email,
                    "password": PASSWORD if activated else None,
                    "portal": f"{base_url}/p/{partner.portal_code}/",
                    "activation": None if activated else _activation_link(partner, base_url),
                    "coupon": self.story.partners[number].code,
                }
            )
        return shown


def _activation_link(partner: Partner, base_url: str) -> str:
    """Where the partner who has not been there yet sets a password, within seven days."""
    token = activation.activation_token(partner, now=datetime.now(UTC))
    return base_url + reverse("portal:activate", args=[partner.portal_code, token])


def _analyze() -> None:
    """A database that was empty a moment ago has no statistics, and plans badly without."""
    with connection.cursor() as cursor:
        for app in ("orders_order", "customers_customer", "customers_identity", "commissions_commission",
                    "affiliates_partner", "affiliates_coupon", "affiliates_link", "affiliates_click",
                    "affiliates_customerattribution", "ledger_transaction", "ledger_entry", "rewards_rewardversion",
                    "payouts_payoutitem", "stats_stalemark", "bonuses_bonus"):  # fmt: skip
            cursor.execute(f"ANALYZE {app}")  # table names of our own
