"""Two partners of one merchant and one of another: each reads their own rows, and of customers what is allowed."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from affiliates.models import Partner
from affiliates.partners import set_password
from commissions.manual import record_manual
from merchants import tenancy
from merchants.models import Merchant
from merchants.settings import update_merchant
from payouts.manual import record_payout
from tests.factories import ACTOR, PASSWORD, PartnerFactory
from tests.sales import give_ten_percent, refund, sell
from tracking import ingest
from tracking.events import Sale, SaleCustomer


@dataclass(frozen=True)
class Life:
    """A partner's browser and the ids of what they have."""

    client: Client
    portal: str
    commission: str
    payout: str
    link: str

    def pages(self) -> list[str]:
        """Every page that shows rows."""
        return ["", "earnings/", "earnings.csv", "customers/", "links/", "payouts/", "payouts.csv", "settings/"]

    def own(self) -> list[str]:
        """Pages of single rows."""
        return [f"earnings/{self.commission}/", f"payouts/{self.payout}/", f"links/{self.link}/qr.svg"]


def lives(merchant: Merchant, word: str) -> Life:
    """A partner who sold, was paid, and signed in; `word` is in all that is theirs."""
    with tenancy.tenant(merchant.id):
        partner: Partner = PartnerFactory(name=f"Name {word}", email=f"{word}@example.com", coupon_code=f"{word}10")
        give_ten_percent(partner)
        buyer = SaleCustomer(email=f"buyer-{word}@example.com", name=f"Buyer {word}", external_id=f"c-{word}")
        now = timezone.now()
        sale = Sale(order_id=f"O-{word}", amount=10_000, currency="USD", coupon=f"{word}10", customer=buyer,
                    placed_at=now - timedelta(days=60))  # fmt: skip
        ingest.record([sale], actor=ACTOR, now=now)
        paid = sell(partner, 4_000, order=f"P-{word}")
        payout = record_payout(partner=partner, commission_ids=[paid.id], transaction_id=f"T-{word}",
                               paid_on=date(2026, 1, 5), actor=ACTOR)  # fmt: skip
        set_password(partner, password=PASSWORD, actor=ACTOR)
        commission = partner.commissions.get(order__external_id=f"O-{word}")
        link = partner.links.get()
    client, portal = Client(), f"/p/{partner.portal_code}/"
    client.post(f"{portal}sign-in/", {"email": partner.email, "password": PASSWORD})
    return Life(client, portal, str(commission.id), str(payout.id), str(link.id))


@pytest.fixture
def one(merchant: Merchant) -> Life:
    return lives(merchant, "minewood")


@pytest.fixture
def beside(merchant: Merchant) -> Life:
    return lives(merchant, "canarybird")


@pytest.fixture
def abroad(other_merchant: Merchant) -> Life:
    return lives(other_merchant, "strangeness")


def text(life: Life, path: str) -> str:
    """What a page says."""
    answer = life.client.get(life.portal + path)
    assert answer.status_code == 200, path
    return answer.getvalue().decode()


def test_pages_hold_nothing_of_anybody_else(one: Life, beside: Life, abroad: Life) -> None:
    for path in [*one.pages(), *one.own()]:
        page = text(one, path).lower()
        assert "canarybird" not in page, path
        assert "strangeness" not in page, path
    everything = "".join(text(one, path) for path in one.pages())
    for mine in ("O-minewood", "T-minewood", "minewood10", "Name minewood"):
        assert mine in everything


def test_what_is_anothers_is_not_found(one: Life, beside: Life, abroad: Life) -> None:
    for other in (beside, abroad):
        for path in other.own():
            assert one.client.get(one.portal + path).status_code == 404, path
            assert one.client.get(other.portal + path).status_code == 302, "their own portal asks for a log-in"


@pytest.mark.parametrize(("allowed", "shown"), [("name", "Buyer minewood"), ("initials", "B. M."), ("nothing", "Cust")])
def test_customers_are_named_as_the_merchant_allows(merchant: Merchant, one: Life, allowed: str, shown: str) -> None:
    with tenancy.tenant(merchant.id):
        update_merchant(merchant, changes={"portal_customers": allowed}, actor=ACTOR)
    for path in ("", "customers/", "earnings/", "earnings.csv"):
        page = text(one, path)
        assert shown in page, path
        assert "buyer-minewood@example.com" not in page
        assert "c-minewood" not in page
        assert ("Buyer minewood" in page) == (allowed == "name")


def test_who_else_was_in_question_stays_private(merchant: Merchant, one: Life, beside: Life) -> None:
    """Both could have had the order: the coupon won over the customer's own partner, who is not named."""
    with tenancy.tenant(merchant.id):
        buyer = SaleCustomer(external_id="c-canarybird", email="buyer-canarybird@example.com")
        sale = Sale(order_id="O-both", amount=5_000, currency="USD", coupon="minewood10", customer=buyer)
        ingest.record([sale], actor=ACTOR, now=timezone.now())
        commission = merchant.commissions.get(order__external_id="O-both")
        assert "canarybird" in str(commission.order.attribution)
    page = text(one, f"earnings/{commission.id}/")
    assert "used the code" in page
    assert "canarybird" not in page.lower()


def test_the_explanation_adds_up_in_front_of_the_partner(merchant: Merchant, one: Life) -> None:
    with tenancy.tenant(merchant.id):
        refund("O-minewood", 2_500)
    page = text(one, f"earnings/{one.commission}/")
    for line in ("$100.00", "Your own rate", "10%", "$10.00", "refund of $25.00", "−$2.50", "You keep", "$7.50"):
        assert line in page, line
    assert text(one, f"earnings/{one.commission}/").count("Taken back") >= 2, "in the course of things and in the books"


def test_a_correction_by_hand_says_why(merchant: Merchant, one: Life) -> None:
    with tenancy.tenant(merchant.id):
        partner = merchant.partners.get(name="Name minewood")
        made = record_manual(partner=partner, amount=-300, currency="USD", reason="Counted twice", actor=ACTOR)
    page = text(one, f"earnings/{made.id}/")
    assert "Counted twice" in page
    assert "−$3.00" in page


def test_files_hold_decimal_amounts_and_no_formulas(merchant: Merchant, one: Life) -> None:
    lines = text(one, "earnings.csv").splitlines()
    assert lines[0].startswith("date,order,customer,order_total,rate,earned,taken_back,currency,status")
    assert any(",O-minewood,B. M.,100.00,10%,10.00,0.00,USD,approved," in line for line in lines)
    assert text(one, "payouts.csv").splitlines()[1] == "2026-01-05,4.00,USD,manual,paid,T-minewood"
    with tenancy.tenant(merchant.id):
        sale = Sale(order_id="=HYPERLINK(1)", amount=100, currency="USD", coupon="minewood10")
        ingest.record([sale], actor=ACTOR, now=timezone.now())
    assert ",'=HYPERLINK(1)," in text(one, "earnings.csv")


def test_a_file_of_several_pieces_has_every_row_once(
    one: Life, merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pages.exports.PIECE", 2)
    with tenancy.tenant(merchant.id):
        partner = merchant.partners.get(name="Name minewood")
        for n in range(5):
            record_manual(partner=partner, amount=100 + n, currency="USD", reason="test", actor=ACTOR)
    rows = text(one, "earnings.csv").splitlines()[1:]
    assert len(rows) == len(set(rows)) == 7
