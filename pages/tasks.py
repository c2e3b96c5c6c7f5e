"""Delivery of e-mail by the worker."""

from smtplib import SMTPException

from celery import shared_task
from django.core.mail import EmailMultiAlternatives


@shared_task(autoretry_for=(OSError, SMTPException), retry_backoff=10, retry_backoff_max=3600, max_retries=8)
def deliver(*, subject: str, text: str, html: str, to: str, sender: str, reply_to: str) -> None:
    """Hand one message to the mail server; when that is away, again for about a day."""
    message = EmailMultiAlternatives(subject, text, sender, [to], reply_to=[reply_to] if reply_to else None)
    message.attach_alternative(html, "text/html")
    message.send()
