"""What people read in the list of their sessions, and whose address stands there."""

import pytest
from django.test import Client

from merchants.models import User
from pages.devices import device, is_handheld
from tests.factories import PASSWORD

_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0"
_IOS = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
_MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)"
_PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X)"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (f"{_WINDOWS} {_WEBKIT} Safari/537.36", "Chrome on Windows"),
        (f"{_WINDOWS} {_WEBKIT} Safari/537.36 Edg/130.0.0.0", "Edge on Windows"),
        (f"{_WINDOWS} {_WEBKIT} Safari/537.36 OPR/115.0.0.0", "Opera on Windows"),
        (f"{_MAC} {_IOS} Version/17.4 Safari/605.1.15", "Safari on Mac"),
        (f"{_PHONE} {_IOS} Version/17.5 Mobile/15E148 Safari/604.1", "Safari on iPhone"),
        (f"{_PHONE} {_IOS} CriOS/130.0.0.0 Mobile/15E148 Safari/604.1", "Chrome on iPhone"),
        (f"{_PHONE} {_IOS} FxiOS/131.0 Mobile/15E148 Safari/605.1.15", "Firefox on iPhone"),
        (f"Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) {_IOS} Version/17.5 Safari/604.1", "Safari on iPad"),
        (f"Mozilla/5.0 (Linux; Android 14; Pixel 8) {_WEBKIT} Mobile Safari/537.36", "Chrome on Android"),
        (f"Mozilla/5.0 (Linux; Android 13) SamsungBrowser/25.0 {_WEBKIT}", "Samsung Internet on Android"),
        ("Mozilla/5.0 (Android 14; Mobile; rv:131.0) Gecko/131.0 Firefox/131.0", "Firefox on Android"),
        ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0", "Firefox on Linux"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {_WEBKIT} Safari/537.36", "Chrome on ChromeOS"),
        ("Mozilla/5.0 (X11; Linux x86_64) HeadlessChrome/150.0.0.0 Safari/537.36", "Chrome on Linux"),
        ("curl/8.5.0", "curl"),
        ("Mozilla/5.0 (Windows NT 10.0)", "Windows"),
        ("Mozilla/5.0", "Unknown device"),
        ("", "Unknown device"),
        ("<script>alert(1)</script>", "Unknown device"),
        ("x" * 10_000, "Unknown device"),
    ],
)
def test_browser_and_system(user_agent: str, words: str) -> None:
    assert device(user_agent) == words
    assert is_handheld(user_agent) == any(each in words for each in ("iPhone", "iPad", "Android"))


def signed_in(user: User, **headers: str) -> Client:
    client = Client(headers={"User-Agent": f"{_WINDOWS} {_WEBKIT} Safari/537.36", **headers})
    assert client.post("/accounts/login/", {"login": user.email, "password": PASSWORD}).status_code == 302
    return client


@pytest.mark.django_db
def test_sessions_say_where_one_is_signed_in_and_which_is_this_one(owner: User) -> None:
    phone = f"{_PHONE} {_IOS} Version/17.5 Mobile/15E148 Safari/604.1"
    signed_in(owner, **{"User-Agent": phone})
    client = signed_in(owner)
    page = client.get("/accounts/sessions/").content.decode()
    assert "Chrome on Windows</b> <span" in page
    assert "Safari on iPhone</b><span" in page
    assert page.count("This device") == 1
    assert client.post("/accounts/sessions/").status_code == 302
    assert "Safari on iPhone" not in client.get("/accounts/sessions/").content.decode()


@pytest.mark.django_db
def test_a_passkey_is_called_after_the_device_it_is_made_on(owner: User) -> None:
    client = signed_in(owner)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert 'value="Chrome on Windows"' in client.get("/accounts/2fa/webauthn/add/").content.decode()


@pytest.mark.django_db
def test_behind_a_proxy_the_visitors_address_counts(owner: User, settings: object) -> None:
    settings.TRUSTED_PROXIES = 1  # type: ignore[attr-defined]
    client = signed_in(owner, **{"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})
    assert "198.51.100.7" in client.get("/accounts/sessions/").content.decode()
    odd = signed_in(owner, **{"X-Forwarded-For": "somewhere"})
    assert "127.0.0.1" in odd.get("/accounts/sessions/").content.decode()
