"""The e-mails that go out in a merchant's name, and the words the merchant has put in place of ours (SPEC P7).

Words hold placeholders such as `{partner}` and nothing else: no template language, so what a merchant writes cannot
read or run anything. A placeholder alone in a paragraph, `{link}`, is a button where the message is HTML.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from merchants import inputs, tenancy
from merchants.audit import Actor, record
from merchants.edits import edit, lock
from merchants.errors import DomainError, NotFound
from merchants.models import MailWords, Merchant

LONGEST_SUBJECT = 150
LONGEST_BODY = 5_000

#: Whatever stands in braces on one line. A brace alone is a brace.
_PLACEHOLDER = re.compile(r"\{([^{}\n]*)\}")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """Something that is different in each message."""

    meaning: str
    sample: str


_MERCHANT = Placeholder("Your name, as in the settings", "")
_PARTNER = Placeholder("The partner's name", "Anna Berg")


@dataclass(frozen=True, slots=True)
class Letter:
    """One e-mail: when it goes out, our words for it, and what they may name."""

    name: str
    title: str
    when: str
    subject: str
    body: str
    """Paragraphs, with an empty line between them."""
    button: str
    """What the button of `{link}` says."""
    placeholders: Mapping[str, Placeholder]
    needed: frozenset[str] = frozenset({"link"})
    """Without these in its body the message would be no use."""


LETTERS: dict[str, Letter] = {
    letter.name: letter
    for letter in (
        Letter(
            name="activation",
            title="Welcome to the portal",
            when="To a partner, with the link that sets the first password.",
            subject="Your partner account at {merchant}",
            body=(
                "Welcome, {partner}.\n\n"
                "You have a partner account at {merchant}. Set a password to see your link, your customers, what you"
                " earned and what is paid to you.\n\n"
                "{link}\n\n"
                "The link works once, for seven days. If you do not know {merchant}, ignore this message."
            ),
            button="Set your password",
            placeholders={
                "merchant": _MERCHANT,
                "partner": _PARTNER,
                "link": Placeholder("Where the password is set", ""),
            },
        ),
        Letter(
            name="portal_reset",
            title="New portal password",
            when="To a partner who asks for one.",
            subject="Set a new password for {merchant}",
            body=(
                "Somebody asked for a new password to your partner account at {merchant}. If it was you, choose one"
                " within the hour.\n\n"
                "{link}\n\n"
                "If it was not you, ignore this message: nothing changes."
            ),
            button="Set a new password",
            placeholders={
                "merchant": _MERCHANT,
                "partner": _PARTNER,
                "link": Placeholder("Where the password is set", ""),
            },
        ),
        Letter(
            name="portal_password_changed",
            title="Portal password changed",
            when="To a partner, after the password was changed in the portal.",
            subject="Your password for {merchant} was changed",
            body=(
                "The password to your partner account at {merchant} was changed just now, and your other devices were"
                " signed out.\n\n"
                "{link}\n\n"
                "If it was not you, open the portal, set a new password with “Forgot your password?”, and tell"
                " {merchant}."
            ),
            button="Open the portal",
            placeholders={
                "merchant": _MERCHANT,
                "partner": _PARTNER,
                "link": Placeholder("The portal", ""),
            },
            needed=frozenset(),
        ),
        Letter(
            name="announcement",
            title="Announcement",
            when="To partners, with an announcement that you publish. A way to unsubscribe stands below it.",
            subject="{title}",
            body="{message}\n\n{link}",
            button="Open the portal",
            placeholders={
                "merchant": _MERCHANT,
                "partner": _PARTNER,
                "title": Placeholder("The announcement's title", "New banners for spring"),
                "message": Placeholder("What it says", "We have new banners for you."),
                "link": Placeholder("The announcement in the portal", ""),
            },
            needed=frozenset({"message"}),
        ),
        Letter(
            name="application_confirm",
            title="Confirm the application",
            when="To somebody who applies, before you see the application.",
            subject="Confirm your application to {merchant}",
            body=(
                "Somebody applied to the partner program of {merchant} with this address. If it was you, confirm it,"
                " and {merchant} gets to see it.\n\n"
                "{link}\n\n"
                "The link works for seven days. If it was not you, ignore this message: nothing happens."
            ),
            button="Confirm application",
            # Not the applicant's name: whoever fills in the form would write into other people's mailboxes.
            placeholders={
                "merchant": _MERCHANT,
                "link": Placeholder("Where the application is confirmed", ""),
            },
        ),
        Letter(
            name="application_known",
            title="Applied already",
            when="To somebody who applies and is known to you: a partner, an applicant, or turned down lately.",
            subject="Your application to {merchant}",
            body=(
                "Somebody applied to the partner program of {merchant} with this address. {standing}\n\n"
                "{link}\n\n"
                "If it was not you, ignore this message: nothing happens."
            ),
            button="Continue",
            placeholders={
                "merchant": _MERCHANT,
                "standing": Placeholder("What the address is to you", "You are a partner already: sign in."),
                "link": Placeholder("The portal, or the page of applications", ""),
            },
        ),
        Letter(
            name="application_approved",
            title="Application approved",
            when="To an applicant who becomes a partner, with the link that sets the first password.",
            subject="Welcome to the partner program of {merchant}",
            body=(
                "Welcome, {partner}. {merchant} has approved your application.\n\n"
                "{message}\n\n"
                "{link}\n\n"
                "There you find your link and what you earn. If it asks for a password, the link works once, for seven"
                " days."
            ),
            button="Open your account",
            placeholders={
                "merchant": _MERCHANT,
                "partner": _PARTNER,
                "message": Placeholder("What you wrote with the decision, if anything", "Good to have you with us."),
                "link": Placeholder("Where the password is set", ""),
            },
        ),
        Letter(
            name="application_rejected",
            title="Application turned down",
            when="To an applicant who is turned down.",
            subject="Your application to {merchant}",
            body=(
                "Hello {partner},\n\n"
                "thank you for applying to the partner program of {merchant}. We have decided not to go on with it.\n\n"
                "{message}"
            ),
            button="Partner program",
            placeholders={
                "merchant": _MERCHANT,
                "partner": _PARTNER,
                "message": Placeholder("What you wrote with the decision, if anything", "We look for other topics."),
                "link": Placeholder("The page of applications", ""),
            },
            needed=frozenset(),
        ),
        Letter(
            name="invitation",
            title="Invitation to the team",
            when="To somebody who is invited to work here.",
            subject="{inviter} invites you to {merchant}",
            body=(
                "{inviter} invites you to work for {merchant} on Accrue, as {role}.\n\n"
                "{link}\n\n"
                "The link works for seven days. If you do not know {merchant}, ignore this message."
            ),
            button="Accept invitation",
            placeholders={
                "merchant": _MERCHANT,
                "inviter": Placeholder("Who invites", "Maya Okafor"),
                "role": Placeholder("As what", "viewer"),
                "link": Placeholder("Where the invitation is accepted", ""),
            },
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Words:
    """What a message says, with its placeholders still in it."""

    subject: str
    body: str


def letter_of(name: str) -> Letter:
    """NotFound when no such e-mail is ever sent."""
    if name not in LETTERS:
        raise NotFound("There is no such e-mail.")
    return LETTERS[name]


def words_of(merchant: Merchant, letter: Letter) -> Words:
    """The merchant's words where there are any, else ours."""
    return _words(letter, merchant.mail_words.filter(letter=letter.name).first())


def all_words(merchant: Merchant) -> list[tuple[Letter, Words, bool]]:
    """Every e-mail with its words, and whether the merchant has changed them."""
    rows = {row.letter: row for row in merchant.mail_words.all()}
    return [
        (letter, words, words != _words(letter, None))
        for letter in LETTERS.values()
        for words in (_words(letter, rows.get(letter.name)),)
    ]


def _words(letter: Letter, row: MailWords | None) -> Words:
    if row is None:
        return Words(letter.subject, letter.body)
    return Words(row.subject or letter.subject, row.body or letter.body)


def checked(letter: Letter, *, subject: object, body: object) -> Words:
    """Words that can be sent. DomainError says which placeholder there is not, or which one is missing."""
    words = Words(
        inputs.line(subject, "subject", longest=LONGEST_SUBJECT, required=True),
        _lines(inputs.paragraph(body, "body", longest=LONGEST_BODY)),
    )
    if not words.body:
        raise DomainError("Write a message.", code="required", field="body")
    for field, text in (("subject", words.subject), ("body", words.body)):
        _known(letter, text, field)
    missing = letter.needed - set(_PLACEHOLDER.findall(words.body))
    if missing:
        names = ", ".join(f"{{{name}}}" for name in sorted(missing))
        raise DomainError(f"Keep {names} in the message: it is what the e-mail is for.", code="needed", field="body")
    return words


def _lines(text: str) -> str:
    """Without what browsers and keyboards leave at the ends of lines."""
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


def _known(letter: Letter, text: str, field: str) -> None:
    for name in _PLACEHOLDER.findall(text):
        if name not in letter.placeholders:
            known = ", ".join(f"{{{each}}}" for each in letter.placeholders)
            raise DomainError(
                f"There is no {{{name}}} in this e-mail. There is {known}.", code="unknown_placeholder", field=field
            )


def set_words(merchant: Merchant, letter: Letter, *, subject: object, body: object, actor: Actor) -> Words:
    """Say this e-mail of the running tenant in these words; ours are not kept as the merchant's. Returns them."""
    words = checked(letter, subject=subject, body=body)
    values = {
        "subject": "" if words.subject == letter.subject else words.subject,
        "body": "" if words.body == letter.body else words.body,
    }
    _write(merchant, letter, values, verb="mail.update", actor=actor)
    return words


def reset_words(merchant: Merchant, letter: Letter, *, actor: Actor) -> None:
    """Go back to our words."""
    _write(merchant, letter, {"subject": "", "body": ""}, verb="mail.reset", actor=actor)


def _write(merchant: Merchant, letter: Letter, values: dict[str, str], *, verb: str, actor: Actor) -> None:
    # A row that is empty again stays: whoever edits at the same time learns from its history who emptied it.
    with transaction.atomic():
        row = merchant.mail_words.filter(letter=letter.name).first()
        if row is not None:
            lock(row)
            edit(row, values, verb=verb, actor=actor)
        elif any(values.values()):
            row = MailWords.objects.create(merchant_id=tenancy.current(), letter=letter.name, **values)
            record(actor, verb, "mailwords", row.pk, after=values)


def substituted(text: str, values: Mapping[str, str]) -> str:
    """`text` with the values in the places of their names, in one pass: a value that looks like a name stays one."""
    return "".join(values[piece] if named else piece for piece, named in pieces(text, values))


def pieces(text: str, values: Mapping[str, str]) -> list[tuple[str, bool]]:
    """`text` in order: what was written, and (True) names of `values` to be put there."""
    found: list[tuple[str, bool]] = []
    end = 0
    for match in _PLACEHOLDER.finditer(text):
        if match[1] in values:
            found += [(text[end : match.start()], False), (match[1], True)]
            end = match.end()
    return [(piece, named) for piece, named in [*found, (text[end:], False)] if piece]


def samples(letter: Letter, *, merchant: Merchant, link: str) -> dict[str, str]:
    """Values for a look at the message."""
    own = {"merchant": merchant.name, "link": link}
    return {name: own.get(name, placeholder.sample) for name, placeholder in letter.placeholders.items()}
