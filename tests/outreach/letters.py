"""A mail server that writes letters down as files, and misbehaves when a test wants it to."""

import os
import signal
import smtplib
from typing import Any

from django.core.mail.backends.filebased import EmailBackend

#: The number of the letter, from 1, after which this process stops. Set in the process to be killed.
stops_after: list[int] = []
#: What it says to the letter for an address, in place of taking it.
answers: dict[str, Exception] = {}
#: Whose letters were taken.
sent: list[str] = []


class Server(EmailBackend):
    """Files in EMAIL_FILE_PATH."""

    def open(self) -> Any:
        """Away when a test says so."""
        if "" in answers:
            raise answers[""]
        return super().open()

    def send_messages(self, messages: Any) -> int:
        """Take the letter, or say why not."""
        (message,) = messages
        if message.to[0] in answers:
            raise answers[message.to[0]]
        number: int = super().send_messages(messages)
        sent.append(message.to[0])
        if len(sent) in stops_after:
            os.kill(os.getpid(), signal.SIGSTOP)
        return number


def refused(address: str) -> smtplib.SMTPRecipientsRefused:
    """There is no such mailbox."""
    return smtplib.SMTPRecipientsRefused({address: (550, b"no such mailbox")})
