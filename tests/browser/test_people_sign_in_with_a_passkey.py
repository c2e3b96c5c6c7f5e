"""A passkey is made and signs its owner in, without a password; Chromium plays the device that holds it."""

import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page, expect

from tests.browser.conftest import Running, sign_in
from tests.browser.test_every_page_is_for_everybody import look
from tests.factories import PASSWORD

pytestmark = pytest.mark.xdist_group("browser")

#: A phone or laptop that knows its owner by finger or face, and keeps the keys.
_DEVICE = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


class Device:
    """The authenticator in front of one page."""

    def __init__(self, session: CDPSession) -> None:
        self._session = session
        session.send("WebAuthn.enable")
        self._id = session.send("WebAuthn.addVirtualAuthenticator", {"options": _DEVICE})["authenticatorId"]

    def keys(self) -> list[dict[str, object]]:
        """The passkeys it holds."""
        return list(self._session.send("WebAuthn.getCredentials", {"authenticatorId": self._id})["credentials"])

    def recognizes(self, its_owner: bool) -> None:
        """Whether the next finger is the right one."""
        self._session.send("WebAuthn.setUserVerified", {"authenticatorId": self._id, "isUserVerified": its_owner})


@pytest.fixture
def page(window: BrowserContext) -> Page:
    """A tab in which nobody is signed in."""
    return window.new_page()


@pytest.fixture
def device(window: BrowserContext, page: Page) -> Device:
    """What the page may ask for a passkey."""
    return Device(window.new_cdp_session(page))


def confirmed(page: Page) -> None:
    """allauth asks again who somebody is before it lets them change how they sign in."""
    if page.locator("[name=password]").count():
        page.locator("[name=password]").fill(PASSWORD)
        page.get_by_role("button", name="Confirm").click()


def test_a_passkey_is_made_and_signs_in(page: Page, device: Device, window: BrowserContext, running: Running) -> None:
    sign_in(page, running, running.keyed)
    page.goto("/accounts/2fa/webauthn/add/")
    confirmed(page)
    expect(page.get_by_label("Name")).to_have_value("Chrome on Linux")
    page.get_by_label("Name").fill("Petra's laptop")
    expect(page.get_by_label("Sign in with it, without a password")).to_be_checked()
    page.get_by_role("button", name="Add passkey").click()
    page.wait_for_url("**/accounts/2fa/recovery-codes/**")
    (key,) = device.keys()
    assert (key["rpId"], key["isResidentCredential"]) == ("localhost", True)
    page.goto("/accounts/2fa/webauthn/")
    expect(page.get_by_text("Petra's laptop")).to_be_visible()
    # Pages that the walk through all of them does not reach: they ask for the password again, or are empty there.
    assert [look(page, running, f"/accounts/2fa/webauthn/{path}") for path in ("", "add/")] == [[], []]
    running.complaints.clear()

    window.clear_cookies()
    page.goto(f"{running.home}partners/")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url("**/partners/")
    expect(page.get_by_role("heading", name="Partners")).to_be_visible()
    assert int(str(device.keys()[0]["signCount"])) > int(str(key["signCount"]))

    # After the password it is the second factor.
    window.clear_cookies()
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(running.keyed.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("button", name="Use a security key").click()
    page.wait_for_url("**/m/**")


def test_a_passkey_that_is_not_given_is_said(page: Page, device: Device, running: Running) -> None:
    page.goto("/accounts/login/")
    device.recognizes(its_owner=False)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("No passkey was used.")).to_be_visible()
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_enabled()
