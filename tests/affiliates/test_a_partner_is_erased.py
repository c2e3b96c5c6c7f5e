"""A partner asks to be forgotten: every table is searched for them afterwards, and the books still hold."""

import re
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.test import Client
from django.utils import timezone

from affiliates import applications, partners
from affiliates.coupons import create_coupon
from affiliates.erasure import NOBODY, forget_applications_of
from affiliates.links import create_own_link
from affiliates.models import Partner
from affiliates.partners import set_password
from affiliates.programs import create_group, default_program, delete_group, update_applications
from affiliates.questions import create_question
from backoffice.rules.history import Line
from commissions import verify
from commissions.adjustment import adjust
from commissions.flags import Doubt, raise_doubts
from commissions.hold import release_due
from commissions.manual import record_manual
from commissions.rejection import reject
from fraud.addresses import note
from jobs import work
from jobs.kinds import kinds
from merchants import tenancy
from merchants.audit import Actor
from merchants.errors import Conflict, DomainError
from merchants.ids import new_id
from merchants.models import Merchant
from orders import verify as orders_verify
from outreach.news import unsubscribe
from payouts.manual import record_payout, reverse_payout
from rewards.details import Details
from rewards.terms import add_rule
from tests.factories import ACTOR, PASSWORD, ApiKeyFactory, CustomerFactory, PartnerFactory
from tests.levels.conftest import long_ago, pays_recruiters
from tests.sales import give_ten_percent, refund, sell
from tests.tenancy.population import owned_models
from tracking import clicks, idempotency, ingest
from tracking.deletion import delete_order
from tracking.erasure import erase_partner
from tracking.events import Sale, SaleCustomer
from tracking.mentions import nameless
from tracking.reattribution import reattribute

pytestmark = pytest.mark.django_db

#: What must stand nowhere: name, address, and what she and staff wrote.
SECRETS = ("quintessa", "hollowell", "xylophone", "wrote-of-her", "her-own-site")
EMAIL = "quintessa@hollowell.example"


@pytest.fixture
def quintessa(merchant: Merchant) -> Partner:
    """A partner with a long life here: she applied, sold, was doubted, moved and paid."""
    with tenancy.tenant(merchant.id):
        program = default_program(actor=ACTOR)
        update_applications(program, changes={"applications_open": True}, actor=ACTOR)
        question = create_question(program=program, label="How?", actor=ACTOR)
        sent, _ = applications.apply(
            application_id=new_id(), program=program, group=None, name="Quintessa Hollowell", email=EMAIL,
            website="https://her-own-site.example/", answers={question.id: "By xylophone"}, terms=None,
            at=timezone.now(), actor=ACTOR,
        )  # fmt: skip
        applications.confirm(sent, token=applications.confirmation_token(sent), actor=ACTOR)
        assert sent.partner is not None
        made = partners.approve(sent.partner, why="wrote-of-her", actor=ACTOR)
        made = Partner.objects.select_related("merchant", "group").get(id=made.id)
        give_ten_percent(made)
        group = create_group(program=program, name="Musicians", actor=ACTOR)
        changes = {"notes": "wrote-of-her", "tags": ["xylophone"], "metadata": {"a": "hollowell"}, "group": group}
        partners.update_partner(made, changes=changes, actor=ACTOR)
        set_password(made, password=PASSWORD, actor=ACTOR)
        create_coupon(partner=made, code="Quintessa10", max_uses=5, actor=ACTOR)
        herself = Actor(kind="partner", name=made.name, id=made.id)
        create_own_link(partner=made, destination="https://shop.example/a", actor=herself)
        note(made, "where-she-lives")
        unsubscribe(made, actor=herself)
        link = made.links.order_by("created_at").first()
        assert link is not None
        assert "quintessa" in link.code
    return made


def sells_with_code(merchant: Merchant, order: str, *, customer: str, days_ago: int = 60) -> None:
    """An order that comes over the API with her code, under a key by which the answer is kept."""
    body = {
        "order_id": order, "amount": 1_000, "currency": "USD", "coupon": "quintessa10",
        "customer": {"external_id": customer}, "placed_at": (timezone.now() - timedelta(days=days_ago)).isoformat(),
    }  # fmt: skip
    with tenancy.tenant(merchant.id):
        key = ApiKeyFactory()
    answer = Client().post(
        "/api/v1/sales", body, content_type="application/json",
        headers={"Authorization": f"Bearer {key.token}", "Idempotency-Key": f"key-{order}"},
    )  # fmt: skip
    assert answer.status_code == 201, answer.content


def written_about(partner: Partner, merchant: Merchant) -> None:
    """What staff wrote beside her money, and beside that of others which came to her."""
    record_manual(partner=partner, amount=500, currency="USD", reason="wrote-of-her", actor=ACTOR)
    given = record_manual(partner=partner, amount=300, currency="USD", reason="A xylophone", actor=ACTOR)
    reject(given, reason="wrote-of-her twice", actor=ACTOR)
    mara: Partner = PartnerFactory(name="Mara", coupon_code="MARA")
    give_ten_percent(mara)
    (outcome,) = ingest.record(
        [Sale(order_id="M-1", amount=5_000, currency="USD", coupon="MARA", customer=SaleCustomer(external_id="ida"))],
        actor=ACTOR,
    )  # fmt: skip
    assert outcome.error is None
    (maras,) = mara.commissions.all()
    adjust(maras, amount=600, reason="She asked", actor=ACTOR)
    ida = merchant.customers.get(external_id="ida")
    reattribute(ida, partner=partner, past="unpaid", reason="Quintessa sent her", actor=ACTOR)
    delete_order(merchant, merchant.orders.get(external_id="M-1").id, reason="Quintessa bought it", actor=ACTOR)
    link = partner.links.order_by("created_at").first()
    assert link is not None
    clicks.record(code=link.code, landing_url=f"https://shop.example/?via={link.code}", actor=ACTOR)


def busy(partner: Partner, merchant: Merchant) -> None:
    """Give her history, and settle it."""
    earned = sell(partner, 10_000, order="A-1", days_ago=60)
    doubted = sell(partner, 20_000, order="A-2", days_ago=1)
    back = sell(partner, 5_000, order="A-3", days_ago=50)
    twin: Partner = PartnerFactory(name="Bea")
    give_ten_percent(twin)
    beas = sell(twin, 7_000, order="B-1", days_ago=1)
    said = f"The partner shares a network address with {partner.name}."
    evidence = {"partners": [partner.name], "email": False}
    raise_doubts([Doubt(beas.id, "duplicate_accounts", 3, said, evidence)], actor=ACTOR)
    reject(doubted, reason="Bought it", actor=ACTOR)
    refund("A-3")
    back.refresh_from_db()
    eva = CustomerFactory(name="Eva")
    reattribute(eva, partner=partner, reason="She sent her", actor=ACTOR)
    with transaction.atomic():
        merchant.jobs.create(
            kind="fraud.preview", parameters={"rule": "duplicate_accounts"}, status="done", actor_kind="user",
            actor_name="Olga",
            result={"examples": [{"partner": partner.name, "partner_id": str(partner.id), "reason": said}]},
        )  # fmt: skip
        line = Line(partner.name, "USD", orders=3, stands=1_000, proposed=2_000, key=str(partner.id))
        merchant.jobs.create(
            kind="rewards.backtest", parameters={}, status="done", actor_kind="user", actor_name="Olga",
            result={"partners": [line._asdict()]},
        )  # fmt: skip
    written_about(partner, merchant)
    paid = record_payout(partner=partner, commission_ids=[earned.id], transaction_id="bank-0", note="xylophone money",
                         paid_on=timezone.localdate(), actor=ACTOR)  # fmt: skip
    reverse_payout(paid, reason="Not to Quintessa's bank", actor=ACTOR)
    release_due(now=timezone.now())
    open_ones = list(partner.commissions.filter(status="approved").values_list("id", flat=True))
    record_payout(partner=partner, commission_ids=open_ones, transaction_id="bank-1", note="wrote-of-her",
                  paid_on=timezone.localdate(), actor=ACTOR)  # fmt: skip


def mentions() -> list[str]:
    """Every column of every row of the running tenant in which something of hers stands."""
    rows = []
    with connection.cursor() as cursor:
        for table in [*(model._meta.db_table for model in owned_models()), "merchants_locator"]:
            cursor.execute(f"SELECT row_to_json(t)::text FROM {table} t")
            rows += [f"{table}: {row}" for (row,) in cursor.fetchall()]
    return [row for row in rows if any(secret in row.lower() for secret in SECRETS)]


def test_nothing_of_hers_stands_anywhere_and_the_books_hold(merchant: Merchant, quintessa: Partner) -> None:
    sells_with_code(merchant, "C-1", customer="eva")
    with tenancy.tenant(merchant.id):
        busy(quintessa, merchant)
        was = set(merchant.commissions.values_list("id", "partner_id", "amount", "status"))
        assert len(mentions()) > 10, "she left traces"
        job = erase_partner(quintessa, actor=ACTOR)
        assert job is not None
    work.run(merchant.id, job.id)
    with tenancy.tenant(merchant.id):
        job.refresh_from_db()
        assert job.status == "done", job.error
        assert "\n".join(mentions()) == ""
        assert set(merchant.commissions.values_list("id", "partner_id", "amount", "status")) == was
        assert list(verify.problems()) == []
        coupon = quintessa.coupons.get()
        coded = merchant.orders.get(external_id="C-1")
        assert (coded.coupon, coded.coupon_code) == (coupon, coupon.key), "found by the code that it is shown with"
        assert coded.attribution["reason"].startswith("coupon; ")
        assert (coupon.uses, list(orders_verify.problems())) == (1, [])
        gone = merchant.partners.get(id=quintessa.id)
        assert (gone.name, gone.status, gone.group) == (NOBODY, "suspended", None)
        assert gone.erased_at is not None
        assert not gone.addresses.exists()
        assert merchant.flags.get(rule="duplicate_accounts").reason == (
            f"The partner shares a network address with {NOBODY}."
        )
        entry = merchant.audit_entries.get(verb="partner.erase")
        assert (entry.actor_name, entry.object_id) == ("test", quintessa.id)
        assert (entry.before, entry.after) == (None, None)
        assert merchant.audit_entries.filter(verb="partner.approve", object_id=quintessa.id).exists()
        delete_group(merchant.groups.get(), actor=ACTOR)


def test_her_portal_and_her_links_are_gone_and_her_code_leads_to_nobody(merchant: Merchant, quintessa: Partner) -> None:
    with tenancy.tenant(merchant.id):
        portal = f"/p/{quintessa.portal_code}/sign-in/"
        codes = list(quintessa.links.values_list("code", flat=True))
        assert Client().get(portal).status_code == 200
        erase_partner(quintessa, actor=ACTOR)
        assert not quintessa.coupons.filter(is_active=True).exists()
    assert Client().get(portal).status_code == 404
    for code in codes:
        assert Client().get(f"/r/{code}").status_code == 404


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("held", "$10.00 not paid"),
        ("unpaid", "$10.00 not paid"),
        ("owing", "$10.00 to give back"),
    ],
)
def test_who_has_open_money_stays(merchant: Merchant, quintessa: Partner, state: str, says: str) -> None:
    with tenancy.tenant(merchant.id):
        earned = sell(quintessa, 10_000, order="A-1", days_ago=1 if state == "held" else 60)
        if state == "owing":
            record_payout(partner=quintessa, commission_ids=[earned.id], transaction_id="bank-1",
                          paid_on=timezone.localdate(), actor=ACTOR)  # fmt: skip
            refund("A-1")
        with pytest.raises(Conflict, match=rf"has {re.escape(says)}.*Pay it, or reject or adjust"):
            erase_partner(quintessa, actor=ACTOR)
        quintessa.refresh_from_db()
        assert quintessa.erased_at is None


def test_her_code_is_free_and_an_order_that_comes_late_with_it_is_nobodys(
    merchant: Merchant, quintessa: Partner
) -> None:
    with tenancy.tenant(merchant.id):
        erase_partner(quintessa, actor=ACTOR)
    sells_with_code(merchant, "late", customer="eva")
    with tenancy.tenant(merchant.id):
        late = merchant.orders.get()
        assert (late.partner, late.coupon) == (None, None)
        assert late.attribution["candidates"][0]["lost"] == "coupon_unknown"
        other: Partner = PartnerFactory(coupon_code="QUINTESSA10")
        assert other.coupons.get().key == "QUINTESSA10"


def test_a_rule_that_asks_for_her_code_decides_of_her_orders_as_before(merchant: Merchant, quintessa: Partner) -> None:
    with tenancy.tenant(merchant.id):
        asks = Details(name="Quintessa's deal", coupons=("QUINTESSA10", "OTHER"))
        for owner in ({"partner": quintessa}, {"program": quintessa.program}):
            add_rule(kind="percentage", percent=20, details=asks, effective_from=long_ago(), actor=ACTOR, **owner)
        sold = sell(quintessa, 10_000, order="A-1", days_ago=60)
        record_payout(partner=quintessa, commission_ids=[sold.id], transaction_id="bank-1",
                      paid_on=timezone.localdate(), actor=ACTOR)  # fmt: skip
        job = erase_partner(quintessa, actor=ACTOR)
        assert job is not None
        coupon = quintessa.coupons.get()
        asking = [version for version in merchant.reward_versions.order_by("id") if version.more().coupons]
        own, shared = asking
        assert (own.more().name, own.more().coupons) == (NOBODY, (coupon.key, "OTHER"))
        assert (shared.more().name, shared.more().coupons) == ("Quintessa's deal", (coupon.key, "OTHER"))
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            merchant.reward_versions.update(details={})


def test_a_late_order_of_a_customer_who_was_hers_goes_to_nobody_and_names_nobody(
    merchant: Merchant, quintessa: Partner
) -> None:
    long_before = timezone.now() - timedelta(days=90)
    with tenancy.tenant(merchant.id):
        eva = CustomerFactory(external_id="eva")
        reattribute(eva, partner=quintessa, past="since", since=long_before, reason="She sent her", actor=ACTOR)
        reattribute(eva, partner=PartnerFactory(name="Bea"), reason="Now she is Bea's", actor=ACTOR)
        assert merchant.earlier_attributions.filter(partner=quintessa).exists()
        erase_partner(quintessa, actor=ACTOR)
        sale = Sale(
            order_id="late", amount=1_000, currency="USD", customer=SaleCustomer(external_id="eva"),
            placed_at=timezone.now() - timedelta(days=30),
        )  # fmt: skip
        (outcome,) = ingest.record([sale], actor=ACTOR)
        assert outcome.error is None
        late = merchant.orders.get()
        assert (late.partner, merchant.commissions.count()) == (None, 0)
        assert [touch["name"] for touch in late.attribution["candidates"]] == [NOBODY]


def test_erased_is_for_good(merchant: Merchant, quintessa: Partner) -> None:
    with tenancy.tenant(merchant.id):
        erase_partner(quintessa, actor=ACTOR)
        assert erase_partner(quintessa, actor=ACTOR) is None
        for attempt in (
            lambda: partners.approve(quintessa, actor=ACTOR),
            lambda: partners.update_partner(quintessa, changes={"name": "Q"}, actor=ACTOR),
            lambda: set_password(quintessa, password=PASSWORD, actor=ACTOR),
            lambda: create_coupon(partner=quintessa, code="NEW", actor=ACTOR),
        ):
            with pytest.raises(Conflict, match="was erased"):
                attempt()
        again = PartnerFactory(email=EMAIL)
        assert again.id != quintessa.id, "the address is free: nobody knows that it was here"


def test_a_name_that_is_a_word_takes_no_words_out_of_what_was_said_of_others(merchant: Merchant) -> None:
    said = "4 orders came from a network address."
    with tenancy.tenant(merchant.id):
        partner: Partner = PartnerFactory(name="a")
        example = {"partner": "Bea", "partner_id": str(PartnerFactory(name="Bea").id), "reason": said}
        tried = merchant.jobs.create(
            kind="fraud.preview", parameters={"rule": "velocity"}, status="done", actor_kind="user", actor_name="Olga",
            result={"examples": [example]},
        )  # fmt: skip
        erase_partner(Partner.objects.select_related("merchant", "group").get(id=partner.id), actor=ACTOR)
        tried.refresh_from_db()
        assert tried.result["examples"][0]["reason"] == said


def test_since_when_they_are_suspended_is_when_they_were_erased(merchant: Merchant, quintessa: Partner) -> None:
    with tenancy.tenant(merchant.id):
        before = quintessa.status_changed_at
        erase_partner(quintessa, actor=ACTOR)
        quintessa.refresh_from_db()
        assert quintessa.status_changed_at == quintessa.erased_at
        assert quintessa.status_changed_at > before


def test_a_rejected_applicant_is_erased_with_the_answers(merchant: Merchant) -> None:
    with tenancy.tenant(merchant.id):
        applicant: Partner = PartnerFactory(name="Quintessa", email=EMAIL, status="applied", notes="wrote-of-her")
        partners.reject(applicant, actor=ACTOR)
        job = erase_partner(Partner.objects.select_related("merchant", "group").get(id=applicant.id), actor=ACTOR)
        assert job is not None
    work.run(merchant.id, job.id)
    with tenancy.tenant(merchant.id):
        assert mentions() == []
        assert merchant.partners.get().status == "rejected"


def test_what_was_never_confirmed_is_forgotten_by_its_address(tenant: Merchant) -> None:
    program = default_program(actor=ACTOR)
    update_applications(program, changes={"applications_open": True}, actor=ACTOR)
    for email in (EMAIL, EMAIL, "bo@example.com"):
        applications.apply(
            application_id=new_id(), program=program, group=None, name="Quintessa", email=email, website="", answers={},
            terms=None, at=timezone.now(), actor=ACTOR,
        )  # fmt: skip
    assert forget_applications_of(EMAIL.upper(), merchant=tenant, actor=ACTOR) == 2
    assert forget_applications_of(EMAIL, merchant=tenant, actor=ACTOR) == 0
    assert tenant.applications.get().email == "bo@example.com"
    assert tenant.audit_entries.filter(verb="application.erase").count() == 2
    with pytest.raises(DomainError):
        forget_applications_of("nobody", merchant=tenant, actor=ACTOR)


def test_whoever_recruited_is_forgotten_by_those_who_sell(merchant: Merchant, quintessa: Partner) -> None:
    with tenancy.tenant(merchant.id):
        bea: Partner = PartnerFactory(name="Bea", recruiter=quintessa, recruited_at=long_ago())
        give_ten_percent(bea)
        pays_recruiters("10")
        partners.suspend(quintessa, actor=ACTOR)
        sell(bea, 10_000, order="B-1", days_ago=0)
        assert [each for each in mentions() if each.startswith("orders_order")]
        job = erase_partner(Partner.objects.select_related("merchant", "group").get(id=quintessa.id), actor=ACTOR)
        assert job is not None
    work.run(merchant.id, job.id)
    with tenancy.tenant(merchant.id):
        assert mentions() == []
        order = merchant.orders.get()
        (level,) = order.attribution["levels"]
        assert (level["name"], level["why"]) == (NOBODY, "is suspended: only an approved partner earns")


def test_another_partner_of_the_same_history_keeps_their_name() -> None:
    document = {
        "winner": {"partner": "id-1", "name": "Anna"},
        "candidates": [{"via": "api", "ref": "anna@example.com", "partner": "id-1", "name": "Anna"},
                       {"via": "coupon", "ref": "BEA", "partner": "id-2", "name": "Bea"}],
    }  # fmt: skip
    assert nameless(document, "id-1", NOBODY) == {
        "winner": {"partner": "id-1", "name": NOBODY},
        "candidates": [{"via": "api", "ref": "id-1", "partner": "id-1", "name": NOBODY},
                       {"via": "coupon", "ref": "BEA", "partner": "id-2", "name": "Bea"}],
    }  # fmt: skip


@pytest.mark.parametrize("column", ["verb", "object_id", "at", "actor_id"])
def test_nothing_but_names_can_go_from_the_log(tenant: Merchant, column: str) -> None:
    PartnerFactory()
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.erasing', 'on', true)")
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute(f"UPDATE merchants_auditentry SET {column} = {column}")
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute("DELETE FROM merchants_auditentry")
        cursor.execute("SELECT set_config('app.erasing', '', true)")
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute("UPDATE merchants_auditentry SET after = NULL")


@pytest.mark.usefixtures("tenant")
def test_the_address_that_a_form_led_to_stops_nothing() -> None:
    made = PartnerFactory()
    led_to = idempotency.Answer(303, f"/m/acme/partners/{made.id}/".encode())
    tried = idempotency.attempt("form:1", method="POST", path="/m/acme/partners/new/", body=b"")
    idempotency.keep(tried, led_to)
    job = erase_partner(made, actor=ACTOR)
    assert job is not None
    done = list(kinds()[job.kind].work(job, job.parameters))[-1]
    assert done.done == done.total
    assert idempotency.replay(tried) == led_to
