"""What a merchant tells its partners: once to each, whatever dies, and to nobody who does not want it."""

import email
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone

from affiliates.models import Partner
from affiliates.partners import set_password, suspend
from jobs import work
from jobs.models import Job
from jobs.start import retry, start
from merchants import tenancy
from merchants.errors import Conflict
from merchants.models import Merchant, User
from outreach.models import Announcement
from outreach.news import draft, publish, subscribe, unsubscribe, update_draft
from pages import announced
from tests.factories import ACTOR, PASSWORD, GroupFactory, PartnerFactory
from tests.outreach import letters
from tests.races import forked, race


@pytest.fixture(autouse=True)
def server(settings: Any, tmp_path: Path) -> Iterator[Path]:
    """Where letters arrive."""
    settings.EMAIL_BACKEND = "tests.outreach.letters.Server"
    settings.EMAIL_FILE_PATH = str(tmp_path / "mail")
    yield tmp_path / "mail"
    letters.answers.clear()


def arrived(server: Path) -> list[EmailMessage]:
    found = []
    for file in sorted(server.glob("*")) if server.exists() else []:
        for text in file.read_bytes().split(b"-" * 79 + b"\n"):
            if text.strip():
                found.append(email.message_from_bytes(text, policy=policy.default))
    return found  # type: ignore[return-value] # the policy makes EmailMessages


def to_whom(server: Path) -> list[str]:
    return sorted(str(letter["To"]) for letter in arrived(server))


def published(merchant: Merchant, **given: Any) -> tuple[Announcement, Job]:
    """One that is to be sent by e-mail, and the job that does."""
    with tenancy.tenant(merchant.id):
        news = draft(merchant=merchant, title="Spring sale", actor=ACTOR, **{"body": "Twenty percent off.", **given})
        publish(news, by_mail=True, actor=ACTOR)
        return news, start(announced.SEND, merchant=merchant, parameters={"announcement": str(news.id)}, actor=ACTOR)


def partners(merchant: Merchant, number: int, **rest: Any) -> list[Partner]:
    with tenancy.tenant(merchant.id):
        return [PartnerFactory(name=f"P{n}", email=f"p{n}@{merchant.slug}.example", **rest) for n in range(number)]


def now(job: Job) -> Job:
    with tenancy.tenant(job.merchant_id):
        return Job.objects.get(id=job.id)


def test_each_approved_partner_gets_one_letter_with_a_way_out(merchant: Merchant, server: Path) -> None:
    first, second, third = partners(merchant, 3)
    with tenancy.tenant(merchant.id):
        unsubscribe(second, actor=ACTOR)
        suspend(third, actor=ACTOR)
    _, job = published(merchant, body="Read https://shop.example/spring\n\n<b>Now</b> for {partner}")
    work.run(merchant.id, job.id)
    assert (now(job).status, now(job).result["summary"]) == ("done", "1 e-mails sent.")
    (letter,) = arrived(server)
    assert (letter["To"], letter["Subject"]) == (first.email, "Spring sale")
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    page = letter.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert '<a href="https://shop.example/spring"' in page
    assert "&lt;b&gt;Now&lt;/b&gt; for P0" in page
    address = str(letter["List-Unsubscribe"]).strip(" <>")
    assert address in page
    assert address in letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    client = Client(enforce_csrf_checks=True)
    path = address.removeprefix("http://localhost:8000")
    assert client.get(path).status_code == 200
    with tenancy.tenant(merchant.id):
        assert not first.unsubscriptions.exists(), "looking changes nothing"
    assert client.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert client.post(path).status_code == 200
    assert client.post(path[:-3] + "x/").status_code == 404
    with tenancy.tenant(merchant.id):
        assert first.unsubscriptions.count() == 1
        subscribe(first, actor=ACTOR)
        assert not first.unsubscriptions.exists()


def test_only_its_groups_get_it_and_see_it(merchant: Merchant, server: Path) -> None:
    with tenancy.tenant(merchant.id):
        group = GroupFactory(name="Creators")
        inside, outside = PartnerFactory(group=group), PartnerFactory()
    news, job = published(merchant, group_ids=[group.id])
    work.run(merchant.id, job.id)
    assert to_whom(server) == [inside.email]
    with tenancy.tenant(merchant.id):
        assert list(merchant.announcements.published().seen_by(inside)) == [news]
        assert not merchant.announcements.published().seen_by(outside).exists()


def test_what_is_published_is_published_once_and_stays(tenant: Merchant) -> None:
    news = draft(merchant=tenant, title="A", body="B", actor=ACTOR)
    publish(news, by_mail=False, actor=ACTOR)
    for change in (
        lambda: publish(news, by_mail=True, actor=ACTOR),
        lambda: update_draft(news, changes={"title": "C"}, actor=ACTOR),
    ):
        with pytest.raises(Conflict) as refused:
            change()
        assert refused.value.code == "announcement_published"


def test_whoever_leaves_between_publishing_and_sending_gets_nothing(merchant: Merchant, server: Path) -> None:
    first, second = partners(merchant, 2)
    _, job = published(merchant)
    with tenancy.tenant(merchant.id):
        unsubscribe(second, actor=ACTOR)
    work.run(merchant.id, job.id)
    assert to_whom(server) == [first.email]
    assert "1 left out" in now(job).result["summary"]


def test_a_mailbox_that_is_not_there_stops_nobody_else(merchant: Merchant, server: Path) -> None:
    first, second, third = partners(merchant, 3)
    letters.answers[second.email] = letters.refused(second.email)
    _, job = published(merchant)
    work.run(merchant.id, job.id)
    assert to_whom(server) == [first.email, third.email]
    assert "1 not taken by the mail server" in now(job).result["summary"]


def test_a_mail_server_that_is_away_is_asked_again_and_nobody_is_left_out(merchant: Merchant, server: Path) -> None:
    everybody = partners(merchant, 3)
    _, job = published(merchant)
    letters.answers[""] = ConnectionRefusedError()
    work.run(merchant.id, job.id)
    assert now(job).status == "failed"
    assert "mail server cannot be reached" in now(job).error
    assert arrived(server) == []
    letters.answers.clear()
    with tenancy.tenant(merchant.id):
        retry(job, actor=ACTOR)
    work.run(merchant.id, job.id)
    assert to_whom(server) == [partner.email for partner in everybody]
    assert now(job).status == "done"


def test_a_connection_that_breaks_over_a_letter_leaves_that_one_uncertain(merchant: Merchant, server: Path) -> None:
    first, second, third = partners(merchant, 3)
    _, job = published(merchant)
    letters.answers[second.email] = ConnectionResetError()
    work.run(merchant.id, job.id)
    letters.answers.clear()
    with tenancy.tenant(merchant.id):
        retry(job, actor=ACTOR)
    work.run(merchant.id, job.id)
    assert to_whom(server) == [first.email, third.email]
    assert now(job).result["summary"].startswith("2 e-mails sent. 1 uncertain")


def test_a_killed_worker_sends_nothing_twice(
    committed_merchant: Merchant, server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    merchant = committed_merchant
    monkeypatch.setattr(announced, "PIECE", 4)
    everybody = partners(merchant, 10)
    _, job = published(merchant)

    def stop_after_the_sixth(progress: Callable[[], None]) -> None:
        letters.sent.clear()  # in this process alone
        letters.stops_after.append(6)
        work.run(merchant.id, job.id)

    with forked(stop_after_the_sixth) as worker:
        os.waitpid(worker.pid, os.WUNTRACED)
        os.kill(worker.pid, signal.SIGKILL)
    assert len(arrived(server)) == 6
    with tenancy.tenant(merchant.id):
        Job.objects.filter(id=job.id).update(heartbeat_at=timezone.now() - work.STALE - timedelta(seconds=1))
    work.run(merchant.id, job.id)
    counted = Counter(to_whom(server))
    assert set(counted.values()) == {1}
    # Of its piece of four two were with the server: the second is not settled, and two never left. None is sent again.
    assert len(counted) == 8
    assert now(job).result["summary"] == (
        "7 e-mails sent. 3 uncertain: a worker stopped while sending. They are not sent again."
    )
    assert len(everybody) == 10


def test_two_workers_share_the_letters(committed_merchant: Merchant, server: Path) -> None:
    everybody = partners(committed_merchant, 30)
    _, job = published(committed_merchant)
    worker = lambda: work.run(committed_merchant.id, job.id)  # noqa: E731
    assert race(worker, worker) == ["ok", "ok"]
    assert Counter(to_whom(server)) == Counter(partner.email for partner in everybody)


def test_a_partner_sees_a_dot_until_the_news_is_opened(merchant: Merchant, partner: Partner) -> None:
    with tenancy.tenant(merchant.id):
        set_password(partner, password=PASSWORD, actor=ACTOR)
    news, _ = published(merchant, body="See https://shop.example/new <script>alert(1)</script>")
    browser, portal = Client(), f"/p/{partner.portal_code}/"
    browser.post(f"{portal}sign-in/", {"email": partner.email, "password": PASSWORD})
    assert "Announcements, something new" in browser.get(portal).content.decode()
    page = browser.get(f"{portal}news/{news.id}/").content.decode()
    assert '<a href="https://shop.example/new" rel="nofollow">' in page
    assert "&lt;script&gt;" in page
    assert "Announcements, something new" not in browser.get(portal).content.decode()
    browser.post(f"{portal}settings/news/", {"on": "0"})
    with tenancy.tenant(merchant.id):
        assert partner.unsubscriptions.exists()


def test_staff_write_look_publish_and_see_how_far_it_is(
    merchant: Merchant, partner: Partner, owner: User, server: Path
) -> None:
    staff = Client()
    staff.force_login(owner)
    new = staff.get("/m/acme/announcements/new/").content.decode()
    once = new.split('name="once" value="')[1].split('"')[0]
    answer = staff.post("/m/acme/announcements/new/", {"once": once, "title": "Spring", "body": "Off we go."})
    address = answer.headers["Location"]
    assert "by e-mail to 1 partner too" in staff.get(f"{address}publish/").content.decode()
    job_page = staff.post(f"{address}publish/", {"by_mail": "on"}).headers["Location"]
    work.run(merchant.id, UUID(job_page.split("/")[-2]))
    assert "1 e-mails sent." in staff.get(job_page).content.decode()
    assert "1 of 1" in staff.get(address).content.decode()
    assert staff.post(f"{address}publish/", {"by_mail": "on"}).status_code == 422
    assert to_whom(server) == [partner.email]
