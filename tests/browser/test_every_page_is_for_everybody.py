"""Every page in light and dark, wide and narrow: nothing inaccessible, nothing sideways, no word in the console."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import Running, opened, sign_in
from tests.factories import PASSWORD
from tests.tenancy_matrix.test_every_page import PORTAL, pages

pytestmark = pytest.mark.xdist_group("browser")

_AXE = Path("node_modules/axe-core/axe.min.js").read_text()
#: Every transition has come to its end; what turns for ever is not waited for.
_SETTLED = """Promise.all(document.getAnimations()
    .filter(each => each.effect.getComputedTiming().iterations < 9).map(each => each.finished))"""
_RUN = "axe.run(document, {resultTypes: ['violations'], preload: false}).then(result => result.violations)"
#: Files, and addresses that only take a form.
_NO_PAGES = {
    "partners_qr", "links_qr", "partners_bulk", "commissions_paid", "commissions_unpaid", "commissions_payment",
    "settings_sign_out", "settings_profile", "settings_password", "settings_logo", "settings_mail_preview",
    "settings_mail_test", "jobs_file", "jobs_cancel", "jobs_retry",
    "assets_file", "assets_archive", "assets_move", "settings_news",
    "commissions_reject_many", "commissions_restore_many", "rules_history_csv",
}  # fmt: skip
_ACCOUNT = ("password/change/", "2fa/", "2fa/webauthn/", "sessions/", "email/")
_OUTSIDE = ("login/", "password/reset/", "signup/")


def staff_addresses(running: Running) -> list[str]:
    own = [running.of.at(page) for page in pages("/m/<slug:slug>/") if page.name not in _NO_PAGES]
    # The tables that lists have only when they have something, and the other face of the chart.
    return [
        *(address for address in own if not address.endswith((".csv", ".xlsx"))),
        f"/m/{running.of.merchant.slug}/?view=table", f"/m/{running.of.merchant.slug}/partners/?q=nobody", "/m/?switch",
        *(f"/accounts/{path}" for path in _ACCOUNT), "/mail/",
    ]  # fmt: skip


def portal_addresses(running: Running) -> list[str]:
    return [
        address for page in pages("/p/")
        if page.name in PORTAL - _NO_PAGES and not (address := running.of.at(page)).endswith((".csv", ".xlsx"))
    ]  # fmt: skip


def apply_addresses(running: Running) -> list[str]:
    """What an applicant comes across before the e-mail."""
    return [f"/apply/{running.of.merchant.slug}/{page}" for page in ("", "sent/")]


def operator_addresses(running: Running) -> list[str]:
    """Of the installation, and of a merchant one of each kind: all lists share a template, and so do all pages."""
    of, key = f"/admin/m/{running.of.merchant.slug}", running.of.ids["key"]
    lists = ("partner", "customer", "commission", "auditentry", "membership", "merchantday", "invitation")
    rows = ("partner", "order", "commission")
    return [
        "/admin/", "/admin/users/", f"/admin/users/{running.owner.id}/", "/admin/log/",
        f"/admin/users/{running.owner.id}/deactivate/", "/admin/users/?q=nobody-is-called-this", f"{of}/",
        *(f"{of}/{name}/" for name in lists), *(f"{of}/{name}/{running.of.ids[name]}/" for name in rows),
        f"{of}/apikey/{key}/", f"{of}/apikey/{key}/revoke/", f"{of}/commission/?status__exact=paid",
    ]  # fmt: skip


def look(page: Page, running: Running, address: str) -> list[str]:
    """What is wrong with one page, in both themes."""
    running.complaints.clear()
    answer = page.goto(address)
    page.wait_for_load_state("networkidle")
    # Before axe comes, which the policy has things to say about.
    problems = [f"{address} console: {text}" for text in running.complaints]
    if answer is None or answer.status != 200:
        problems.append(f"{address} answers {answer}")
    width = page.viewport_size["width"] if page.viewport_size else 0
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        page.evaluate(_SETTLED)
        page.evaluate(_AXE)
        found: list[dict[str, Any]] = page.evaluate(_RUN)
        for violation in found:
            where = "; ".join(str(node["target"]) for node in violation["nodes"][:3])
            problems.append(f"{address} {width} {theme}: {violation['id']} at {where}")
    sideways = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    if sideways > 0:
        problems.append(f"{address} {width}: {sideways} px sideways")
    return problems


def walk(browser: Browser, running: Running, addresses: list[str], width: int, enter: Any) -> list[str]:
    # Colours on their way from one theme to the other are nobody's colours.
    context = opened(browser, running, viewport={"width": width, "height": 900}, reduced_motion="reduce")
    page = context.new_page()
    enter(page)
    problems = [problem for address in addresses for problem in look(page, running, address)]
    context.close()
    return problems


@pytest.mark.parametrize("width", [1440, 390])
def test_pages_of_staff(chromium: Browser, running: Running, width: int) -> None:
    problems = walk(chromium, running, staff_addresses(running), width, lambda page: sign_in(page, running))
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("width", [1440, 390])
def test_pages_of_operators(chromium: Browser, running: Running, width: int) -> None:
    def enter(page: Page) -> None:
        sign_in(page, running, running.operator, leads_to="**/admin/merchants/")

    problems = walk(chromium, running, operator_addresses(running), width, enter)
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("width", [1440, 390])
def test_pages_of_partners(chromium: Browser, running: Running, width: int) -> None:
    def enter(page: Page) -> None:
        page.goto(f"/p/{running.of.ids['portal_code']}/sign-in/")
        page.get_by_label("E-mail").or_(page.get_by_label("Email")).first.fill(running.of.ids["partner_email"])
        page.locator("input[type=password]").fill(PASSWORD)
        page.locator("main button").first.click()
        page.wait_for_load_state("networkidle")

    problems = walk(chromium, running, portal_addresses(running), width, enter)
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("width", [1440, 390])
def test_pages_before_anybody_signed_in(chromium: Browser, running: Running, width: int) -> None:
    addresses = [f"/accounts/{path}" for path in _OUTSIDE] + [f"/p/{running.of.ids['portal_code']}/sign-in/"]
    addresses += apply_addresses(running)
    problems = walk(chromium, running, addresses, width, lambda page: None)
    assert not problems, "\n".join(problems)


def test_nothing_scrolls_sideways_on_the_smallest_phone(chromium: Browser, running: Running) -> None:
    context = opened(chromium, running, viewport={"width": 320, "height": 640})
    page = context.new_page()
    sign_in(page, running)
    sideways = {}
    for address in staff_addresses(running):
        page.goto(address)
        if over := page.evaluate("document.documentElement.scrollWidth - innerWidth"):
            sideways[address] = over
    context.clear_cookies()
    sign_in(page, running, running.operator, leads_to="**/admin/merchants/")
    for address in operator_addresses(running):
        page.goto(address)
        if over := page.evaluate("document.documentElement.scrollWidth - innerWidth"):
            sideways[address] = over
    context.close()
    assert sideways == {}
