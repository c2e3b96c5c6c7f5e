"""Announcements: drafted, looked at, published once."""

from typing import Annotated
from uuid import UUID

import msgspec
from django.http import HttpResponse
from msgspec import UNSET, Meta, UnsetType

from api import bodies
from api.base import TenantRequest, TenantView, answered, created
from api.choices import Moment, changes_of
from api.operations import documented
from api.pages import ListQuery, Page, page, parse_query
from merchants.roles import Scope
from outreach import news
from outreach.models import Announcement
from pages import announced

_Title = Annotated[
    str,
    Meta(min_length=1, max_length=150, description="Also the subject of the e-mail.", examples=["Summer is here"]),
]
_Body = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=news.LONGEST_BODY,
        description="Plain text; an empty line begins a paragraph, addresses become links.",
        examples=["All summer you earn 12%."],
    ),
]
_Groups = Annotated[
    list[UUID], Meta(max_length=200, description="For the partners of these groups; without any, for all partners.")
]


class AnnouncementAnswer(msgspec.Struct, kw_only=True):
    """What partners are told."""

    id: UUID
    title: _Title
    body: _Body
    group_ids: _Groups
    program_id: Annotated[UUID | None, Meta(description="For its partners alone; null: for those of every program.")]
    published_at: Annotated[Moment | None, Meta(description="null: a draft, which nobody sees.")]
    created_at: Moment


class PublicationAnswer(msgspec.Struct, kw_only=True):
    """What was published, and to how many it goes out."""

    announcement: AnnouncementAnswer
    emails: Annotated[int, Meta(description="How many e-mails are on their way.", examples=[61])]


class NewAnnouncement(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A draft to be."""

    title: _Title
    body: _Body
    group_ids: _Groups = []


class AnnouncementChanges(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What to change of a draft; fields left out stay as they are."""

    title: _Title | UnsetType = UNSET
    body: _Body | UnsetType = UNSET
    group_ids: _Groups | UnsetType = UNSET


class NewPublication(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How it is published."""

    send_email: Annotated[bool, Meta(description="Whether partners who want it get an e-mail too.")] = True


class Announcements(TenantView):
    """The announcements of the account."""

    scope = {"GET": Scope.READ, "POST": Scope.WRITE}

    @documented("List announcements", query=ListQuery, answer=Page[AnnouncementAnswer])
    def get(self, request: TenantRequest) -> HttpResponse:
        """A page of announcements and drafts, newest first."""
        query = parse_query(request, ListQuery)
        return answered(page(request.merchant.announcements.all(), query, announcement_shown))

    @documented(
        "Create an announcement",
        body=NewAnnouncement,
        answer=AnnouncementAnswer,
        status=201,
        example={"title": "Summer is here", "body": "All summer you earn 12%."},
        refusals=("required", "group_unknown"),
    )
    def post(self, request: TenantRequest) -> HttpResponse:
        """Write a draft. Nobody sees it until it is published."""
        body = bodies.parse(request.content, NewAnnouncement)
        made = news.draft(
            merchant=request.merchant, title=body.title, body=body.body, group_ids=body.group_ids, actor=request.actor
        )
        return created(announcement_shown(made), f"/api/v1/announcements/{made.id}")


class AnnouncementDetail(TenantView):
    """One announcement."""

    scope = {"GET": Scope.READ, "PATCH": Scope.WRITE, "DELETE": Scope.WRITE}

    @documented("Get an announcement", answer=AnnouncementAnswer)
    def get(self, request: TenantRequest, announcement_id: UUID) -> HttpResponse:
        """One announcement by id."""
        return answered(announcement_shown(request.merchant.announcements.get(id=announcement_id)))

    @documented(
        "Update an announcement",
        body=AnnouncementChanges,
        answer=AnnouncementAnswer,
        example={"title": "Summer is almost here"},
        refusals=("required", "group_unknown", "announcement_published"),
    )
    def patch(self, request: TenantRequest, announcement_id: UUID) -> HttpResponse:
        """Change a draft. What is published stays as partners got it."""
        found = request.merchant.announcements.select_related("merchant").get(id=announcement_id)
        changes = changes_of(bodies.parse(request.content, AnnouncementChanges))
        return answered(announcement_shown(news.update_draft(found, changes=changes, actor=request.actor)))

    @documented("Delete an announcement", answer=AnnouncementAnswer, refusals=("announcement_published",))
    def delete(self, request: TenantRequest, announcement_id: UUID) -> HttpResponse:
        """Throw a draft away. Answers it as it was."""
        found = request.merchant.announcements.get(id=announcement_id)
        was = announcement_shown(found)
        news.delete_draft(found, actor=request.actor)
        return answered(was)


class Publication(TenantView):
    """The publication of an announcement."""

    scope = {"POST": Scope.WRITE}

    @documented(
        "Publish an announcement",
        body=NewPublication,
        answer=PublicationAnswer,
        example={"send_email": True},
        refusals=("announcement_published",),
    )
    def post(self, request: TenantRequest, announcement_id: UUID) -> HttpResponse:
        """Let its audience read it from now on; e-mails go out in the background, to each partner once."""
        found = request.merchant.announcements.select_related("merchant").get(id=announcement_id)
        body = bodies.parse(request.content or b"{}", NewPublication)
        emails = news.publish(found, by_mail=body.send_email, actor=request.actor)
        if emails:
            announced.begin(found, actor=request.actor)
        return answered(PublicationAnswer(announcement=announcement_shown(found), emails=emails))


def announcement_shown(announcement: Announcement) -> AnnouncementAnswer:
    """An announcement. Does not query."""
    return AnnouncementAnswer(
        id=announcement.id,
        title=announcement.title,
        body=announcement.body,
        group_ids=announcement.group_ids,
        program_id=announcement.program_id,
        published_at=announcement.published_at,
        created_at=announcement.created_at,
    )
