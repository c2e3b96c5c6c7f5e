"""A wrong address, a form without its cookie, far too much text: each is a page that says what to do."""

import pytest
from django.test import Client, RequestFactory
from django.views.defaults import server_error

from merchants.models import Merchant

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("address", ["/nothing/", "/apply/nobody/", "/p/nobody/"])
def test_a_wrong_address(address: str) -> None:
    answer = Client().get(address)
    assert answer.status_code == 404
    assert b"There is nothing here" in answer.content


def test_a_form_without_its_cookie(merchant: Merchant) -> None:
    answer = Client(enforce_csrf_checks=True).post(f"/apply/{merchant.slug}/", {"name": "Bo"})
    assert answer.status_code == 403
    assert b"Allow cookies for this site" in answer.content


def test_far_too_much_text() -> None:
    answer = Client().post("/accounts/login/", {"login": "x" * 5_000_000})
    assert answer.status_code == 400
    assert b"Go back and send less." in answer.content


def test_a_mistake_of_ours() -> None:
    answer = server_error(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert b"Something broke on our side" in answer.content
