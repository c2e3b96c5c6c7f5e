"""`python -m shots [part of a name …]`: sign in to the running demo and take a picture of every page.

Wide in light and dark, and as a phone, into `.data/shots/`. `.data/demo.json` says where the demo runs and who may
sign in.
"""

import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

_DATA = Path(os.environ.get("ACCRUE_DATA_DIR", ".data"))
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_LOOKS: tuple[tuple[str, int, str], ...] = (
    ("1440-light", 1440, "light"), ("1440-dark", 1440, "dark"), ("390-light", 390, "light"),
)  # fmt: skip
#: Pages by name; `{partner}` and the like are taken from the first row of their list.
_STAFF = {
    "overview": "", "overview-table": "?view=table&interval=week&period=90d", "partners": "partners/",
    "partners-none": "partners/?q=nobody-is-called-this", "partner": "partners/{partner}/",
    "partner-codes": "partners/{partner}/codes/", "partner-settings": "partners/{partner}/settings/",
    "partner-activity": "partners/{partner}/activity/", "partner-new": "partners/new/", "customers": "customers/",
    "customer": "customers/{customer}/", "customer-record": "customers/{customer}/orders/new/",
    "customer-timeline": "customers/{customer}/timeline/", "customer-delete": "customers/{customer}/delete/",
    "orders": "orders/", "order": "orders/{order}/", "order-refund": "orders/{order}/refund/",
    "commissions": "commissions/", "commission": "commissions/{commission}/", "commission-new": "commissions/new/",
    "commission-adjust": "commissions/{commission}/adjust/", "payouts": "payouts/",
    "payout-new": "payouts/new/{partner}/{currency}/", "payouts-history": "payouts/history/",
    "payout": "payouts/{payout}/", "keys": "keys/", "key-new": "keys/new/", "audit": "audit/", "team": "team/",
    "settings": "settings/",
    "groups": "groups/", "group": "groups/{group}/", "applicants": "partners/?status=applied",
    "applicant": "partners/{applicant}/application/", "applicant-approve": "partners/{applicant}/approve/",
    "applications": "settings/applications/",
    "bonuses": "bonuses/", "bonus": "bonuses/{bonus}/", "bonus-new": "bonuses/new/",
    "bonus-end": "bonuses/{bonus}/end/", "bonus-edit": "bonuses/{planned}/edit/",
    "bonus-delete": "bonuses/{planned}/delete/",
    "partner-bonuses": "partners/{partner}/bonuses/", "partner-recruits": "partners/{partner}/recruits/",
    "partner-erase": "partners/{partner}/erase/", "rules": "rules/", "rules-try": "rules/try/",
    "rules-partner": "rules/partner/{partner}/", "rule-new": "rules/program/{program}/new/",
    "rules-recruiting": "rules/program/{program}/recruiting/", "group-delete": "groups/{group}/delete/",
    "terms-new": "settings/applications/terms/new/", "question-new": "settings/applications/questions/new/",
    "review": "review/", "review-rules": "review/rules/", "assets": "assets/", "asset-new": "assets/new/",
    "announcements": "announcements/", "announcement-new": "announcements/new/", "jobs": "jobs/",
    "emails": "settings/mail/", "email": "settings/mail/activation/", "search": "search/?q=an",
}  # fmt: skip
_LISTS = {
    "partner": "partners/", "applicant": "partners/?status=applied", "group": "groups/",
    "bonus": "bonuses/?status=running", "planned": "bonuses/?status=planned", "program": "rules/",
    "customer": "customers/?sort=-orders", "order": "orders/?kind=referred",
    "commission": "commissions/?status=paid", "payout": "payouts/history/",
}  # fmt: skip
_PORTAL = {
    "portal": "", "portal-earnings": "earnings/", "portal-customers": "customers/", "portal-links": "links/",
    "portal-payouts": "payouts/", "portal-settings": "settings/", "portal-terms": "terms/",
    "portal-recruits": "recruits/", "portal-assets": "assets/", "portal-news": "news/",
}  # fmt: skip
#: Under `/admin/m/<slug>/`; `first` is the first row of the list.
_OPERATOR = {
    "operator-merchants": "../../merchants/", "operator-users": "../../users/", "operator-log": "../../log/",
    "operator-merchant": "", "operator-customers": "customer/", "operator-commissions": "commission/",
    "operator-order": "order/first", "operator-partner": "partner/first", "operator-ledger": "transaction/first",
    "operator-audit": "auditentry/", "operator-keys": "apikey/",
}  # fmt: skip
_APPLY = {"apply": "", "apply-sent": "sent/"}
_OUTSIDE = {"sign-in": "/accounts/login/", "reset": "/accounts/password/reset/", "mail": "/mail/"}
_ID = re.compile(r"/([0-9a-f]{8}-[0-9a-f-]{27})/")


def main() -> None:
    """All pages, or those whose names contain one of the arguments."""
    path = _DATA / "demo.json"
    program = next((found for name in _PROGRAMS if (found := shutil.which(name))), None)
    if program is None or not path.exists():
        sys.exit("Start `make demo` first, and have Chromium installed.")
    demo = json.loads(path.read_text())
    folder = _DATA / "shots"
    folder.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        for look, width, theme in _LOOKS:
            _staff(browser, demo, folder, look, width, theme)
            _operator(browser, demo, folder, look, width, theme)
            _partner(browser, demo, folder, look, width, theme)
        browser.close()


def _context(browser: Browser, width: int, theme: Any) -> BrowserContext:
    return browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce")


def _staff(browser: Browser, demo: dict[str, Any], folder: Path, look: str, width: int, theme: str) -> None:
    merchant = demo["merchants"][0]
    owner = merchant["staff"]["owner"]
    context = _context(browser, width, theme)
    page = context.new_page()
    base = demo["base_url"]
    for name, address in _OUTSIDE.items():
        _take(page, base + address, folder / f"{name}-{look}.png")
    for name, address in _APPLY.items():
        _take(page, f"{base}/apply/{merchant['slug']}/{address}", folder / f"{name}-{look}.png")
    _sign_in(page, base, owner)
    home = f"{base}/m/{merchant['slug']}/"
    ids = {"currency": merchant["currency"]}
    for kind, address in _LISTS.items():
        page.goto(home + address)
        links = page.locator("tbody a[href]").evaluate_all("links => links.map(link => link.pathname)")
        found = next((match[1] for link in links if (match := _ID.search(link))), None)
        if found:
            ids[kind] = found
    for name, address in _STAFF.items():
        try:
            _take(page, home + address.format(**ids), folder / f"{name}-{look}.png")
        except KeyError as error:
            print(f"{name}: the demo has no {error}")
    context.close()


def _sign_in(page: Page, base: str, who: dict[str, str]) -> None:
    page.goto(f"{base}/accounts/login/")
    page.fill("[name=login]", who["email"])
    page.fill("[name=password]", who["password"])
    page.locator("form[action*=login] button[type=submit]").first.click()
    page.wait_for_load_state("networkidle")


def _operator(browser: Browser, demo: dict[str, Any], folder: Path, look: str, width: int, theme: str) -> None:
    context = _context(browser, width, theme)
    page = context.new_page()
    _sign_in(page, demo["base_url"], demo["operator"])
    home = f"{demo['base_url']}/admin/m/{demo['merchants'][0]['slug']}/"
    for name, address in _OPERATOR.items():
        if address.endswith("first"):
            page.goto(home + address.removesuffix("first"))
            link = page.locator("tbody a[href]").first.get_attribute("href")
            _take(page, f"{demo['base_url']}{link}", folder / f"{name}-{look}.png")
        else:
            _take(page, home + address, folder / f"{name}-{look}.png")
    context.close()


def _partner(browser: Browser, demo: dict[str, Any], folder: Path, look: str, width: int, theme: str) -> None:
    partner = next(partner for partner in demo["partners"] if partner.get("password"))
    context = _context(browser, width, theme)
    page = context.new_page()
    _take(page, partner["portal"], folder / f"portal-sign-in-{look}.png")
    page.goto(partner["portal"])
    page.fill("[name=email]", partner["email"])
    page.fill("[name=password]", partner["password"])
    page.locator("main button").first.click()
    page.wait_for_load_state("networkidle")
    home = page.url
    for name, address in _PORTAL.items():
        _take(page, home + address, folder / f"{name}-{look}.png")
    context.close()


def _take(page: Page, address: str, path: Path) -> None:
    wanted = sys.argv[1:]
    if wanted and not any(part in path.name for part in wanted):
        return
    answer = page.goto(address)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=path, full_page=True)
    print(f"{answer.status if answer else '?'} {path}")


if __name__ == "__main__":
    main()
