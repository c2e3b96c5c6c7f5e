"""A visitor follows a link: where they land, what is kept, and what is not."""

from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from django.test import Client
from hypothesis import example, given
from hypothesis import strategies as st

from affiliates.links import destination_allowed, update_link
from affiliates.models import Link
from affiliates.partners import suspend
from merchants import tenancy
from merchants.audit import Actor
from merchants.ids import new_id
from redirects import crowding
from redirects.destinations import destination
from tests.clicks.conftest import BROWSER
from tracking import click_stream, clicks, targets
from tracking.targets import Target


def follow(path: str, agent: str = BROWSER, **headers: str) -> tuple[int, str, Client]:
    client = Client(headers={"user-agent": agent} if agent else {})
    response = client.get(path, headers=headers)
    return response.status_code, response.headers.get("Location", ""), client


def test_a_visitor_lands_where_the_link_points_with_the_code_and_the_click(link: Link) -> None:
    status, location, client = follow("/r/Coffee?utm_source=mail&x=1")
    assert status == 302
    parts = urlsplit(location)
    query = parse_qs(parts.query)
    assert (parts.scheme, parts.netloc, parts.path, parts.fragment) == ("https", "shop.example", "/beans", "top")
    assert query["size"] == ["l"]
    assert query["via"] == ["coffee"]
    assert query["utm_source"] == ["mail"]
    assert query["x"] == ["1"]
    assert UUID(query["click_id"][0]).version == 7
    cookie = client.cookies["accrue_visitor"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_the_click_is_kept_with_what_was_known_of_it(link: Link) -> None:
    _, location, _ = follow("/r/coffee?utm_source=mail", Referer="https://blog.example/post")
    clicks.drain()
    with tenancy.tenant(link.merchant_id):
        click = link.clicks.get()
        assert str(click.id) == parse_qs(urlsplit(location).query)["click_id"][0]
        assert click.partner_id == link.partner_id
        assert click.utm == {"utm_source": "mail"}
        assert click.referrer == "https://blog.example/post"
        assert click.user_agent == BROWSER
        assert len(click.ip_hash) == 32
        assert click.is_unique


def test_what_no_database_takes_is_left_out_and_the_click_is_kept(link: Link) -> None:
    status, _, _ = follow("/r/coffee?utm_source=a%00b&utm_%00=c&utm_x=%FF", Referer="\0\xff")
    clicks.drain()
    assert status == 302
    with tenancy.tenant(link.merchant_id):
        assert link.clicks.get().utm == {"utm_source": "ab", "utm_": "c", "utm_x": "\ufffd"}


def test_what_no_database_takes_is_left_out_with_redis_away_too(link: Link, redis_away: None) -> None:
    status, _, _ = follow("/r/coffee?utm_source=a%00b&utm_%00=c&utm_x=%FF", Referer="\0\xff")
    assert status == 302
    with tenancy.tenant(link.merchant_id):
        assert link.clicks.get().utm == {"utm_source": "ab", "utm_": "c", "utm_x": "\ufffd"}


def test_the_same_visitor_counts_once_a_day_as_unique(link: Link) -> None:
    _, _, client = follow("/r/coffee")
    client.get("/r/coffee", headers={"user-agent": BROWSER})
    clicks.drain()
    client.get("/r/coffee", headers={"user-agent": BROWSER})
    clicks.drain()
    with tenancy.tenant(link.merchant_id):
        assert [c.is_unique for c in link.clicks.order_by("clicked_at", "id")] == [True, False, False]
        assert link.clicks.values("visitor").distinct().count() == 1


@pytest.mark.parametrize(
    ("agent", "headers"),
    [
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", {}),
        ("curl/8.5.0", {}),
        ("facebookexternalhit/1.1", {}),
        ("", {}),
        (BROWSER, {"Sec-Purpose": "prefetch;prerender"}),
        (BROWSER, {"X-Moz": "prefetch"}),
    ],
)
def test_what_is_no_person_is_redirected_and_is_no_click(link: Link, agent: str, headers: dict[str, str]) -> None:
    status, location, client = follow("/r/coffee", agent, **headers)
    assert status == 302
    assert "click_id" not in location
    assert "via=coffee" in location
    assert not client.cookies
    assert click_stream.waiting() == 0


def test_an_unknown_or_switched_off_link_is_a_page_that_says_so(link: Link, actor: Actor) -> None:
    for code in ("nobody-has-this", "%00", "coffee%00", "x" * 5_000, "%ff%fe", "%ed%a0%80", "☕"):
        assert follow(f"/r/{code}")[0] == 404, code
    with tenancy.tenant(link.merchant_id):
        update_link(link, changes={"is_active": False}, actor=actor)
    targets.forget()
    status, location, _ = follow("/r/coffee")
    assert (status, location) == (404, "")
    assert click_stream.waiting() == 0


def test_the_link_of_a_suspended_partner_still_leads_on(link: Link, actor: Actor) -> None:
    with tenancy.tenant(link.merchant_id):
        suspend(link.partner, actor=actor)
    assert follow("/r/coffee")[0] == 302


@pytest.mark.parametrize(
    ("to", "lands"),
    [
        ("/roasts/dark", "https://shop.example/roasts/dark"),
        ("https://shop.example/sale", "https://shop.example/sale"),
        ("https://eu.shop.example/sale", "https://eu.shop.example/sale"),
        ("https://evil.example/", "https://shop.example/beans"),
        ("//evil.example/", "https://shop.example/beans"),
        ("/\\evil.example/", "https://shop.example/beans"),
        ("https://shop.example@evil.example/", "https://shop.example/beans"),
        ("https://shop.example.evil.example/", "https://shop.example/beans"),
        ("javascript:alert(1)", "https://shop.example/beans"),
    ],
)
def test_a_deep_link_leads_to_the_merchants_own_domains_and_nowhere_else(link: Link, to: str, lands: str) -> None:
    client = Client(headers={"user-agent": BROWSER})
    location = client.get("/r/coffee", {"to": to}).headers["Location"]
    assert location.startswith(lands)


@pytest.mark.parametrize("to", ["/日本/ä", "https://shop.example/日本/ä", "/%E6%97%A5%E6%9C%AC/%C3%A4"])
def test_a_deep_link_in_any_script_arrives_percent_encoded(link: Link, to: str) -> None:
    location = Client(headers={"user-agent": BROWSER}).get("/r/coffee", {"to": to}).headers["Location"]
    assert location.startswith("https://shop.example/%E6%97%A5%E6%9C%AC/%C3%A4?via=coffee")


TARGET = Target(new_id(), new_id(), new_id(), "c", "https://shop.example/a?via=kept", True, ("shop.example",))
tricks = st.text(st.sampled_from("htps:/\\.@?#&%=\t\r\n\0 evilshop-example0123456789[]ａ。"), max_size=60)


@given(tricks)
@example("//shop.example\\@evil.example")
@example("https:evil.example")
@example("/%0d%0aLocation:x")
def test_no_trick_leads_off_the_merchants_domains(to: str) -> None:
    from urllib.parse import urlencode

    url = destination(TARGET, urlencode({"to": to}), None)
    assert destination_allowed(url, TARGET.domains)


def test_what_the_destination_says_already_stays() -> None:
    url = destination(TARGET, "via=other&utm_source=x", new_id())
    assert parse_qs(urlsplit(url).query)["via"] == ["kept"]


def test_a_page_of_the_shop_tells_of_a_click_by_its_address(link: Link) -> None:
    client = Client(headers={"user-agent": BROWSER, "origin": "https://shop.example"})
    body = {"landing_url": "https://shop.example/beans?fpr=coffee&utm_medium=x"}
    response = client.post("/t/click", body, content_type="application/json")
    assert response.status_code == 201
    assert response.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    clicks.drain()
    with tenancy.tenant(link.merchant_id):
        click = link.clicks.get()
        assert str(click.id) == response.json()["click_id"]
        assert click.landing_url == body["landing_url"]
        assert click.utm == {"utm_medium": "x"}


@pytest.mark.parametrize(
    ("body", "origin", "status"),
    [
        (b'{"landing_url": "https://shop.example/?via=coffee"}', "https://evil.example", 403),
        (b'{"landing_url": "https://evil.example/?via=coffee"}', "", 422),
        (b'{"landing_url": "https://shop.example/?via=unknown"}', "", 404),
        (b'{"landing_url": "https://shop.example/?via=%00"}', "", 404),
        (b'{"landing_url": "https://shop.example/"}', "", 404),
        (b'{"landing_url": 5}', "", 400),
        (b"", "", 400),
        (b"\xff\xfe", "", 400),
        (b"[" * 16_000, "", 400),
        (b'{"landing_url": "https://shop.example/?via=coffee", "visitor": "x"}', "", 400),
    ],
)
def test_a_page_that_tells_nonsense_is_refused_and_nothing_is_kept(
    link: Link, body: bytes, origin: str, status: int
) -> None:
    client = Client(headers={"user-agent": BROWSER} | ({"origin": origin} if origin else {}))
    assert client.post("/t/click", body, content_type="text/plain").status_code == status
    assert click_stream.waiting() == 0


def test_a_page_may_send_a_form(link: Link) -> None:
    client = Client(headers={"user-agent": BROWSER})
    visitor = new_id()
    sent = client.post("/t/click", {"landing_url": "https://shop.example/", "code": "coffee", "visitor": str(visitor)})
    assert sent.status_code == 400, "multipart is no form of ours"
    body = f"landing_url=https%3A%2F%2Fshop.example%2F&code=coffee&visitor={visitor}"
    sent = client.post("/t/click", body, content_type="application/x-www-form-urlencoded")
    assert sent.json()["visitor"] == str(visitor)
    clicks.drain()
    with tenancy.tenant(link.merchant_id):
        assert link.clicks.get().visitor == visitor


def arrive() -> int:
    client = Client(headers={"user-agent": BROWSER})
    body = b'{"landing_url": "https://shop.example/?via=coffee"}'
    return client.post("/t/click", body, content_type="text/plain").status_code


def test_one_address_does_not_flood_the_clicks(link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowding, "LIMIT", 2)
    monkeypatch.setattr(crowding, "WINDOW", 10**9)  # no new window begins while the test runs
    click_stream.client().delete(*(click_stream.client().keys("arrivals:*") or ["none"]))
    assert [arrive() for _ in range(4)] == [201, 201, 429, 429]
    assert click_stream.waiting() == 2


def test_with_redis_away_arrivals_are_not_counted_but_kept(
    link: Link, redis_away: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowding, "LIMIT", 0)
    assert arrive() == 201
