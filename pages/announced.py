"""Sending an announcement by e-mail: a job, in which no partner is written to twice.

A piece takes a few receipts (`outreach.news.take`) and commits; then they are sent, outside of any transaction, and
each is settled by itself. Whatever dies, what was taken is not taken again: of a letter that a worker died over nobody
knows whether it arrived, and the job says how many those are. What certainly did not leave is given back.
"""

import logging
import smtplib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.urls import reverse

from affiliates.models import Partner
from jobs.kinds import Kind, Piece, Work
from jobs.models import Job
from jobs.start import start
from merchants import tenancy
from merchants.audit import Actor
from merchants.errors import DomainError
from merchants.letters import LETTERS, Words, words_of
from merchants.models import Merchant
from merchants.roles import Permission
from outreach.models import Announcement, MailStatus
from outreach.news import mailable, settle, take, unsubscribe_token
from pages.mail import sender_of, written

logger = logging.getLogger(__name__)

SEND = "announcements.send"
#: Letters that are taken at once, and so at most the number of which nobody knows when a worker dies.
PIECE = 20

#: What a mail server says of one letter and nothing else: the next may well go through.
_REFUSED = (
    smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused, smtplib.SMTPDataError, smtplib.SMTPNotSupportedError,
)  # fmt: skip


def begin(announcement: Announcement, *, actor: Actor) -> Job:
    """The job that sends what a published announcement has to be sent."""
    total = announcement.receipts.exclude(mail=MailStatus.NONE).count()
    parameters = {"announcement": str(announcement.id)}
    return start(SEND, merchant=announcement.merchant, parameters=parameters, total=total, actor=actor)


def _work(job: Job, parameters: Mapping[str, Any]) -> Work:
    """`announcement`: which. Nothing is left in the state: the receipts say how far it is."""
    announcement = job.merchant.announcements.get(id=parameters["announcement"])
    while taken := take(announcement, PIECE):
        done, total = _progress(announcement)
        yield Piece(done=done, total=total, afterwards=partial(_send, job.merchant_id, announcement.id, taken))
    done, total = _progress(announcement)
    yield Piece(done=done, total=total, result={"summary": _summary(announcement)})


def _progress(announcement: Announcement) -> tuple[int, int]:
    letters = announcement.receipts.exclude(mail=MailStatus.NONE)
    return letters.exclude(mail=MailStatus.QUEUED).count(), letters.count()


def _summary(announcement: Announcement) -> str:
    number = {status: announcement.receipts.filter(mail=status).count() for status in MailStatus}
    said = [f"{number[MailStatus.SENT]:,} e-mails sent."]
    if refused := number[MailStatus.REFUSED]:
        said.append(f"{refused:,} not taken by the mail server: look at those addresses.")
    if skipped := number[MailStatus.SKIPPED]:
        said.append(f"{skipped:,} left out: unsubscribed or not approved any more.")
    if handed := number[MailStatus.HANDED]:
        said.append(f"{handed:,} uncertain: a worker stopped while sending. They are not sent again.")
    return " ".join(said)


def _send(merchant_id: UUID, announcement_id: UUID, receipt_ids: Sequence[UUID]) -> None:
    """Send what was taken. DomainError `mail_server_away`: the job can be tried again and goes on with the rest."""
    with tenancy.tenant(merchant_id):
        letters = _letters(Merchant(id=merchant_id), announcement_id, receipt_ids)
    waiting = list(letters)
    connection = get_connection()
    try:
        connection.open()
        for receipt_id, letter in letters.items():
            waiting.remove(receipt_id)
            status = _sent(connection, letter)
            with tenancy.tenant(merchant_id):
                settle([receipt_id], status)
    except (OSError, smtplib.SMTPException) as error:
        logger.warning("the mail server is away", exc_info=True)
        with tenancy.tenant(merchant_id):
            settle(waiting, MailStatus.QUEUED)
        raise DomainError(
            "The mail server cannot be reached. Try again later: nobody gets it twice.", code="mail_server_away"
        ) from error
    finally:
        connection.close()


def _sent(connection: Any, letter: EmailMultiAlternatives) -> MailStatus:
    try:
        connection.send_messages([letter])
    except _REFUSED:
        logger.warning("a letter was refused", exc_info=True)
        return MailStatus.REFUSED
    return MailStatus.SENT


def _letters(
    merchant: Merchant, announcement_id: UUID, receipt_ids: Sequence[UUID]
) -> dict[UUID, EmailMultiAlternatives]:
    """The letters by receipt, and those whom they are not for any more settled."""
    announcement = merchant.announcements.select_related("merchant").get(id=announcement_id)
    letter = LETTERS["announcement"]
    words = words_of(announcement.merchant, letter)
    # Staff wrote it, like the merchant's other words: put in before the names are, so that addresses become links.
    words = Words(words.subject, words.body.replace("{message}", announcement.body, 1))
    still = set(mailable(announcement).filter(receipts__in=receipt_ids).values_list("id", flat=True))
    found, others = {}, []
    for receipt in announcement.receipts.filter(id__in=receipt_ids).select_related("partner").order_by("id"):
        if receipt.partner_id not in still:
            others.append(receipt.id)
            continue
        found[receipt.id] = _letter(announcement, receipt.partner, words)
    settle(others, MailStatus.SKIPPED)
    return found


def _letter(announcement: Announcement, partner: Partner, words: Words) -> EmailMultiAlternatives:
    merchant = announcement.merchant
    unsubscribe = settings.BASE_URL + reverse(
        "portal:unsubscribe", args=[partner.portal_code, unsubscribe_token(partner)]
    )
    values = {
        "merchant": merchant.name,
        "partner": partner.name,
        "title": announcement.title,
        "message": announcement.body,
        "link": settings.BASE_URL + reverse("portal:news_detail", args=[partner.portal_code, announcement.id]),
    }
    message = written(LETTERS["announcement"], words, values, merchant=merchant, unsubscribe=unsubscribe)
    mail = EmailMultiAlternatives(
        message.subject,
        message.text,
        sender_of(merchant),
        [partner.email],
        reply_to=[merchant.reply_to] if merchant.reply_to else None,
        # RFC 8058: mail programs offer the way out beside the sender's name.
        headers={"List-Unsubscribe": f"<{unsubscribe}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
    )
    mail.attach_alternative(message.html, "text/html")
    return mail


KINDS = (Kind(SEND, "Send an announcement", frozenset({Permission.EDIT_PARTNERS}), _work),)
