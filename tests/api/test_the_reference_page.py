"""The reference: complete, without inline script or style, and under a strict policy."""

import re

import pytest
from django.test import Client

from api.codes import CODES
from api.openapi import document

pytestmark = pytest.mark.django_db


@pytest.fixture
def page() -> str:
    return Client().get("/api/docs").content.decode()


def test_every_operation_and_every_code_has_its_place(page: str) -> None:
    for operations in document()["paths"].values():
        for operation in operations.values():
            assert f'id="{operation["operationId"]}"' in page
    for code in CODES:
        assert f'id="error-{code}"' in page


def test_every_anchor_leads_somewhere_and_no_id_is_used_twice(page: str) -> None:
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)


def test_examples_come_in_three_languages(page: str) -> None:
    operations = sum(len(found) for found in document()["paths"].values())
    for language in ("curl", "python", "javascript"):
        assert page.count(f'data-language="{language}"') == operations


def test_the_policy_is_strict_and_the_page_keeps_to_it(page: str) -> None:
    policy = Client().get("/api/docs").headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "<style" not in page
    assert not re.search(r"<[^>]+\sstyle=", page)
    assert not re.search(r"<[^>]+\son\w+=", page)
    assert not re.search(r"<script(?![^>]*\ssrc=)", page)


def test_the_home_page_leads_to_the_merchants() -> None:
    answer = Client().get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/m/")


def test_health_asks_the_database() -> None:
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
