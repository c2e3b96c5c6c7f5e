"""What partners earn, by mouse and by keyboard: a rule with tiers, a change to come, an order tried, history tried."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Running, opened, sign_in
from tests.browser.test_the_work_of_a_day import make_partner, sell

pytestmark = pytest.mark.xdist_group("browser")


def rewards_of(screen: Page, running: Running, name: str, code: str) -> None:
    """A new partner's rules, the way there from their page."""
    make_partner(screen, running, name, code)
    screen.get_by_label("Partner").get_by_role("link", name="Rewards").click()
    expect(screen.get_by_role("heading", name=f"Rewards of {name}")).to_be_visible()


def test_a_rule_with_conditions_and_tiers_is_set_changed_and_tried(screen: Page, running: Running) -> None:
    rewards_of(screen, running, "Tina Tier", "RULE10")
    screen.get_by_role("link", name="Add rule").click()
    screen.get_by_label("Name").fill("Climbing")
    screen.get_by_label("Percent of the order").fill("12")
    screen.get_by_label("Countries").fill("de, at")
    screen.get_by_label("At least").fill("1.50")
    for tier, (start, rate) in enumerate((("5", "15"), ("20", "18"), ("50", "20")), 1):
        screen.get_by_role("button", name="Add a tier").click()
        # The new row comes without a new page, and the reader is in it.
        expect(screen.get_by_label(f"Tier {tier} from")).to_be_focused()
        screen.keyboard.type(start)
        screen.get_by_label(f"Tier {tier} pays").fill(rate)
    screen.get_by_role("button", name="Remove tier 3").click()
    expect(screen.get_by_label("Tier 3 from")).to_have_count(0)
    expect(screen.get_by_label("Tier 2 pays")).to_have_value("18")
    screen.get_by_label("Tiers by").select_option("revenue")
    expect(screen.locator("#tiers")).to_contain_text("USD")
    screen.get_by_label("Tiers by").select_option("orders")
    expect(screen.locator("#tiers")).not_to_contain_text("USD")
    # Enter saves, and presses none of the buttons that come before.
    screen.get_by_label("Name").press("Enter")
    said = "12% of the total in DE or AT, 15% from the 5th order of the month, 18% from the 20th order of the month"
    expect(screen.get_by_role("link", name=said)).to_be_visible()
    expect(screen.get_by_text("10% of the total").first).to_be_visible()

    screen.get_by_role("link", name=said).click()
    screen.get_by_label("Percent of the order").fill("13")
    later = timezone.now() + timedelta(days=40)
    screen.get_by_label("From", exact=True).fill(later.strftime("%Y-%m-%dT12:00"))
    screen.get_by_role("button", name="Set new version").click()
    coming = screen.get_by_role("region", name="Takes effect later")
    expect(coming).to_contain_text("13% of the total in DE or AT")
    versions = screen.get_by_role("region", name="Every version")
    expect(versions).to_contain_text("12% of the total in DE or AT")
    expect(versions).to_contain_text("13% of the total in DE or AT")
    screen.get_by_role("link", name=said).click()
    expect(screen.get_by_text("Version 2 takes effect on")).to_be_visible()
    screen.go_back()

    screen.get_by_role("link", name="Try on an order").click()
    expect(screen.get_by_label("Partner", exact=False).first).to_have_value("rule10@partners.example")
    screen.get_by_label("Order total").fill("100")
    screen.get_by_label("Country").fill("DE")
    screen.get_by_text("Where the partner stands").click()
    screen.get_by_label("Orders this month").fill("19")
    screen.get_by_role("button", name="Try", exact=True).click()
    expect(screen.get_by_role("heading", name="Tina Tier would earn $18.00")).to_be_visible()
    asked = screen.get_by_role("region", name="Every rule, in the order in which it is asked").get_by_role("listitem")
    expect(asked.first).to_contain_text("Climbing")
    expect(asked.first).to_contain_text("Decides")
    expect(asked.nth(1)).to_contain_text("would match, but everything was decided before it")
    screen.get_by_label("Country").fill("FR")
    screen.get_by_role("button", name="Try", exact=True).click()
    expect(asked.first).to_contain_text("Not it: for DE, AT, the order is from FR")
    expect(screen.get_by_role("heading", name="Tina Tier would earn $10.00")).to_be_visible()


def test_a_change_is_tried_on_history_with_progress_and_published_by_a_second_click(
    screen: Page, running: Running
) -> None:
    rewards_of(screen, running, "Hanna History", "HANNA10")
    for number in range(3):
        sell(running, order_id=f"HIS-{number}", amount=10_000, currency="USD", coupon="HANNA10")
    screen.get_by_role("link", name="Add rule").click()
    screen.get_by_label("Name").fill("From the second")
    screen.get_by_label("Percent of the order").fill("10")
    screen.get_by_role("button", name="Add a tier").click()
    screen.get_by_label("Tier 1 from").fill("2")
    screen.get_by_label("Tier 1 pays").fill("20")
    screen.get_by_role("button", name="Try on history").click()
    expect(screen.get_by_role("heading", name="Try on history")).to_be_visible()
    # 10.00 three times; as proposed 10.00, 20.00 and 20.00.
    summary = "3 orders. $30.00 as it stands, $50.00 as proposed: $20.00 more."
    expect(screen.get_by_text(summary)).to_be_visible()
    expect(screen.get_by_role("region", name="Progress")).to_contain_text("3 of 3")
    expect(screen.get_by_role("region", name="Held against the books")).to_contain_text("3 orders booked to the cent")
    row = screen.get_by_role("region", name="By partner").get_by_role("row").filter(has_text="Hanna History")
    expect(row).to_contain_text("$30.00")
    expect(row).to_contain_text("+$20.00")
    expect(screen.get_by_role("region", name="What this does not tell")).to_be_visible()
    with screen.expect_download() as file:
        screen.get_by_role("link", name="CSV").click()
    assert "Total,,Together,USD,3,30.00,50.00,20.00" in file.value.path().read_text()

    trial = screen.url
    screen.get_by_role("link", name="Publish this change").click()
    ask = screen.locator("#ask")
    expect(ask).to_contain_text("from now on")
    expect(ask).to_contain_text("$20.00 more")
    expect(ask.get_by_role("link", name="Not yet")).to_be_focused()
    ask.get_by_role("link", name="Not yet").click()
    expect(ask).not_to_be_visible()
    assert screen.url == trial, "one click publishes nothing"
    screen.get_by_role("link", name="Publish this change").click()
    ask.get_by_role("button", name="Publish").click()
    expect(screen.get_by_role("status").filter(has_text="The change is published")).to_be_visible()
    said = "10% of the total, 20% from the 2nd order of the month"
    expect(screen.get_by_role("link", name=said)).to_be_visible()

    # The end of what was in force for no order yet changes nothing, and the page says so.
    screen.get_by_role("link", name="End rule 1").click()
    ask.get_by_role("button", name="Try on history").click()
    same = "It changes nothing: 3 orders would have earned the same."
    expect(screen.get_by_text(same)).to_be_visible()


def test_tiers_come_and_go_without_script(chromium: Browser, running: Running) -> None:
    context = opened(chromium, running, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, running)
    page.goto(f"{running.home}rules/")
    page.get_by_role("link", name="Add rule").click()
    page.get_by_label("Name").fill("No script")
    page.get_by_label("Percent of the order").fill("12.5")
    page.get_by_label("Leave out tax").check()
    page.get_by_role("button", name="Add a tier").click()
    page.get_by_label("Tier 1 from").fill("9")
    page.get_by_role("button", name="Add a tier").click()
    page.get_by_label("Tier 2 from").fill("99")
    page.get_by_role("button", name="Remove tier 1").click()
    expect(page.get_by_label("Tier 1 from")).to_have_value("99")
    expect(page.get_by_label("Name")).to_have_value("No script")
    expect(page.get_by_label("Leave out tax")).to_be_checked()
    page.get_by_label("Tier 1 pays").fill("50")
    page.get_by_label("Countries").fill("Germany")
    page.get_by_role("button", name="Add rule").click()
    expect(page.locator("#countries-error")).to_contain_text("two letters")
    expect(page.get_by_label("Percent of the order")).to_have_value("12.5")
    expect(page.get_by_label("Tier 1 from")).to_have_value("99")
    context.close()


def test_a_rule_is_set_by_keyboard_alone(screen: Page, running: Running) -> None:
    screen.goto(f"{running.home}rules/")
    screen.get_by_role("link", name="Add rule").focus()
    screen.keyboard.press("Enter")
    expect(screen.get_by_role("heading", name="Add rule")).to_be_visible()
    screen.get_by_label("Name").focus()
    screen.keyboard.type("By keys")
    screen.keyboard.press("Tab")
    expect(screen.get_by_label("Pays for")).to_be_focused()
    screen.keyboard.press("Tab")
    expect(screen.get_by_role("radio", name="Percentage")).to_be_focused()
    screen.keyboard.press("ArrowRight")
    expect(screen.get_by_role("radio", name="Fixed")).to_be_checked()
    expect(screen.get_by_label("Percent of the order")).not_to_be_visible()
    screen.keyboard.press("Tab")
    expect(screen.get_by_label("Amount")).to_be_focused()
    screen.keyboard.type("2.50")
    screen.get_by_label("Coupons").focus()
    screen.keyboard.type("KEYS")
    screen.get_by_role("button", name="Add a tier").focus()
    screen.keyboard.press("Enter")
    expect(screen.get_by_label("Tier 1 from")).to_be_focused()
    screen.keyboard.type("3")
    screen.keyboard.press("Tab")
    screen.keyboard.type("4")
    screen.keyboard.press("Control+s")
    expect(screen.get_by_text("$2.50 for each order with coupon KEYS, $4.00 from the 3rd order")).to_have_count(2)
