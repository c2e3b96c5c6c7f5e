"""`manage.py merchant`, `staff`, `keys`, `verify` and `doctor`, as an operator meets them."""

import io
import os
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from merchants import keys, tenancy
from merchants.models import Merchant, User
from merchants.staff import memberships_of
from tests.factories import CommissionFactory
from tracking import click_stream


def run(*words: str) -> str:
    """What the command prints."""
    out = io.StringIO()
    call_command(*words, stdout=out, stderr=out)
    return out.getvalue()


def test_a_merchant_is_made_and_listed(db: None) -> None:
    run("merchant", "create", "blue-shop", "--name", "Blue", "--currency", "EUR", "--domain", "blue.example")
    merchant_id = tenancy.locate(tenancy.Finds.SLUG, "blue-shop")
    with tenancy.tenant(merchant_id):
        blue = Merchant.objects.get()
        assert (blue.currency, blue.domains) == ("EUR", ["blue.example"])
        assert blue.audit_entries.get().actor_name == "command line"
    assert "blue-shop" in run("merchant", "list")


def test_what_the_domain_refuses_is_a_sentence_not_a_traceback(merchant: Merchant) -> None:
    with pytest.raises(CommandError, match="is taken"):
        run("merchant", "create", merchant.slug, "--name", "Copy", "--currency", "EUR")
    with pytest.raises(CommandError, match="no merchant"):
        run("keys", "list", "--merchant", "nobody")


def test_staff_get_a_role_and_the_password_from_standard_input(
    merchant: Merchant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a good password\n"))
    run("staff", "add", "--merchant", merchant.slug, "--email", "Eva@example.com", "--role", "finance")
    eva = User.objects.get(email="eva@example.com")
    assert eva.check_password("a good password")
    assert [membership.role for membership in memberships_of(eva)] == ["finance"]


def test_keys_are_issued_listed_rotated_and_revoked(merchant: Merchant) -> None:
    words = ("--merchant", merchant.slug)
    token = run("keys", "issue", *words, "--name", "shop", "--scope", "track", "--scope", "payouts").strip()
    assert keys.authenticate(token).scopes == ["track", "payouts"]
    prefix = keys.parse(token).prefix
    successor = run("keys", "rotate", *words, prefix, "--overlap-hours", "2").strip()
    listed = run("keys", "list", *words)
    assert prefix in listed
    assert "until" in listed
    assert keys.authenticate(successor).name == "shop"
    run("keys", "revoke", *words, prefix)
    with pytest.raises(keys.KeyRefused):
        keys.authenticate(token)
    with pytest.raises(CommandError, match="no key"):
        run("keys", "revoke", *words, "unknown")


def test_verify_says_that_the_books_hold(merchant: Merchant) -> None:
    with tenancy.tenant(merchant.id):
        CommissionFactory()
    line = "the books of acme hold: 1 transactions, 0 orders, 1 commissions, 0 payouts"
    assert line in run("verify", "--merchant", merchant.slug)
    assert line in run("verify")


def test_verify_of_nobody_says_so(db: None) -> None:
    with pytest.raises(CommandError, match=r"There is no merchant 'nope': `manage.py merchant list` names them\."):
        run("verify", "--merchant", "nope")
    assert run("verify") == "there are no merchants, so there is nothing to prove\n"


def test_a_database_that_does_not_answer_is_a_sentence_and_no_traceback() -> None:
    """As an operator meets it: a process with an address where nobody listens."""
    ended = subprocess.run(
        [sys.executable, "manage.py", "verify"],
        cwd=Path(__file__).resolve().parents[2],
        env=os.environ | {"DATABASE_URL": "postgres://x:y@127.0.0.1:1/z"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("CommandError: The database does not answer: ")


def test_verify_names_what_is_wrong_and_fails(merchant: Merchant, other_merchant: Merchant) -> None:
    with tenancy.tenant(merchant.id):
        commission = CommissionFactory()
        merchant.commissions.update(amount=999)
    for words in (("verify",), ("verify", "--merchant", merchant.slug)):
        out = io.StringIO()
        with pytest.raises(CommandError, match="do not hold"):
            call_command(*words, stdout=out, stderr=out)
        assert f"acme: commission {commission.id} leaves the partner 999 USD" in out.getvalue()
        assert ("the books of rival hold" in out.getvalue()) == (words == ("verify",))


def diagnosis() -> str:
    """What doctor prints, whether it fails or not."""
    out = io.StringIO()
    try:
        call_command("doctor", stdout=out, stderr=out)
    except CommandError as error:
        out.write(str(error))
    return out.getvalue()


def test_doctor_finds_a_healthy_installation_healthy(merchant: Merchant) -> None:
    found = diagnosis()
    for check in ("database role is bound", "is protected", "migrations are applied", "rollups follow", "holds end"):
        assert any(line.startswith("ok") and check in line for line in found.splitlines()), found


def test_doctor_notices_that_worker_and_schedule_sleep(merchant: Merchant) -> None:
    with tenancy.tenant(merchant.id):
        CommissionFactory()
        merchant.stale_marks.update(marked_at=timezone.now() - timedelta(minutes=10))
        merchant.commissions.update(status="pending", held_until=timezone.now() - timedelta(hours=2))
    found = diagnosis()
    assert "acme: 1 stale marks are older than 0:05:00: start a Celery worker." in found
    assert "acme: 1 commissions wait for approval after their hold: start Celery beat." in found


def test_doctor_notices_an_unprotected_table_and_missing_migrations(merchant: Merchant) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE orders_order NO FORCE ROW LEVEL SECURITY")
        cursor.execute("DELETE FROM django_migrations WHERE app = 'tracking'")
    found = diagnosis()
    assert "Table orders_order has no forced row-level security" in found
    assert "migrations are not applied: run manage.py migrate." in found


def test_doctor_notices_that_redis_is_away(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(click_stream, "_thread", threading.local())
    found = diagnosis()
    assert "Redis does not answer" in found
    assert "FAILED  clicks arrive\n        This could not be looked at" in found, "what was not seen is not ok"
