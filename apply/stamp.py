"""What tells a form that a person filled in from one that a program sent, without asking anybody else.

A form carries a stamp: when it was made, the id that the application will have, and a digest of what the form asks,
signed. It cannot be made up, cannot be sent in less time than reading takes, is one application however often it is
sent, and is refused when questions or terms changed meanwhile.
"""

from collections.abc import Sequence
from datetime import timedelta
from hashlib import blake2b
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, SignatureExpired, TimestampSigner

from affiliates.models import Program, ProgramTerms, Question
from merchants.ids import new_id

#: Nobody reads and fills in a form in less.
LEAST = timedelta(seconds=2)
MOST = timedelta(days=1)


class Overtaken(ValidationError):
    """The form is fine and its stamp is not: a new one goes with what was typed."""


def digest(program: Program, questions: Sequence[Question], terms: ProgramTerms | None) -> str:
    """Names what the form asks."""
    asked = [program.id, terms and terms.id, *((each.id, each.version, each.position) for each in questions)]
    return blake2b(repr(asked).encode(), digest_size=8).hexdigest()


def new(asked: str) -> str:
    """A stamp for a form of this digest."""
    return _signer().sign_object([new_id().hex, asked])


def read(text: str, asked: str) -> UUID:
    """The id for the application. ValidationError says what to do; `Overtaken` when a new stamp is all it takes."""
    try:
        made, digest_then = _signer().unsign_object(text, max_age=MOST)
    except SignatureExpired:
        raise Overtaken("The page was open for more than a day. Look through it, then send it again.") from None
    except (BadSignature, ValueError, TypeError):
        raise Overtaken("The form did not come from this page. Look through it, then send it again.") from None
    if digest_then != asked:
        raise Overtaken("The questions or the terms were changed while you wrote. Look through them, then send again.")
    try:
        _signer().unsign_object(text, max_age=LEAST)
    except SignatureExpired:
        return UUID(made)
    raise ValidationError("That was faster than anybody can type. Wait a moment, then send it again.")


def _signer() -> TimestampSigner:
    return TimestampSigner(salt="apply.stamp")
