"""Announcements: written, published once, read; and who wants none by e-mail.

Publishing decides who gets an e-mail: one receipt for each approved partner of the audience who has not unsubscribed.
What is sent afterwards is taken from there and nothing is added, so nobody gets it twice.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.core.signing import Signer
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from affiliates.models import Partner, Program
from merchants import inputs, tenancy
from merchants.audit import Actor, record
from merchants.edits import edit, lock
from merchants.errors import Conflict, DomainError
from merchants.ids import new_id
from merchants.models import Merchant
from outreach.models import Announcement, MailStatus, Receipt, Unsubscription

LONGEST_BODY = 10_000

_SIGNER = Signer(salt="outreach.unsubscribe")

# Taken by one worker at a time; what another has taken is passed over. MATERIALIZED: chosen once.
_TAKE = """
WITH next AS MATERIALIZED (
    SELECT id FROM outreach_receipt
     WHERE merchant_id = %(merchant)s AND announcement_id = %(announcement)s AND mail = 'queued'
     ORDER BY id LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED)
UPDATE outreach_receipt r SET mail = 'handed' FROM next
 WHERE r.merchant_id = %(merchant)s AND r.id = next.id
RETURNING r.id
"""
_READ = """
INSERT INTO outreach_receipt (merchant_id, id, announcement_id, partner_id, mail, read_at)
VALUES (%s, %s, %s, %s, 'none', now())
ON CONFLICT (merchant_id, announcement_id, partner_id)
DO UPDATE SET read_at = coalesce(outreach_receipt.read_at, excluded.read_at)
"""


def draft(
    *,
    merchant: Merchant,
    title: str,
    body: str,
    group_ids: Sequence[UUID] = (),
    program: Program | None = None,
    actor: Actor,
) -> Announcement:
    """An announcement of the running tenant that nobody sees yet; of `program`, for its partners alone."""
    values = _checked(merchant, {"title": title, "body": body, "group_ids": group_ids})
    with transaction.atomic():
        made: Announcement = Announcement.objects.create(merchant_id=tenancy.current(), program=program, **values)
        record(actor, "announcement.draft", "announcement", made.id, after={"title": made.title})
    return made


def update_draft(announcement: Announcement, *, changes: Mapping[str, Any], actor: Actor) -> Announcement:
    """Change title, body or group_ids. Conflict `announcement_published`: what was sent stays as it was sent."""
    inputs.known_fields(changes, ("title", "body", "group_ids"))
    with transaction.atomic():
        _lock_draft(announcement)
        values = _checked(announcement.merchant, changes)
        edit(announcement, values, verb="announcement.update", actor=actor)
    return announcement


def delete_draft(announcement: Announcement, *, actor: Actor) -> None:
    """Throw a draft away. Conflict `announcement_published`."""
    with transaction.atomic():
        _lock_draft(announcement)
        before = {"title": announcement.title}
        record(actor, "announcement.delete", "announcement", announcement.id, before=before)
        announcement.delete()


def publish(announcement: Announcement, *, by_mail: bool, actor: Actor) -> int:
    """Let its audience read it from now on; how many e-mails are to be sent. Conflict `announcement_published`."""
    with transaction.atomic():
        _lock_draft(announcement)
        edit(announcement, {"published_at": timezone.now()}, verb="announcement.publish", actor=actor)
        if not by_mail:
            return 0
        receipts = [
            Receipt(merchant_id=tenancy.current(), announcement=announcement, partner_id=id, mail=MailStatus.QUEUED)
            for id in mailable(announcement).values_list("id", flat=True).iterator()
        ]
        Receipt.objects.bulk_create(receipts, batch_size=2_000)
    return len(receipts)


def mailable(announcement: Announcement) -> "QuerySet[Partner]":
    """The partners who would get it by e-mail: approved, of its audience, not unsubscribed."""
    partners = announcement.merchant.partners.filter(status="approved", unsubscriptions=None)
    if announcement.program_id is not None:
        partners = partners.filter(program=announcement.program_id)
    if announcement.group_ids:
        partners = partners.filter(group_id__in=announcement.group_ids)
    return partners.order_by("id")


def take(announcement: Announcement, limit: int) -> list[UUID]:
    """Receipts that are handed to this worker to send: nobody else gets them, and neither does it ever again.

    Commit before sending. A worker that dies in between leaves them `handed`: nobody knows whether they arrived.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"merchant": tenancy.current(), "announcement": announcement.id, "limit": limit})
        return [row[0] for row in cursor.fetchall()]


def settle(receipt_ids: Sequence[UUID], status: MailStatus) -> None:
    """What became of receipts that were taken. `queued` gives back those that were certainly not sent."""
    Receipt.objects.filter(id__in=receipt_ids, mail=MailStatus.HANDED).update(mail=status)


def mark_read(announcement: Announcement, partner: Partner) -> None:
    """The partner has opened it."""
    with connection.cursor() as cursor:
        cursor.execute(_READ, [tenancy.current(), new_id(), announcement.id, partner.id])


def unsubscribe(partner: Partner, *, actor: Actor) -> None:
    """No more announcements by e-mail to this partner; doing it twice is doing it once."""
    with transaction.atomic():
        lock(partner)
        if not partner.unsubscriptions.exists():
            Unsubscription.objects.create(merchant_id=tenancy.current(), partner=partner)
            record(actor, "partner.unsubscribe", "partner", partner.id, after={"announcements": False})


def subscribe(partner: Partner, *, actor: Actor) -> None:
    """Announcements by e-mail again."""
    with transaction.atomic():
        lock(partner)
        if partner.unsubscriptions.all().delete()[0]:
            record(actor, "partner.subscribe", "partner", partner.id, after={"announcements": True})


def unsubscribe_token(partner: Partner) -> str:
    """What the link at the foot of an announcement carries. It opens nothing else, so it does not end."""
    return _SIGNER.signature(str(partner.id))


def is_unsubscribe_token(partner: Partner, token: str) -> bool:
    """Whether the link was sent to this partner."""
    return constant_time_compare(token, unsubscribe_token(partner))


def _lock_draft(announcement: Announcement) -> None:
    lock(announcement)
    if announcement.published_at is not None:
        raise Conflict(
            "This announcement is published, and stays as partners got it. Write another one.",
            code="announcement_published",
        )


def _checked(merchant: Merchant, changes: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(changes)
    if "title" in values:
        values["title"] = inputs.line(values["title"], "title", longest=150, required=True)
    if "body" in values:
        values["body"] = "\n".join(
            line.rstrip() for line in inputs.paragraph(values["body"], "body", longest=LONGEST_BODY).splitlines()
        ).strip()
        if not values["body"]:
            raise DomainError("Write what partners should know.", code="required", field="body")
    if "group_ids" in values:
        known = set(merchant.groups.filter(id__in=values["group_ids"]).values_list("id", flat=True))
        if known != set(values["group_ids"]):
            raise DomainError("One of these groups is gone: choose again.", code="group_unknown", field="groups")
        values["group_ids"] = sorted(known)
    return values
