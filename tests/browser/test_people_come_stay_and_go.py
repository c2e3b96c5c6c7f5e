"""Applicants let in by a rule, turned down together and into a group; terms accepted again; a partner erased."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, expect

from affiliates.models import Partner, ProgramTerms
from affiliates.partners import set_password
from merchants import tenancy
from tests.browser.conftest import Running, opened
from tests.browser.mailbox import letter, link_for
from tests.browser.test_somebody_becomes_a_partner import send
from tests.browser.test_the_work_of_a_day import sell
from tests.factories import ACTOR, PASSWORD, PartnerFactory

pytestmark = pytest.mark.xdist_group("browser")


def apply(page: Page, running: Running, name: str, email: str, *, at: str = "") -> None:
    """Fill in the form, send it, and confirm it from the mailbox."""
    page.goto(at or f"/apply/{running.of.merchant.slug}/")
    page.get_by_label("Name").fill(name)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Why").fill("Because I know many people.")
    page.get_by_label("I accept the terms").check()
    send(page)
    page.goto(link_for(running, email, "confirm"))
    page.get_by_role("button", name="Confirm application").click()


@pytest.fixture
def stranger(chromium: Browser, running: Running) -> Page:
    """Somebody with a small phone."""
    theirs: BrowserContext = opened(chromium, running, viewport={"width": 320, "height": 640})
    return theirs.new_page()


def test_a_rule_lets_somebody_in_at_once(screen: Page, stranger: Page, running: Running) -> None:
    screen.goto(f"{running.home}settings/applications/")
    screen.get_by_label("Approve by itself").select_option("domains")
    screen.get_by_label("E-mail domains", exact=False).first.fill("agency.example")
    screen.get_by_role("button", name="Save page").click()
    expect(screen.get_by_text("The page of applications is saved.")).to_be_visible()
    try:
        apply(stranger, running, "Ada Rule", "ada@agency.example")
        expect(stranger.get_by_role("heading", name=re.compile("You are a partner of"))).to_be_visible()
        assert stranger.evaluate("document.documentElement.scrollWidth") <= 320
        stranger.goto(link_for(running, "ada@agency.example", "activate"))
        stranger.locator("input[type=password]").fill("a quiet little sentence")
        stranger.get_by_role("button", name="Set password").click()
        expect(stranger.locator(".portal-nav")).to_be_visible()
        screen.goto(f"{running.home}partners/?q=ada@agency.example")
        screen.get_by_role("link", name="Ada Rule").click()
        screen.get_by_role("link", name="Activity").click()
        expect(screen.get_by_text("The e-mail is at agency.example")).to_be_visible()
    finally:
        screen.goto(f"{running.home}settings/applications/")
        screen.get_by_label("Approve by itself").select_option("nobody")
        screen.get_by_role("button", name="Save page").click()
        expect(screen.get_by_text("The page of applications is saved.")).to_be_visible()


def test_several_are_turned_down_together_with_a_message(screen: Page, stranger: Page, running: Running) -> None:
    people = {f"Spam {number}": f"spam{number}@spam.example" for number in (1, 2)}
    for name, email in people.items():
        apply(stranger, running, name, email)
        expect(stranger.get_by_role("heading", name=f"Thank you, {name}")).to_be_visible()
    screen.goto(f"{running.home}partners/?status=applied&q=Spam")
    for name in people:
        screen.get_by_label(f"Select {name}").check()
    screen.get_by_role("toolbar", name="Bulk actions").get_by_role("button", name="Reject").click()
    screen.get_by_label("Message").fill("We look for other topics.")
    screen.locator("main form").get_by_role("button", name=re.compile("^Reject")).click()
    expect(screen.get_by_text("2 partners rejected.")).to_be_visible()
    for email in people.values():
        letter(running, email, saying="We look for other topics.")


def test_a_group_has_its_own_page_and_its_own_hold(screen: Page, stranger: Page, running: Running) -> None:
    screen.goto(f"{running.home}groups/new/")
    screen.get_by_label("Name").fill("Radio people")
    screen.get_by_label("Hold, in days").fill("7")
    screen.get_by_label("Text above the application form").fill("For voices.")
    screen.get_by_role("button", name="Create group").click()
    expect(screen.get_by_role("heading", name="Radio people")).to_be_visible()
    address = screen.get_by_role("button", name="Copy address").get_attribute("data-copy")
    assert address is not None
    apply(stranger, running, "Rae Radio", "rae@radio.example", at=address)
    screen.goto(f"{running.home}partners/?status=applied&q=Rae")
    screen.get_by_role("link", name="Rae Radio").click()
    screen.locator(".page-head").get_by_role("link", name="Approve partner").click()
    screen.locator("#ask").get_by_role("button", name="Approve partner").click()
    expect(screen.get_by_role("heading", name="Rae Radio Approved")).to_be_visible()
    with tenancy.tenant(running.of.merchant.id):
        rae = running.of.merchant.partners.get(email="rae@radio.example")
    sell(running, order_id="RAE-1", amount=10_000, currency="USD", partner=str(rae.id))
    with tenancy.tenant(running.of.merchant.id):
        commission = rae.commissions.get()
        assert commission.held_until - commission.occurred_at == timedelta(days=7)
    stranger.goto(address)
    expect(stranger.get_by_text("For voices.")).to_be_visible()
    screen.goto(f"{running.home}groups/")
    screen.get_by_role("link", name="Radio people").click()
    screen.get_by_role("link", name="Delete").click()
    expect(screen.locator("#ask").get_by_text("1 partner is in it.")).to_be_visible()
    expect(screen.locator("#ask").get_by_role("button", name="Delete group")).to_have_count(0)


def member(running: Running, name: str) -> Partner:
    """A partner with a password, there since before whatever comes."""
    with tenancy.tenant(running.of.merchant.id):
        made: Partner = PartnerFactory(name=name, email=f"{uuid4().hex[:8]}@members.example")
        set_password(made, password=PASSWORD, actor=ACTOR)
    return made


def portal_of(page: Page, partner: Partner) -> str:
    """Sign in; the portal's address."""
    portal = f"/p/{partner.portal_code}/"
    page.goto(f"{portal}sign-in/")
    page.get_by_label("E-mail").fill(partner.email)
    page.locator("input[type=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    return portal


def test_new_terms_are_published_announced_and_accepted_again(screen: Page, stranger: Page, running: Running) -> None:
    mia = member(running, "Mia Member")
    screen.goto(f"{running.home}settings/applications/terms/new/")
    screen.get_by_label("Terms", exact=False).first.fill("Be kind, and say that you are paid.")
    screen.get_by_label("Partners accept it until").fill(str(timezone.localdate() + timedelta(days=9)))
    screen.get_by_label(re.compile("is suspended")).check()
    screen.get_by_role("button", name="Put in force").click()
    expect(screen.get_by_text("The terms are in force.")).to_be_visible()
    expect(screen.get_by_role("link", name="Mia Member")).to_be_visible()
    screen.get_by_role("link", name="Announce it").click()
    expect(screen.get_by_label("Text")).to_have_value(re.compile("new orders earn you nothing until you accept"))

    portal = portal_of(stranger, mia)
    expect(stranger.get_by_text("The terms of the program have changed.")).to_be_visible()
    stranger.get_by_role("link", name="Read the terms").click()
    stranger.get_by_role("button", name="Accept the terms").click()
    expect(stranger.get_by_text("Thank you. The terms are accepted.")).to_be_visible()
    stranger.goto(portal)
    expect(stranger.get_by_text("The terms of the program have changed.")).to_have_count(0)


def test_after_the_day_the_portal_shows_the_terms_alone(stranger: Page, running: Running) -> None:
    late = member(running, "Lou Late")
    with tenancy.tenant(running.of.merchant.id):
        program = running.of.merchant.programs.get(is_default=True)
        newest = program.terms.order_by("-number").first()
        # A verb takes no day that has passed, and nobody waits here until one has.
        passed = ProgramTerms.objects.create(
            merchant_id=program.merchant_id, program=program, number=newest.number + 1 if newest else 1,
            text="Be kind.", accept_by=timezone.localdate() - timedelta(days=2),
        )  # fmt: skip
    try:
        portal = portal_of(stranger, late)
        expect(stranger).to_have_url(re.compile(f"{portal}terms/"))
        stranger.goto(f"{portal}earnings/")
        expect(stranger.get_by_text("These terms were to be accepted by")).to_be_visible()
        expect(stranger.locator(".portal-nav")).to_have_count(0)
        assert stranger.evaluate("document.documentElement.scrollWidth") <= 320
        stranger.get_by_role("button", name="Accept the terms").click()
        expect(stranger.locator(".portal-nav")).to_be_visible()
    finally:
        with tenancy.tenant(running.of.merchant.id):
            # Everybody else of this run goes on without a day.
            ProgramTerms.objects.create(
                merchant_id=passed.merchant_id, program=program, number=passed.number + 1, text="Be kind."
            )


def test_a_partner_is_erased_and_a_job_takes_the_name_out(screen: Page, running: Running) -> None:
    gone = member(running, "Gus Gone")
    screen.goto(f"{running.home}partners/{gone.id}/")
    screen.locator(".page-head summary").click()
    screen.get_by_role("link", name="Erase").click()
    asked = screen.locator("#ask")
    asked.get_by_label("to confirm").fill("somebody else")
    asked.get_by_role("button", name="Erase partner").click()
    expect(asked.get_by_text(f"Type {gone.email} to erase this partner.")).to_be_visible()
    asked.get_by_label("to confirm").fill(gone.email)
    asked.get_by_role("button", name="Erase partner").click()
    expect(screen.get_by_text(re.compile("The name is taken out of"))).to_be_visible()
    screen.goto(f"{running.home}partners/{gone.id}/")
    expect(screen.get_by_role("heading", name="Erased partner Suspended")).to_be_visible()
    expect(screen.locator(".page-head summary")).to_have_count(0)
    screen.get_by_role("link", name="Activity").click()
    expect(screen.get_by_text("Gus Gone")).to_have_count(0)
