"""Announcements: written as a draft, looked at, published once (SPEC A19)."""

from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse

from affiliates.models import ProgramTerms
from backoffice.door import StaffRequest, done, form_status, led_to, once, page, posted, sent, staff_page
from backoffice.outreach.assets import AudienceForm, group_names
from jobs.models import Job
from merchants.roles import Permission
from outreach.models import Announcement, MailStatus
from outreach.news import LONGEST_BODY, delete_draft, draft, mailable, publish, update_draft
from pages import new_terms
from pages.announced import SEND, begin
from pages.forms import OnceField, PageForm, SeenField
from pages.listing import Sort, sheet


class AnnouncementForm(AudienceForm):
    """What it says, and to whom."""

    renames = {"group_ids": "groups"}

    title = forms.CharField(label="Title", max_length=150, help_text="Also the subject of the e-mail.")
    body = forms.CharField(
        label="Text",
        max_length=LONGEST_BODY,
        widget=forms.Textarea(attrs={"rows": 12}),
        help_text="An empty line begins a new paragraph. Addresses become links.",
    )

    def values(self) -> dict[str, Any]:
        """As the verbs take them."""
        values = self.cleaned_data
        return {"title": values["title"], "body": values["body"], "group_ids": values["groups"]}


class NewAnnouncementForm(AnnouncementForm):
    """One that is not there yet."""

    once = OnceField()


class EditAnnouncementForm(AnnouncementForm):
    """A draft."""

    seen = SeenField()


class PublishForm(PageForm):
    """Whether it goes out by e-mail too."""

    by_mail = forms.BooleanField(label="Send it by e-mail too", required=False, initial=True)


@staff_page(Permission.VIEW)
def announcements(request: StaffRequest) -> HttpResponseBase:
    """All of them, newest first."""
    found = sheet(
        request, request.merchant.announcements.select_related("program"), sorts={"at": Sort("id", UUID)}, default="-at"
    )
    numbers = request.merchant.receipts.filter(announcement__in=[row.id for row in found.rows])
    told = {
        row["announcement_id"]: row
        for row in numbers.values("announcement_id").annotate(
            read=Count("id", filter=Q(read_at__isnull=False)), sent=Count("id", filter=Q(mail=MailStatus.SENT))
        )
    }
    context = {
        "sheet": found,
        "rows": [(row, told.get(row.id)) for row in found.rows],
        "group_names": group_names(request.merchant),
        "partials": {"list"},
    }
    return page(request, "backoffice/outreach/announcements.html", context)


@staff_page(Permission.EDIT_PARTNERS)
def announcements_new(request: StaffRequest) -> HttpResponseBase:
    """A draft: nobody sees it before it is published. With `?terms=` it says that there is a new version."""
    terms = _terms(request)
    initial = {} if terms is None else {"title": new_terms.TITLE, "body": new_terms.said_of(terms)}
    form = NewAnnouncementForm(posted(request), initial=initial, merchant=request.merchant)
    if sent(request, form):
        with form.refused():
            address = once(request, form, lambda: _drafted(request, form, terms))
            return done(request, "Saved as a draft. Look at it, then publish it.", address)
    return page(request, "backoffice/outreach/announcement_new.html", {"form": form}, status=form_status(form))


@staff_page(Permission.VIEW, post=Permission.EDIT_PARTNERS)
def announcements_detail(request: StaffRequest, announcement: UUID) -> HttpResponseBase:
    """A draft with its form; what is published as it was sent, with how many got and read it."""
    found = _announcement(request, announcement)
    initial = {
        "title": found.title, "body": found.body, "groups": [str(each) for each in found.group_ids],
        "seen": SeenField.now(),
    }  # fmt: skip
    form = EditAnnouncementForm(posted(request), merchant=request.merchant, initial=initial)
    if sent(request, form):
        changed = [name for name in form.changed_data if name != "seen"]
        if not form.overtaken(request.merchant, "announcement", found.id, changed):
            with form.refused():
                update_draft(found, changes=form.values(), actor=request.actor)
                return done(request, "Saved.", _address(request, found))
    numbers = dict(found.receipts.values_list("mail").annotate(number=Count("id")))
    context = {
        "announcement": found,
        "form": form,
        "numbers": {str(status): numbers.get(status, 0) for status in MailStatus},
        "by_mail": sum(number for status, number in numbers.items() if status != MailStatus.NONE),
        "read": found.receipts.exclude(read_at=None).count(),
        "job": _job(request, found),
        "group_names": group_names(request.merchant),
    }
    return page(request, "backoffice/outreach/announcement.html", context, status=form_status(form))


@staff_page(Permission.EDIT_PARTNERS)
def announcements_publish(request: StaffRequest, announcement: UUID) -> HttpResponseBase:
    """Ask whom it goes to, then publish it. Asked of a published one, whose sending stopped, it sends the rest."""
    found = _announcement(request, announcement)
    form = PublishForm(posted(request))
    if sent(request, form):
        with form.refused():
            if found.published_at is not None and found.receipts.filter(mail=MailStatus.QUEUED).exists():
                return led_to(request, _sending(request, found))
            by_mail = form.cleaned_data["by_mail"]
            if publish(found, by_mail=by_mail, actor=request.actor):
                return done(request, "Published. The e-mails are on their way.", _sending(request, found))
            return done(request, "Published: partners read it in the portal.", _address(request, found))
    context = {
        "announcement": found, "form": form, "mails": mailable(found).count(), "partials": {"ask"},
        "waiting": found.receipts.filter(mail=MailStatus.QUEUED).count(),
    }  # fmt: skip
    return page(request, "backoffice/outreach/announcement_publish.html", context, status=form_status(form))


@staff_page(Permission.EDIT_PARTNERS)
def announcements_delete(request: StaffRequest, announcement: UUID) -> HttpResponseBase:
    """Ask, then throw a draft away."""
    found = _announcement(request, announcement)
    form = PageForm(posted(request))
    if sent(request, form):
        with form.refused():
            delete_draft(found, actor=request.actor)
            back = reverse("backoffice:announcements", args=[request.merchant.slug])
            return done(request, "The draft is deleted.", back)
    context = {"announcement": found, "form": form, "partials": {"ask"}}
    return page(request, "backoffice/outreach/announcement_delete.html", context, status=form_status(form))


def _terms(request: StaffRequest) -> ProgramTerms | None:
    """The version that the address names: the form begins with what there is to say of it."""
    try:
        return request.merchant.program_terms.select_related("program").filter(id=request.GET.get("terms", "")).first()
    except ValidationError:
        return None


def _drafted(request: StaffRequest, form: NewAnnouncementForm, terms: ProgramTerms | None) -> str:
    program = None if terms is None else terms.program
    return _address(request, draft(merchant=request.merchant, program=program, actor=request.actor, **form.values()))


def _sending(request: StaffRequest, announcement: Announcement) -> str:
    """The page of the job that sends it."""
    job = begin(announcement, actor=request.actor)
    return reverse("backoffice:jobs_detail", args=[request.merchant.slug, job.id])


def _job(request: StaffRequest, announcement: Announcement) -> Job | None:
    jobs = request.merchant.jobs.filter(kind=SEND, parameters__announcement=str(announcement.id))
    return jobs.order_by("-id").first() if request.may(Permission.EDIT_PARTNERS) else None


def _announcement(request: StaffRequest, announcement: UUID) -> Announcement:
    found = request.merchant.announcements.select_related("merchant", "program")
    return get_object_or_404(found, id=announcement)


def _address(request: StaffRequest, announcement: Announcement) -> str:
    return reverse("backoffice:announcements_detail", args=[request.merchant.slug, announcement.id])
