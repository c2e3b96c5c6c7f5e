"""Staff read what applicants wrote, decide about one or many, and write to them."""

from typing import Any

import pytest
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from affiliates import applications
from affiliates.models import Partner
from affiliates.program_terms import publish_terms
from affiliates.programs import default_program, update_applications
from affiliates.questions import create_question
from merchants import tenancy
from merchants.ids import new_id
from merchants.letters import LETTERS, set_words
from merchants.models import Merchant
from tests.factories import ACTOR, GroupFactory, PartnerFactory, ProgramFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tasks_at_once")]


def applicant(merchant: Merchant, name: str) -> Partner:
    with tenancy.tenant(merchant.id):
        program = default_program(actor=ACTOR)
        update_applications(program, changes={"applications_open": True}, actor=ACTOR)
        question = program.questions.first() or create_question(program=program, label="How?", actor=ACTOR)
        sent, _ = applications.apply(
            application_id=new_id(), program=program, group=None, name=name, email=f"{name.lower()}@applies.example",
            website="https://bo.example/", answers={question.id: "A weekly podcast"}, terms=None, at=timezone.now(),
            actor=ACTOR,
        )  # fmt: skip
        applications.confirm(sent, token=applications.confirmation_token(sent), actor=ACTOR)
        assert sent.partner is not None
        return sent.partner


def test_answers_stand_in_the_list_of_those_who_wait_and_on_the_partners_page(
    browser: Client, merchant: Merchant
) -> None:
    bo = applicant(merchant, "Bo")
    assert "bo.example/ · A weekly podcast" in browser.get("/m/acme/partners/?status=applied").content.decode()
    page = browser.get(f"/m/acme/partners/{bo.id}/application/").content.decode()
    assert "How?" in page
    assert "A weekly podcast" in page


def test_an_approval_gives_group_and_code_and_writes_in_the_merchants_words(
    browser: Client, merchant: Merchant, mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:  # fmt: skip
    bo = applicant(merchant, "Bo")
    with tenancy.tenant(merchant.id):
        group = GroupFactory(name="Podcasters")
        words = {"subject": "Hello {partner}", "body": "In you are.\n\n{message}\n\n{link}"}
        set_words(merchant, LETTERS["application_approved"], **words, actor=ACTOR)
    address = f"/m/acme/partners/{bo.id}/approve/"
    asked = browser.get(address).content.decode()
    assert 'value="BO"' in asked, "a free code is proposed"
    with django_capture_on_commit_callbacks(execute=True):
        sent = {"group": str(group.id), "coupon_code": "BO10", "message": "Good to have you.", "is_told": "on"}
        assert browser.post(address, sent).status_code == 302
    (message,) = mailoutbox
    assert (message.to, message.subject) == (["bo@applies.example"], "Hello Bo")
    assert "In you are.\n\nGood to have you." in message.body
    assert f"/p/{bo.portal_code}/activate/" in message.body
    with tenancy.tenant(merchant.id):
        bo.refresh_from_db()
        assert (bo.status, bo.group, bo.coupons.get().code) == ("approved", group, "BO10")


def test_a_rejection_without_a_message_has_no_empty_paragraph(
    browser: Client, merchant: Merchant, mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:  # fmt: skip
    bo = applicant(merchant, "Bo")
    with django_capture_on_commit_callbacks(execute=True):
        browser.post(f"/m/acme/partners/{bo.id}/reject/", {"message": "", "is_told": "on"})
    (message,) = mailoutbox
    assert "\n\n\n" not in message.body
    html = message.alternatives[0][0]  # type: ignore[attr-defined]
    assert "<p></p>" not in html


def test_the_second_click_finds_it_decided_and_writes_nothing(
    browser: Client, merchant: Merchant, mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:  # fmt: skip
    bo = applicant(merchant, "Bo")
    with django_capture_on_commit_callbacks(execute=True):
        answers = [browser.post(f"/m/acme/partners/{bo.id}/approve/", {"is_told": "on"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 422]
    assert len(mailoutbox) == 1


def bulk(browser: Client, action: str, partners: list[Partner], **how: Any) -> str:
    ids = [str(partner.id) for partner in partners]
    sent = {"action": action, "id": ids, "confirmed": "1", **how}
    return browser.post("/m/acme/partners/bulk/", sent, follow=True).content.decode()


def test_many_are_turned_down_with_one_message(
    browser: Client, merchant: Merchant, mailoutbox: list[EmailMessage],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:  # fmt: skip
    both = [applicant(merchant, name) for name in ("Bo", "Cy")]
    with django_capture_on_commit_callbacks(execute=True):
        said = bulk(browser, "reject", both, message="Other topics.", is_told="on")
    assert "2 partners rejected." in said
    assert sorted(to for message in mailoutbox for to in message.to) == ["bo@applies.example", "cy@applies.example"]
    assert all("Other topics." in message.body for message in mailoutbox)


def test_many_are_moved_and_those_of_another_program_stay(browser: Client, merchant: Merchant) -> None:
    bo = applicant(merchant, "Bo")
    with tenancy.tenant(merchant.id):
        elsewhere = PartnerFactory(program=ProgramFactory())
        group = GroupFactory(name="Podcasters")
    ids = [str(bo.id), str(elsewhere.id)]
    asked = browser.post("/m/acme/partners/bulk/", {"action": "move", "id": ids}).content.decode()
    assert "Orders from now on earn by the new group" in asked
    said = bulk(browser, "move", [bo, elsewhere], group=str(group.id))
    assert "1 partner moved. 1 are of another program" in said
    with tenancy.tenant(merchant.id):
        bo.refresh_from_db()
        assert bo.group == group


def test_the_page_of_applications_is_set_up_in_the_settings(browser: Client, merchant: Merchant) -> None:
    address = "/m/acme/settings/applications/"
    page = browser.get(address).content.decode()
    assert "http://testserver/apply/acme/" in page
    seen = page.partition('name="seen" value="')[2].partition('"')[0]
    values = {
        "seen": seen, "applications_open": "on", "landing_text": "Hello.", "reapply_days": "7",
        "auto_approval": "domains", "auto_approve_domains": "", "auto_approve_countries": "",
        "auto_reject_domains": "spam.example\nmore.example",
    }  # fmt: skip
    refused = browser.post(address, values)
    assert refused.status_code == 422
    assert "List at least one domain" in refused.content.decode()
    assert browser.post(address, values | {"auto_approve_domains": "agency.example"}).status_code == 302
    with tenancy.tenant(merchant.id):
        program = merchant.programs.get()
        assert (program.applications_open, program.reapply_days) == (True, 7)
        assert program.auto_reject_domains == ["spam.example", "more.example"]


def test_a_question_is_asked_moved_and_removed_on_the_page(browser: Client, merchant: Merchant) -> None:
    at = "/m/acme/settings/applications/questions/"
    for label in ("First?", "Second?"):
        page = browser.get(f"{at}new/").content.decode()
        once = page.partition('name="once" value="')[2].partition('"')[0]
        sent = {"once": once, "label": label, "kind": "short", "hint": "", "choices": ""}
        first = browser.post(f"{at}new/", sent)
        assert browser.post(f"{at}new/", sent).headers["Location"] == first.headers["Location"], "twice is once"
    with tenancy.tenant(merchant.id):
        one, two = merchant.questions.order_by("position")
    browser.post(f"{at}{two.id}/", {"move": "up"})
    with tenancy.tenant(merchant.id):
        assert [each.label for each in merchant.questions.order_by("position")] == ["Second?", "First?"]
    browser.post(f"{at}{one.id}/", {"remove": "1"})
    with tenancy.tenant(merchant.id):
        assert [each.label for each in merchant.questions.all()] == ["Second?"]


def test_terms_are_put_in_force_once_and_count_who_has_not_accepted(browser: Client, anna: Partner) -> None:
    page = browser.get("/m/acme/settings/applications/terms/new/").content.decode()
    once = page.partition('name="once" value="')[2].partition('"')[0]
    sent = {"once": once, "text": "Be kind.", "accept_by": "", "after_deadline": "review"}
    where = [browser.post("/m/acme/settings/applications/terms/new/", sent).headers["Location"] for _ in range(2)]
    assert where[0] == where[1]
    assert "Be kind." in browser.get(where[0]).content.decode()
    with tenancy.tenant(anna.merchant_id):
        assert publish_terms(program=anna.program, text="Be kind.", actor=ACTOR).number == 1
    assert "1 partner has not accepted it" in browser.get("/m/acme/settings/applications/").content.decode()


def test_a_group_is_made_changed_and_deleted_on_its_pages(browser: Client, merchant: Merchant) -> None:
    page = browser.get("/m/acme/groups/new/").content.decode()
    once, seen = (page.partition(f'name="{name}" value="')[2].partition('"')[0] for name in ("once", "seen"))
    with tenancy.tenant(merchant.id):
        program = merchant.programs.get()
    sent = {"once": once, "seen": seen, "program": str(program.id), "name": "Small", "minimum_payout": "12.50"}
    address = browser.post("/m/acme/groups/new/", sent).headers["Location"]
    assert "Small" in browser.get("/m/acme/groups/").content.decode()
    assert "$12.50" in browser.get("/m/acme/groups/").content.decode()
    page = browser.get(address).content.decode()
    seen = page.partition('name="seen" value="')[2].partition('"')[0]
    assert browser.post(address, {"seen": seen, "name": "Smaller", "hold_days": "3"}).status_code == 302
    with tenancy.tenant(merchant.id):
        group = merchant.groups.get()
        assert (group.name, group.hold_days, group.minimum_payout) == ("Smaller", 3, None)
    assert browser.post(f"{address}delete/").status_code == 302
    with tenancy.tenant(merchant.id):
        assert not merchant.groups.exists()
