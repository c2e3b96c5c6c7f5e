"""The product's merchants in the benchmark: 20 with 500 partners each, or one with a great many orders."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone

from affiliates.models import Partner
from affiliates.partners import set_password
from affiliates.programs import default_program
from benchmarks.places import HERE, MERCHANTS, PARTNERS, Account
from merchants.audit import system
from merchants.keys import issue
from merchants.models import Merchant
from merchants.onboarding import create_merchant
from merchants.roles import Role
from merchants.staff import add_staff
from merchants.tenancy import tenant
from rewards.details import Details, Tier
from rewards.models import RewardVersion
from rewards.terms import add_rule, set_reward
from tracking.events import Sale
from tracking.ingest import record

ACTOR = system("benchmark")

#: A tree from the beginning: of 500 partners seven of eight have three or more above them. Where no rule pays
#: recruiters nobody asks for them.
_PARTNERS = """
WITH made AS MATERIALIZED (SELECT n, uuidv7() AS id FROM generate_series(1, %(partners)s) n)
INSERT INTO affiliates_partner (merchant_id, id, program_id, name, email, status, portal_code, password, notes, tags,
                                metadata, owes_acceptance, recruiter_id, recruited_at)
SELECT %(merchant)s, made.id, %(program)s, 'Partner ' || made.n, 'partner-' || made.n || '@' || %(slug)s || '.example',
       'approved', %(slug)s || '-' || made.n, '', '', '{}', '{}', false, above.id,
       CASE WHEN above.id IS NOT NULL THEN now() - interval '2 years' END
  FROM made LEFT JOIN made above ON above.n = made.n / 4
"""
_COUPONS = """
INSERT INTO affiliates_coupon (merchant_id, id, partner_id, code, is_active, uses)
SELECT merchant_id, uuidv7(), id, 'C' || split_part(name, ' ', 2), true, 0 FROM affiliates_partner
"""
_LINKS = """
INSERT INTO affiliates_link (merchant_id, id, partner_id, code, destination, is_active)
SELECT merchant_id, uuidv7(), id, portal_code, 'https://' || %(slug)s || '.example/', true FROM affiliates_partner
"""
#: What recruiters earn.
LEVELS = Details(name="Recruiting", event="recruit", deeper=(Decimal(5), Decimal(2)))
_LOCATORS = """
INSERT INTO merchants_locator (kind, key, merchant_id) SELECT 'link', code, merchant_id FROM affiliates_link
 UNION ALL SELECT 'portal', portal_code, merchant_id FROM affiliates_partner
"""


def make() -> list[Account]:
    """Migrate the empty database and make the merchants in it."""
    redis.Redis.from_url(settings.REDIS_URL).flushdb()
    call_command("migrate", verbosity=0, interactive=False)
    made = [merchant(f"bench-{number}") for number in range(1, MERCHANTS + 1)]
    with connection.cursor() as cursor:
        # Only what has rows: PostgreSQL believes that a table it saw empty stays so, and plans the first sales badly.
        cursor.execute("ANALYZE affiliates_partner, affiliates_coupon, affiliates_link, merchants_locator")
    _tokens().write_text("\n".join(f"{account.id} {account.token}" for account in made))
    return made


def found() -> list[Account]:
    """The merchants that an earlier run made."""
    return [Account(*line.split()) for line in _tokens().read_text().splitlines()]


def merchant(slug: str, *, partners: int = PARTNERS) -> Account:
    """A merchant who gives 10 % to each of its partners, who have a coupon and a link each."""
    created = create_merchant(slug=slug, name=slug.title(), currency="USD", domains=[f"{slug}.example"], actor=ACTOR)
    with tenant(created.id):
        program = default_program(actor=ACTOR)
        set_reward(program=program, kind="percentage", percent=10, actor=ACTOR)
        _, token = issue(name="benchmark", scopes=["write"], actor=ACTOR)
        values: dict[str, Any] = {"merchant": created.id, "program": program.id, "slug": slug, "partners": partners}
        with connection.cursor() as cursor:
            for statement in (_PARTNERS, _COUPONS, _LINKS, _LOCATORS):
                cursor.execute(statement, values)
    return Account(str(created.id), token)


def ruled(number: int) -> Account:
    """A merchant with all that rules can want of a sale: 50 of them, tiers and a cap by month, three levels above.

    Each partner has sold once this month: what tiers and caps count is there, as for all sales but a month's first.
    """
    account = merchant(f"ruled-{number}")
    with tenant(account.id):
        program = default_program(actor=ACTOR)
        for at in range(47):
            narrow = Details(name=f"Rule {at}", countries=("DE", "AT"), coupons=(f"ONLY{at}",), order_from=100 * at)
            add_rule(program=program, kind="percentage", percent=at, currency="USD", details=narrow, actor=ACTOR)
        tiers = tuple(Tier(start, percent=Decimal(rate)) for start, rate in ((10, 11), (50, 12), (1_000_000, 13)))
        steps = Details(name="Steps", tiers=tiers, cap_month=10**12)
        add_rule(program=program, kind="percentage", percent=10, currency="USD", details=steps, actor=ACTOR)
        books = Details(name="Books", product_keys=("book",))
        add_rule(program=program, kind="percentage", percent=20, details=books, actor=ACTOR)
        add_rule(program=program, kind="percentage", percent=10, details=LEVELS, actor=ACTOR)
        firsts = [
            Sale(order_id=f"first-{partner}", amount=5_000, currency="USD", coupon=f"C{partner}")
            for partner in range(1, PARTNERS + 1)
        ]
        record(firsts, actor=ACTOR)
    return account


def tried(*, orders: int) -> tuple[Account, RewardVersion]:
    """A merchant with a past under rules of that time, three levels above most partners; the rule for recruiters."""
    account, long_ago = merchant("tried"), timezone.now() - timedelta(days=730)
    fill(account, orders=orders)
    with tenant(account.merchant_id):
        program = default_program(actor=ACTOR)
        set_reward(program=program, kind="percentage", percent=10, effective_from=long_ago, actor=ACTOR)
        levels = add_rule(
            program=program, kind="percentage", percent=10, details=LEVELS, effective_from=long_ago, actor=ACTOR
        )
    return account, levels


def fill(account: Account, *, orders: int) -> None:
    """Give a merchant that many orders of a tenth as many customers, over a year, with all that hangs on them."""
    with tenant(account.merchant_id), connection.cursor() as cursor:
        for statement in (HERE / "history.sql").read_text().split(";\n"):
            if statement.strip():
                cursor.execute(statement, {"merchant": account.merchant_id, "orders": orders})


def signed_in(account: Account) -> Account:
    """The account with somebody signed in: the merchant's owner, and its first partner in the portal."""
    browser = Client()
    with tenant(account.merchant_id):
        member = add_staff(email=f"owner-{account.id}@bench.example", role=Role.OWNER, actor=ACTOR)
        partner = _partner(account)
        set_password(partner, password="a long pass phrase", actor=ACTOR)
    browser.force_login(member.user)
    sent = {"email": partner.email, "password": "a long pass phrase"}
    browser.post(f"/p/{partner.portal_code}/sign-in/", sent, headers={"host": "localhost"})
    cookies = "; ".join(f"{name}={each.value}" for name, each in browser.cookies.items())
    return replace(account, cookies=cookies)


def addresses(account: Account) -> dict[str, str]:
    """Where the back-office, one partner, one customer and that partner's portal are."""
    with tenant(account.merchant_id):
        merchant, partner = Merchant.objects.get(id=account.merchant_id), _partner(account)
        customer = merchant.customers.order_by("id")[0]
        staff = f"/m/{merchant.slug}/"
        return {
            "staff": staff,
            "partner": f"{staff}partners/{partner.id}/",
            "customer": f"{staff}customers/{customer.id}/",
            "portal": f"/p/{partner.portal_code}/",
        }


def _partner(account: Account) -> Partner:
    first: Partner = Merchant(id=account.merchant_id).partners.order_by("id")[0]
    return first


def _tokens() -> Path:
    path: Path = settings.DATA_DIR / "benchmark.tokens"
    return path
