"""By hand: a customer is added and given away, their order recorded and deleted, and the partner sees each."""

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from merchants import tenancy
from rewards.terms import set_reward
from tests.browser.conftest import Running, opened
from tests.browser.test_the_work_of_a_day import make_partner
from tests.factories import ACTOR

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
pytestmark = pytest.mark.xdist_group("browser")


def portal_of(screen: Page, running: Running, chromium: Browser, name: str) -> Page:
    """The partner's own portal, entered by the link that sets a password."""
    screen.goto(f"{running.home}partners/?q={name}")
    screen.get_by_role("link", name=name).first.click()
    screen.locator("summary", has_text="Actions").click()
    screen.locator(".menu-panel").get_by_role("link", name="Activation link").click()
    screen.get_by_role("button", name="Show it, to copy").click()
    link = screen.get_by_text("/activate/").inner_text()
    page = opened(chromium, running).new_page()
    page.goto(link)
    for box in page.locator("input[type=password]").all():
        box.fill("a quiet little sentence")
    page.locator("main button[type=submit], main button:not([type])").first.click()
    page.wait_for_url(re.compile(r"/p/[^/]+/$"))
    return page


def test_a_customer_by_hand_from_beginning_to_end(screen: Page, running: Running, chromium: Browser) -> None:
    make_partner(screen, running, "Gerda Grau", "GERDA10")
    make_partner(screen, running, "Hugo Hell", "HUGO20")
    with tenancy.tenant(running.of.merchant.id):
        hugo = running.of.merchant.partners.get(name="Hugo Hell")
        set_reward(partner=hugo, kind="percentage", percent=20, effective_from=SINCE, actor=ACTOR)
    gerdas = portal_of(screen, running, chromium, "Gerda Grau")

    screen.goto(f"{running.home}customers/new/")
    screen.get_by_label("Name").fill("Ivy Iversen")
    screen.get_by_label("Email").fill("ivy@example.com")
    screen.get_by_label("External ID").fill("c-ivy")
    screen.get_by_label("Partner").fill("gerda10@partners.example")
    screen.get_by_label("Payment provider").fill("stripe")
    screen.get_by_label("Provider key").fill("cus_ivy")
    screen.get_by_role("button", name="Create customer").click()
    expect(screen.get_by_text("cus_ivy")).to_be_visible()
    customer = screen.url

    screen.get_by_role("link", name="Record order").click()
    screen.get_by_label("Order ID").fill("IVY-1")
    screen.get_by_label("Total amount").fill("100.00")
    screen.get_by_label("Product key").fill("tea")
    screen.get_by_role("button", name="Record order").click()
    expect(screen.get_by_role("heading", name="IVY-1")).to_be_visible()
    expect(screen.get_by_text("$10.00").first).to_be_visible()
    portal = gerdas.url
    gerdas.goto(f"{portal}customers/")
    expect(gerdas.locator("tbody tr")).to_have_count(1)
    gerdas.goto(f"{portal}earnings/")
    expect(gerdas.get_by_text("IVY-1").first).to_be_visible()

    screen.goto(customer)
    screen.get_by_role("link", name="Change", exact=True).click()
    ask = screen.locator("#ask")
    ask.get_by_label("Partner").fill("hugo20@partners.example")
    ask.get_by_label("Orders of the past").select_option("unpaid")
    ask.get_by_label("Reason").fill("Signed up through the wrong link")
    screen.get_by_role("button", name="Preview").click()
    expect(ask).to_contain_text("−$10.00")
    expect(ask).to_contain_text("Hugo Hell $20.00")
    screen.get_by_role("button", name="Give to Hugo Hell").click()
    expect(screen.get_by_role("status").filter(has_text="1 order moved")).to_be_visible()
    gerdas.goto(f"{portal}customers/")
    expect(gerdas.locator("tbody tr")).to_have_count(0)

    hugos = portal_of(screen, running, chromium, "Hugo Hell")
    portal = hugos.url
    hugos.goto(f"{portal}earnings/")
    expect(hugos.get_by_text("IVY-1").first).to_be_visible()

    screen.goto(customer)
    screen.get_by_role("link", name="IVY-1").click()
    screen.get_by_role("link", name="Delete").click()
    screen.get_by_label("Reason").fill("Never happened")
    screen.get_by_role("button", name="Delete order").click()
    expect(screen.get_by_role("status").filter(has_text="is deleted")).to_be_visible()
    screen.get_by_role("link", name="Deleted").click()
    expect(screen.get_by_text("Never happened")).to_be_visible()
    hugos.goto(f"{portal}earnings/")
    expect(hugos.get_by_text("IVY-1")).to_have_count(0)
    gerdas.context.close()
    hugos.context.close()
