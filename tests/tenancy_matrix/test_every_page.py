"""Every page, everybody who could ask for it: nobody gets what is another's, and no page is forgotten.

A page that is added must be classified here, or this fails.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from allauth.mfa.models import Authenticator
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, resolve
from django.utils import timezone
from PIL import Image

from affiliates.models import Partner
from affiliates.partners import set_password
from jobs import work
from jobs.start import start
from merchants import tenancy
from merchants.audit import Actor
from merchants.invitations import invite
from merchants.keys import issue
from merchants.models import Membership, Merchant, User
from merchants.roles import MATRIX, Permission, Role
from merchants.staff import add_staff
from operators.door import MERCHANT_URLS
from outreach.library import create_asset
from outreach.news import draft, publish
from tests.api.world import World, build
from tests.factories import ACTOR, PASSWORD
from tracking.proposals import as_parameters, propose

#: Before anybody is asked who they are, or about oneself alone.
OPEN = {"merchants", "invitation", "outbox", "outbox_message"}

#: Permission to see, permission to send. Written out again, so that a slip in a view shows.
VIEW = Permission.VIEW
NEEDS: dict[str, tuple[Permission, Permission]] = {
    "overview": (VIEW, VIEW),
    "overview_csv": (VIEW, VIEW),
    "overview_statuses": (VIEW, VIEW),
    "search": (VIEW, VIEW),
    "shortcuts": (VIEW, VIEW),
    "partners": (VIEW, VIEW),
    "partners_options": (VIEW, VIEW),
    "partners_csv": (VIEW, VIEW),
    "partners_xlsx": (VIEW, VIEW),
    "partners_detail": (VIEW, VIEW),
    "partners_activity": (VIEW, VIEW),
    "partners_application": (VIEW, VIEW),
    "partners_recruits": (VIEW, VIEW),
    "partners_bonuses": (VIEW, VIEW),
    "groups": (VIEW, VIEW),
    "groups_new": (Permission.EDIT_PARTNERS, Permission.EDIT_PARTNERS),
    "groups_detail": (VIEW, Permission.EDIT_PARTNERS),
    "groups_delete": (Permission.EDIT_PARTNERS, Permission.EDIT_PARTNERS),
    "partners_qr": (VIEW, VIEW),
    "partners_settings": (VIEW, Permission.EDIT_PARTNERS),
    "partners_codes": (VIEW, Permission.EDIT_PARTNERS),
    "partners_code": (Permission.EDIT_PARTNERS, Permission.EDIT_PARTNERS),
    "partners_new": (Permission.EDIT_PARTNERS, Permission.EDIT_PARTNERS),
    "partners_bulk": (Permission.EDIT_PARTNERS, Permission.EDIT_PARTNERS),
    "partners_reward": (Permission.EDIT_REWARDS, Permission.EDIT_REWARDS),
    "partners_activation": (Permission.EDIT_PARTNERS, Permission.EDIT_PARTNERS),
    "partners_approve": (Permission.EDIT_PARTNERS, Permission.EDIT_PARTNERS),
    "partners_reject": (Permission.EDIT_PARTNERS, Permission.EDIT_PARTNERS),
    "partners_suspend": (Permission.EDIT_PARTNERS, Permission.EDIT_PARTNERS),
    "partners_erase": (Permission.EDIT_PARTNERS, Permission.EDIT_PARTNERS),
    "partners_switch": (Permission.EDIT_PARTNERS, Permission.EDIT_PARTNERS),
    "customers": (VIEW, VIEW),
    "customers_csv": (VIEW, VIEW),
    "customers_xlsx": (VIEW, VIEW),
    "customers_stats": (VIEW, VIEW),
    "customers_timeline": (VIEW, VIEW),
    "customers_detail": (VIEW, Permission.EDIT_CUSTOMERS),
    "customers_new": (Permission.EDIT_CUSTOMERS, Permission.EDIT_CUSTOMERS),
    "customers_delete": (Permission.EDIT_CUSTOMERS, Permission.EDIT_CUSTOMERS),
    "customers_record": (Permission.RECORD_SALES, Permission.RECORD_SALES),
    "orders": (VIEW, VIEW),
    "orders_csv": (VIEW, VIEW),
    "orders_xlsx": (VIEW, VIEW),
    "orders_deleted": (VIEW, VIEW),
    "orders_delete": (Permission.RECORD_SALES, Permission.RECORD_SALES),
    "orders_detail": (VIEW, VIEW),
    "orders_refund": (Permission.RECORD_SALES, Permission.RECORD_SALES),
    "commissions": (VIEW, VIEW),
    "commissions_csv": (VIEW, VIEW),
    "commissions_xlsx": (VIEW, VIEW),
    "commissions_detail": (VIEW, VIEW),
    "commissions_new": (Permission.EDIT_COMMISSIONS, Permission.EDIT_COMMISSIONS),
    "commissions_adjust": (Permission.EDIT_COMMISSIONS, Permission.EDIT_COMMISSIONS),
    "commissions_reject": (Permission.EDIT_COMMISSIONS, Permission.EDIT_COMMISSIONS),
    "commissions_restore": (Permission.EDIT_COMMISSIONS, Permission.EDIT_COMMISSIONS),
    "commissions_reject_many": (Permission.EDIT_COMMISSIONS, Permission.EDIT_COMMISSIONS),
    "commissions_restore_many": (Permission.EDIT_COMMISSIONS, Permission.EDIT_COMMISSIONS),
    "customers_reattribute": (Permission.EDIT_COMMISSIONS, Permission.EDIT_COMMISSIONS),
    "customers_key_add": (Permission.EDIT_CUSTOMERS, Permission.EDIT_CUSTOMERS),
    "customers_key_remove": (Permission.EDIT_CUSTOMERS, Permission.EDIT_CUSTOMERS),
    "commissions_release": (Permission.EDIT_COMMISSIONS, Permission.EDIT_COMMISSIONS),
    "commissions_payment": (Permission.EDIT_PAYOUTS, Permission.EDIT_PAYOUTS),
    "commissions_paid": (Permission.EDIT_PAYOUTS, Permission.EDIT_PAYOUTS),
    "commissions_unpaid": (Permission.EDIT_PAYOUTS, Permission.EDIT_PAYOUTS),
    "review": (VIEW, VIEW),
    "review_decide": (Permission.EDIT_COMMISSIONS, Permission.EDIT_COMMISSIONS),
    "review_rules": (VIEW, VIEW),
    "review_rule": (Permission.EDIT_SETTINGS, Permission.EDIT_SETTINGS),
    "assets": (VIEW, VIEW),
    "assets_new": (Permission.EDIT_PARTNERS, Permission.EDIT_PARTNERS),
    "assets_detail": (VIEW, Permission.EDIT_PARTNERS),
    "assets_file": (VIEW, VIEW),
    "assets_archive": (Permission.EDIT_PARTNERS, Permission.EDIT_PARTNERS),
    "assets_move": (Permission.EDIT_PARTNERS, Permission.EDIT_PARTNERS),
    "assets_delete": (Permission.EDIT_PARTNERS, Permission.EDIT_PARTNERS),
    "announcements": (VIEW, VIEW),
    "announcements_new": (Permission.EDIT_PARTNERS, Permission.EDIT_PARTNERS),
    "announcements_detail": (VIEW, Permission.EDIT_PARTNERS),
    "announcements_publish": (Permission.EDIT_PARTNERS, Permission.EDIT_PARTNERS),
    "announcements_delete": (Permission.EDIT_PARTNERS, Permission.EDIT_PARTNERS),
    "rules": (VIEW, VIEW),
    "rules_of": (VIEW, VIEW),
    "rules_try": (VIEW, VIEW),
    "rules_history": (Permission.EDIT_REWARDS, Permission.EDIT_REWARDS),
    "rules_history_csv": (Permission.EDIT_REWARDS, Permission.EDIT_REWARDS),
    "rules_publish": (Permission.EDIT_REWARDS, Permission.EDIT_REWARDS),
    "rules_new": (Permission.EDIT_REWARDS, Permission.EDIT_REWARDS),
    "rules_recruiting": (Permission.EDIT_REWARDS, Permission.EDIT_REWARDS),
    "rules_recruiting_new": (Permission.EDIT_REWARDS, Permission.EDIT_REWARDS),
    "rules_edit": (Permission.EDIT_REWARDS, Permission.EDIT_REWARDS),
    "rules_end": (Permission.EDIT_REWARDS, Permission.EDIT_REWARDS),
    "bonuses": (VIEW, VIEW),
    "bonuses_new": (Permission.EDIT_REWARDS, Permission.EDIT_REWARDS),
    "bonuses_progress_csv": (VIEW, VIEW),
    "bonuses_progress_xlsx": (VIEW, VIEW),
    "bonuses_detail": (VIEW, VIEW),
    "bonuses_edit": (Permission.EDIT_REWARDS, Permission.EDIT_REWARDS),
    "bonuses_end": (Permission.EDIT_REWARDS, Permission.EDIT_REWARDS),
    "bonuses_delete": (Permission.EDIT_REWARDS, Permission.EDIT_REWARDS),
    "payouts": (Permission.VIEW_PAYOUTS, Permission.VIEW_PAYOUTS),
    "payouts_csv": (Permission.VIEW_PAYOUTS, Permission.VIEW_PAYOUTS),
    "payouts_xlsx": (Permission.VIEW_PAYOUTS, Permission.VIEW_PAYOUTS),
    "payouts_history": (Permission.VIEW_PAYOUTS, Permission.VIEW_PAYOUTS),
    "payouts_detail": (Permission.VIEW_PAYOUTS, Permission.VIEW_PAYOUTS),
    "payouts_new": (Permission.EDIT_PAYOUTS, Permission.EDIT_PAYOUTS),
    "payouts_reverse": (Permission.EDIT_PAYOUTS, Permission.EDIT_PAYOUTS),
    "audit": (Permission.VIEW_AUDIT, Permission.VIEW_AUDIT),
    "audit_csv": (Permission.VIEW_AUDIT, Permission.VIEW_AUDIT),
    "audit_xlsx": (Permission.VIEW_AUDIT, Permission.VIEW_AUDIT),
    # What a job is about asks for more: tests/jobs.
    "jobs": (VIEW, VIEW),
    "jobs_detail": (VIEW, VIEW),
    "jobs_file": (VIEW, VIEW),
    "jobs_cancel": (VIEW, VIEW),
    "jobs_retry": (VIEW, VIEW),
    "keys": (Permission.MANAGE_KEYS, Permission.MANAGE_KEYS),
    "keys_new": (Permission.MANAGE_KEYS, Permission.MANAGE_KEYS),
    "keys_rotate": (Permission.MANAGE_KEYS, Permission.MANAGE_KEYS),
    "keys_revoke": (Permission.MANAGE_KEYS, Permission.MANAGE_KEYS),
    "staff": (Permission.MANAGE_STAFF, Permission.MANAGE_STAFF),
    "staff_role": (Permission.MANAGE_STAFF, Permission.MANAGE_STAFF),
    "staff_remove": (Permission.MANAGE_STAFF, Permission.MANAGE_STAFF),
    "staff_withdraw": (Permission.MANAGE_STAFF, Permission.MANAGE_STAFF),
    "settings": (Permission.EDIT_SETTINGS, Permission.EDIT_SETTINGS),
    "settings_logo": (Permission.EDIT_SETTINGS, Permission.EDIT_SETTINGS),
    "settings_mail": (Permission.EDIT_SETTINGS, Permission.EDIT_SETTINGS),
    "settings_mail_edit": (Permission.EDIT_SETTINGS, Permission.EDIT_SETTINGS),
    "settings_mail_preview": (Permission.EDIT_SETTINGS, Permission.EDIT_SETTINGS),
    "settings_mail_test": (Permission.EDIT_SETTINGS, Permission.EDIT_SETTINGS),
    "settings_mail_reset": (Permission.EDIT_SETTINGS, Permission.EDIT_SETTINGS),
    "settings_applications": (Permission.EDIT_SETTINGS, Permission.EDIT_SETTINGS),
    "settings_forget": (Permission.EDIT_SETTINGS, Permission.EDIT_SETTINGS),
    "settings_question_new": (Permission.EDIT_SETTINGS, Permission.EDIT_SETTINGS),
    "settings_question": (Permission.EDIT_SETTINGS, Permission.EDIT_SETTINGS),
    "settings_terms_new": (Permission.EDIT_SETTINGS, Permission.EDIT_SETTINGS),
    "settings_terms": (Permission.EDIT_SETTINGS, Permission.EDIT_SETTINGS),
    "settings_time": (Permission.EDIT_SETTINGS, Permission.EDIT_SETTINGS),
    "settings_card": (Permission.EDIT_SETTINGS, Permission.EDIT_SETTINGS),
}

#: The portal: what a partner's own log-in opens, and what stands before it.
PORTAL = {
    "home", "earnings", "earnings_csv", "earnings_detail", "customers", "links", "links_qr", "payouts", "payouts_csv",
    "payouts_detail", "settings", "settings_profile", "settings_password", "settings_sign_out", "earnings_xlsx",
    "payouts_xlsx", "jobs", "jobs_detail", "jobs_file", "terms", "recruits",
    "assets", "assets_file", "news", "news_detail", "settings_news",
}  # fmt: skip
#: The public pages of a program: for anybody, and about what the merchant says of itself.
APPLY = {"page", "sent", "confirm", "brand"}
GATE = {"sign_in", "sign_out", "link", "activate", "brand", "unsubscribe"}

#: allauth's: on the way to a session, and about one's own log-in once there is one.
ACCOUNT_OPEN = {
    "account_login", "account_logout", "account_inactive", "account_signup", "account_confirm_login_code",
    "account_confirm_email", "account_email_verification_sent", "account_reset_password", "account_reset_password_done",
    "account_reset_password_from_key", "account_reset_password_from_key_done", "mfa_authenticate", "mfa_login_webauthn",
}  # fmt: skip
ACCOUNT_OWN = {
    "account_reauthenticate", "account_email", "account_change_password", "account_set_password", "mfa_index",
    "mfa_reauthenticate", "mfa_activate_totp", "mfa_deactivate_totp", "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes", "mfa_download_recovery_codes", "mfa_list_webauthn", "mfa_add_webauthn",
    "mfa_reauthenticate_webauthn", "mfa_remove_webauthn", "mfa_edit_webauthn", "usersessions_list",
}  # fmt: skip

#: Operators' alone: about the installation, and what is mounted behind a merchant's slug. What each of them shows, and
#: that it is written down, is in tests/operators.
INSTALLATION = {
    "index", "merchants_locator_changelist", "merchants_user_changelist", "merchants_user_change",
    "merchants_operatorentry_changelist", "merchants_operatorentry_change", "operators_deactivate",
    "operators_reactivate", "operators_second_factor", "operators_merchant", "operators_merchant_page",
}  # fmt: skip
MOUNTED_LISTS = {
    "merchants_merchant", "merchants_membership", "merchants_invitation", "merchants_apikey", "merchants_auditentry",
    "merchants_mailwords",
    "affiliates_program", "affiliates_programterms", "affiliates_termsacceptance", "affiliates_application",
    "affiliates_question", "affiliates_group", "affiliates_partner", "affiliates_coupon", "affiliates_link",
    "affiliates_click", "affiliates_lead", "affiliates_customerattribution",
    "affiliates_earlierattribution", "affiliates_partnerstretch", "customers_customer", "orders_order",
    "orders_refund", "rewards_rewardversion", "rewards_rewardstanding", "commissions_commission",
    "commissions_reversal", "payouts_payout", "commissions_decision", "customers_providerkey",
    "ledger_transaction", "stats_stalemark", "stats_merchantday", "tracking_storedanswer", "jobs_job",
    "outreach_asset", "outreach_announcement", "commissions_flag", "fraud_rulesetting",
    "bonuses_bonus", "bonuses_progress", "bonuses_award", "bonuses_due",
}  # fmt: skip
#: Numbers, of which the list says everything.
WITHOUT_PAGE = {"stats_stalemark", "stats_merchantday", "bonuses_due"}
MOUNTED = (
    {"index", "revoke_key"}
    | {f"{name}_changelist" for name in MOUNTED_LISTS}
    | {f"{name}_change" for name in MOUNTED_LISTS - WITHOUT_PAGE}
)


@dataclass(frozen=True)
class Page:
    """A named page and its address with the parameters still in it."""

    name: str
    address: str
    needs: tuple[Permission, Permission] | None = None
    """What the view itself asks for."""


def pages(under: str) -> Iterator[Page]:
    yield from (page for page in _walk(get_resolver(), "/") if page.address.startswith(under))


def mounted_pages() -> list[Page]:
    """What operators open of one merchant."""
    return list(_walk(get_resolver(MERCHANT_URLS), "/admin/m/<slug:slug>/"))


def _walk(resolver: URLResolver, prefix: str) -> Iterator[Page]:
    for part in resolver.url_patterns:
        address = prefix + str(part.pattern)
        if isinstance(part, URLPattern):
            yield Page(str(part.name), address, getattr(part.callback, "needs", None))
        else:
            yield from _walk(part, address)


def test_every_page_is_classified_and_every_classification_has_a_page() -> None:
    staff = list(pages("/m/<slug:slug>/"))
    assert len(staff) == len({page.name for page in staff})
    assert {page.name: page.needs for page in staff} == NEEDS
    outside = {page.name for page in pages("/m/") if "<slug:slug>" not in page.address}
    assert outside | {page.name for page in pages("/mail/")} == OPEN
    assert {page.name for page in pages("/p/")} == PORTAL | GATE
    assert {page.name for page in pages("/apply/")} == APPLY
    assert {page.name for page in pages("/accounts/")} == ACCOUNT_OPEN | ACCOUNT_OWN
    assert {page.name for page in pages("/admin/")} == INSTALLATION
    assert {page.name for page in mounted_pages()} == MOUNTED


@dataclass(frozen=True)
class Site:
    """A merchant with one of everything that a page can be about."""

    merchant: Merchant
    world: World
    ids: dict[str, Any]

    def at(self, page: Page) -> str:
        """The page's address for this merchant."""
        address = page.address
        names = {
            "<slug:slug>": self.merchant.slug, "<str:currency>": "USD", "<str:kind>": "code", "<str:card>": "hold",
            "<str:letter>": "activation", "<slug:rule>": "velocity", "<str:level>": "program",
            "<uuid:owner>": self.ids["program"], "<uuid:rule>": self.ids["program"],
            "<uuid:item>": self.ids["coupon"], "<slug:code>": self.ids["portal_code"], "<str:token>": "x-y",
        }  # fmt: skip
        for name, value in names.items():
            address = address.replace(name, str(value))
        for name, value in self.ids.items():
            address = address.replace(f"<uuid:{name}>", str(value))
        assert "<" not in address, address
        return address


def told(merchant: Merchant, word: str) -> dict[str, Any]:
    """A banner, and an announcement that partners can read."""
    file = BytesIO()
    Image.new("RGB", (60, 40), "red").save(file, "PNG")
    asset = create_asset(
        merchant=merchant, kind="banner", title=f"Banner {word}", upload=ContentFile(file.getvalue()), actor=ACTOR
    )
    announcement = draft(merchant=merchant, title=f"News {word}", body=f"All about {word}.", actor=ACTOR)
    publish(announcement, by_mail=False, actor=ACTOR)
    return {"asset": asset.id, "announcement": announcement.id}


def site(merchant: Merchant, word: str) -> Site:
    world = build(merchant, word)
    with tenancy.tenant(merchant.id):
        key, _ = issue(name=f"key {word}", scopes=["read"], actor=ACTOR)
        invitation, _ = invite(email=f"new@{word}.example", role="viewer", actor=ACTOR)
        member = add_staff(email=f"staff@{word}.example", role="owner", actor=ACTOR)
        partner = merchant.partners.get(id=world.ids["partner"])
        set_password(partner, password=PASSWORD, actor=ACTOR)
        order = merchant.orders.exclude(partner=None).order_by("placed_at").first()
        assert order is not None
        given = told(merchant, word)
    ids: dict[str, Any] = {
        **world.ids, **given, **exported(merchant, partner),
        "key": key.id, "invitation": invitation.id, "member": member.id, "order": order.id,
        "portal_code": partner.portal_code, "partner_email": partner.email,
    }  # fmt: skip
    return Site(merchant, world, ids)


def exported(merchant: Merchant, partner: Partner) -> dict[str, UUID]:
    """A job of the team's and one of the partner's, done, each with its file."""
    of_partner = Actor(kind="partner", name=partner.name, id=partner.id)
    with tenancy.tenant(merchant.id):
        job = start("backoffice.partners", merchant=merchant, parameters={"query": ""}, actor=ACTOR)
        file = start("portal.earnings", merchant=merchant, parameters={"query": ""}, actor=of_partner)
        program = merchant.programs.get(is_default=True)
        proposal = propose(
            program, kind="percentage", percent=5, since=timezone.now() - timedelta(days=365), until=timezone.now()
        )
        trial = start("rewards.backtest", merchant=merchant, parameters=as_parameters(proposal), actor=ACTOR)
    for each in (job, file, trial):
        work.run(merchant.id, each.id)
    return {"job": job.id, "file": file.id, "trial": trial.id}


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> None:
    """Files go into a folder of the test's own."""
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def mine(merchant: Merchant) -> Site:
    return site(merchant, "minewood")


@pytest.fixture
def theirs(other_merchant: Merchant) -> Site:
    return site(other_merchant, "canarybird")


def signed_in(merchant: Merchant, role: Role) -> Client:
    with tenancy.tenant(merchant.id):
        membership: Membership = add_staff(email=f"{role}@staff.example", role=role, actor=ACTOR)
        user: User = membership.user
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def staff_pages() -> list[Page]:
    return list(pages("/m/<slug:slug>/"))


@pytest.mark.django_db
def test_nobody_sees_a_page_without_signing_in(mine: Site) -> None:
    client = Client()
    for page in staff_pages():
        for ask in (client.get, client.post):
            answer = ask(mine.at(page))
            assert answer.status_code == 302, page
            assert answer.headers["Location"].startswith("/accounts/login/?next="), page


@pytest.mark.django_db
@pytest.mark.parametrize("role", list(Role))
def test_a_role_opens_what_the_matrix_says_and_nothing_else(mine: Site, role: Role) -> None:
    client = signed_in(mine.merchant, role)
    for page in staff_pages():
        see, send = NEEDS[page.name]
        seen = client.get(mine.at(page))
        assert seen.status_code in ((200, 302) if see in MATRIX[role] else (403,)), (page, seen.status_code)
        if send not in MATRIX[role]:
            assert client.post(mine.at(page)).status_code == 403, page


@pytest.mark.django_db
def test_an_empty_form_is_never_an_error_of_ours(mine: Site) -> None:
    client = signed_in(mine.merchant, Role.OWNER)
    ending = {"partners_suspend", "staff_withdraw", "keys_revoke", "partners_activation", "partners_switch"}
    for page in staff_pages():
        if page.name not in ending:
            assert client.post(mine.at(page)).status_code in (200, 302, 422), page


@pytest.mark.django_db
def test_what_is_anothers_is_not_found_and_never_shown(mine: Site, theirs: Site) -> None:
    client = signed_in(mine.merchant, Role.OWNER)
    for page in staff_pages():
        for ask in (client.get, client.post):
            answer = ask(theirs.at(page))
            assert answer.status_code == 404, page
            assert theirs.world.word not in answer.content.decode().lower(), page
        # My own merchant, but another's ids.
        if "<uuid:" in page.address:
            mixed = theirs.at(page).replace(f"/m/{theirs.merchant.slug}/", f"/m/{mine.merchant.slug}/")
            assert client.get(mixed).status_code == 404, page
            assert client.post(mixed).status_code == 404, page


@pytest.mark.django_db
def test_a_partner_is_no_staff_and_staff_are_no_partner(mine: Site) -> None:
    partner = portal_of(mine)
    assert partner.get(mine.at(Page("overview", "/m/<slug:slug>/"))).status_code == 302
    staff = signed_in(mine.merchant, Role.OWNER)
    for page in pages("/p/"):
        if page.name in PORTAL and "<uuid:" not in page.address:
            assert staff.get(mine.at(page)).status_code in (302, 405), page


def portal_of(of: Site) -> Client:
    client = Client()
    answer = client.post(
        f"/p/{of.ids['portal_code']}/sign-in/", {"email": of.ids["partner_email"], "password": PASSWORD}
    )
    assert answer.status_code == 302, answer.content
    return client


@pytest.mark.django_db
def test_a_partner_sees_their_own_portal_and_no_other(mine: Site, theirs: Site, partner: Partner) -> None:
    client = portal_of(mine)
    for page in pages("/p/"):
        if page.name not in PORTAL:
            continue
        own = client.get(mine.at(page))
        assert own.status_code in (200, 302, 405), (page, own.status_code)
        other = client.get(theirs.at(page))
        assert other.status_code in (302, 405), page
        assert theirs.world.word not in other.content.decode().lower()
        if "<uuid:" in page.address:
            mixed = theirs.at(page).replace(theirs.ids["portal_code"], mine.ids["portal_code"])
            assert client.get(mixed).status_code == 404, page


def operators_addresses(of: Site) -> list[str]:
    """Every address of operators, with this merchant's slug and any id."""
    found = [page for page in pages("/admin/") if page.name != "operators_merchant_page"] + mounted_pages()
    return [
        page.address.replace("<slug:slug>", of.merchant.slug).replace("<uuid:row>", str(of.ids["key"]))
        for page in found
    ]


@pytest.mark.django_db
def test_operators_pages_are_for_operators_alone(mine: Site) -> None:
    callers = [signed_in(mine.merchant, role) for role in Role]
    nobody = [Client(), portal_of(mine)]
    for address in operators_addresses(mine):
        for client in callers:
            assert client.get(address).status_code == 404, address
            assert client.post(address).status_code == 404, address
        for client in nobody:
            for answer in (client.get(address), client.post(address)):
                assert answer.status_code == 302, address
                assert answer.headers["Location"].startswith("/accounts/login/?next="), address


@pytest.mark.django_db
def test_an_operator_is_no_staff_and_no_partner(mine: Site) -> None:
    user = User.objects.create_superuser("ops@accrue.example", PASSWORD)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(f"/admin/m/{mine.merchant.slug}/").status_code == 200
    for page in staff_pages():
        assert client.get(mine.at(page)).status_code == 404, page
        assert client.post(mine.at(page)).status_code == 404, page
    for page in pages("/p/"):
        if page.name in PORTAL and "<uuid:" not in page.address:
            assert client.get(mine.at(page)).status_code in (302, 405), page


def account_address(page: Page, passkey: int = 1) -> str:
    """allauth writes two of them as regular expressions."""
    if page.name == "account_confirm_email":
        return "/accounts/confirm-email/abc/"
    if page.name == "account_reset_password_from_key":
        return "/accounts/password/reset/key/1-abc/"
    return page.address.replace("<int:pk>", str(passkey))


@pytest.mark.django_db
def test_an_account_is_its_owners_alone(mine: Site) -> None:
    client = Client()
    for page in pages("/accounts/"):
        answer = client.get(account_address(page))
        if page.name in ACCOUNT_OWN:
            assert answer.status_code == 302, page
            assert answer.headers["Location"].startswith("/accounts/login/?next="), page
            posted = client.post(account_address(page))
            assert posted.headers.get("Location", "").startswith("/accounts/login/"), page
        else:
            assert answer.status_code in (200, 302, 404), (page, answer.status_code)
        assert mine.world.word not in answer.content.decode().lower(), page


@pytest.mark.django_db
def test_anothers_passkey_is_neither_seen_nor_removed(mine: Site) -> None:
    holder = User.objects.get(email=f"staff@{mine.world.word}.example")
    key = Authenticator.objects.create(user=holder, type="webauthn", data={"name": "minewood key"})
    client = signed_in(mine.merchant, Role.OWNER)
    for page in pages("/accounts/"):
        if "<int:pk>" in page.address:
            for ask in (client.get, client.post):
                answer = ask(account_address(page, key.pk))
                assert answer.status_code in (302, 404), page
                assert "minewood key" not in answer.content.decode(), page
    assert Authenticator.objects.filter(pk=key.pk, data={"name": "minewood key"}).exists()


_LINKS = re.compile(r'<(?:a|form)\b[^>]*?\b(href|action|hx-get|hx-post)="(/m/[^"?#]*)', re.DOTALL)


@pytest.mark.django_db
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OWNER])
def test_no_role_is_shown_an_action_that_it_cannot_take(mine: Site, role: Role) -> None:
    client, slug = signed_in(mine.merchant, role), mine.merchant.slug
    shown, refused = 0, set()
    for page in staff_pages():
        if NEEDS[page.name][0] not in MATRIX[role]:
            continue
        answer = client.get(mine.at(page))
        if answer.streaming:  # a file
            continue
        for kind, address in _LINKS.findall(answer.content.decode()):
            if not address.startswith(f"/m/{slug}/"):
                continue
            see, send = NEEDS[str(resolve(address).url_name)]
            needed = see if kind in ("href", "hx-get") else send
            shown += 1
            if needed not in MATRIX[role]:
                refused.add((page.name, str(resolve(address).url_name)))
    assert not refused
    assert shown > 100
