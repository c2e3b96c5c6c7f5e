"""In front of Django, a redirect is what it is behind it, and asks the database nothing."""

import re
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_started
from django.db import close_old_connections, connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from affiliates.links import update_link
from affiliates.models import Link
from merchants import tenancy
from merchants.audit import Actor
from redirects.shortcut import in_front_of
from tests.clicks.conftest import BROWSER
from tracking import click_stream, clicks, targets

Answer = tuple[str, dict[str, str]]
_FRESH_IDS = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}|expires=[^;]*")
_OURS = ("Location", "Cache-Control", "Referrer-Policy", "Set-Cookie")


def ask(application: Any, path: str, query: str = "", **more: str) -> Answer:
    answers: list[Answer] = []
    environ: dict[str, Any] = {
        "PATH_INFO": path, "QUERY_STRING": query, "HTTP_HOST": "testserver", "HTTP_USER_AGENT": BROWSER, **more,
        "wsgi.input": BytesIO(),
    }  # fmt: skip
    setup_testing_defaults(environ)
    application(environ, lambda status, headers, _=None: answers.append((status, dict(headers))))
    return answers[0]


def without_ids(answer: Answer) -> Answer:
    status, headers = answer
    return status, {name: _FRESH_IDS.sub("…", headers[name].strip()) for name in _OURS if name in headers}


def no_django(environ: Any, start_response: Any) -> list[bytes]:
    start_response("500 went to Django", [])
    return []


@pytest.fixture
def front(link: Link) -> Callable[..., Answer]:
    """Ask the shortcut, where it may not fall back on Django, about a link that is known already."""
    targets.target_of("coffee")
    return lambda *args, **more: ask(in_front_of(no_django), *args, **more)


@pytest.fixture
def no_database() -> Iterator[None]:
    """Any query fails."""

    def refuse(*args: Any) -> None:
        raise AssertionError("the database was asked")

    with connection.execute_wrapper(refuse):
        yield


def test_a_known_link_leads_on_without_the_database(front: Callable[..., Answer], no_database: None) -> None:
    status, headers = front("/r/Coffee", "utm_source=x")
    assert status == "302 Found"
    assert headers["Location"].startswith("https://shop.example/beans?size=l&via=coffee&click_id=")
    assert click_stream.waiting() == 1


@pytest.fixture
def behind() -> Iterator[WSGIHandler]:
    """Django without the shortcut; like its test client, it leaves the test's own connection open."""
    request_started.disconnect(close_old_connections)
    yield WSGIHandler()
    request_started.connect(close_old_connections)


headers = st.fixed_dictionaries(
    {},
    optional={
        "HTTP_USER_AGENT": st.sampled_from(["", "curl/8", BROWSER, "\xff\x00"]),
        "HTTP_REFERER": st.text(st.characters(max_codepoint=255), max_size=20),
        "HTTP_COOKIE": st.sampled_from(
            ["accrue_visitor=", "accrue_visitor=0198c9c5-3f8a-7a5b-8000-000000000001", "\xff"]
        ),
        "HTTP_SEC_PURPOSE": st.just("prefetch"),
        "HTTP_X_FORWARDED_FOR": st.just("1.2.3.4"),
        "wsgi.url_scheme": st.sampled_from(["http", "https"]),
    },
)
queries = st.lists(
    st.sampled_from(["to=/a", "to=//evil.example", "utm_source=%00", "via=x", "x=%ff", "to=%E6%97%A5", "=", "&;"])
).map("&".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(query=queries, headers=headers)
def test_it_answers_as_the_view_does(
    front: Callable[..., Answer], behind: WSGIHandler, query: str, headers: dict[str, str]
) -> None:
    short = front("/r/coffee", query, **headers)
    if short[0] == "500 went to Django":  # a slow machine: the link was forgotten meanwhile
        targets.target_of("coffee")
        short = front("/r/coffee", query, **headers)
    assert without_ids(short) == without_ids(ask(behind, "/r/coffee", query, **headers))


@pytest.mark.parametrize("method", ["HEAD", "POST", "OPTIONS", "DELETE"])
def test_what_is_no_simple_get_is_left_to_django(front: Callable[..., Answer], method: str) -> None:
    assert front("/r/coffee", REQUEST_METHOD=method)[0] == "500 went to Django"


@pytest.mark.parametrize("path", ["/r/unknown", "/r/", "/r/coffee/", "/r/coffee/more", "/", "/r", "/api/r/coffee"])
def test_other_addresses_are_left_to_django(front: Callable[..., Answer], path: str) -> None:
    assert front(path)[0] == "500 went to Django"


def test_a_link_that_was_switched_off_is_left_to_django(link: Link, actor: Actor, front: Callable[..., Answer]) -> None:
    with tenancy.tenant(link.merchant_id):
        update_link(link, changes={"is_active": False}, actor=actor)
    targets.forget()
    targets.target_of("coffee")
    assert front("/r/coffee")[0] == "500 went to Django"


def test_with_redis_away_the_click_that_was_begun_is_kept_and_no_second_one(
    link: Link, behind: WSGIHandler, redis_away: None
) -> None:
    targets.target_of("coffee")
    status, headers = ask(in_front_of(behind), "/r/coffee")
    assert status == "302 Found"
    with tenancy.tenant(link.merchant_id):
        click = link.clicks.get()
    assert f"click_id={click.id}" in headers["Location"]
    assert str(click.visitor) in headers["Set-Cookie"]


def test_the_server_is_started_with_it(link: Link) -> None:
    from config.wsgi import application

    targets.target_of("coffee")
    assert "X-Frame-Options" not in ask(application, "/r/coffee")[1], "it went through Django"
    assert clicks.drain() == 1
