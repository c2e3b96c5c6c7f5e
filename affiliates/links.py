"""Tracking links (SPEC A5). A code is global because all redirects share one host; the destination is stored here.

`destination_allowed` is the one judge of where a redirect may lead, for stored destinations and for deep links. It
does not try to understand URLs as browsers do: it accepts a narrow grammar in which there is nothing to
misunderstand, and refuses the rest (user names before @, backslashes, `//host`, control characters, hosts in
other scripts or as numbers).
"""

import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from affiliates.known import hold_known
from affiliates.models import Link, Partner, PartnerStatus
from merchants import inputs, tenancy
from merchants.audit import Actor, record
from merchants.constraints import refusals
from merchants.edits import edit, lock
from merchants.errors import Conflict, DomainError
from merchants.hosts import is_host
from merchants.models import Merchant

LONGEST_DESTINATION = 2000
#: How many links a partner may have before the portal makes no more: codes are global, and nobody needs so many.
MOST_OWN_LINKS = 200

#: Words a person could take for a page of ours, kept free.
# fmt: off
RESERVED_CODES = frozenset({
    "about", "account", "admin", "affiliate", "affiliates", "api", "apply", "assets", "auth", "backoffice", "billing",
    "blog", "contact", "docs", "download", "help", "home", "index", "info", "login", "logout", "mail", "new", "null",
    "partner", "partners", "portal", "privacy", "register", "robots", "security", "settings", "signin", "signup",
    "static", "status", "support", "terms", "test", "undefined", "www",
})
# fmt: on

_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{1,63}", re.ASCII)
# Letters, digits, dots and hyphens up to an optional port, then the path, the query, the fragment or the end.
_URL = re.compile(r"https?://([a-z0-9.-]+)(?::([0-9]{1,5}))?(?:[/?#].*)?", re.ASCII | re.IGNORECASE)

_SUFFIX_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def destination_allowed(url: str, domains: Sequence[str]) -> bool:
    """Whether a redirect may lead to `url`: http or https, on one of `domains` or a subdomain of one, any port."""
    if len(url) > LONGEST_DESTINATION or not url.isprintable() or " " in url or "\\" in url:
        return False
    match = _URL.fullmatch(url)
    if match is None or (match[2] and not 0 < int(match[2]) < 65536):
        return False
    host = match[1].lower()
    return is_host(host) and any(host == domain or host.endswith(f".{domain}") for domain in domains)


def create_link(*, partner: Partner, code: str, destination: str, actor: Actor) -> Link:
    """A link of `partner` under `code`, kept in lower case. Conflict `link_code_taken` when any merchant has it."""
    code = checked_code(code)
    destination = _checked_destination(destination, partner.merchant)
    taken = Conflict(f"The link code {code} is taken: choose another.", code="link_code_taken", field="code")
    with refusals({"locator_finds_one": taken, "locator_once": taken, "affiliates_link_code_key": taken}):
        hold_known(partner, instead="make the link for somebody else")
        tenancy.register(tenancy.Finds.LINK, code)
        link = Link.objects.create(merchant_id=tenancy.current(), partner=partner, code=code, destination=destination)
        after = {"partner_id": str(partner.id), "code": code, "destination": destination}
        record(actor, "link.create", "link", link.id, after=after)
    return link


def create_default_link(*, partner: Partner, destination: str, actor: Actor) -> Link:
    """A link whose code is the partner's name, with a few characters more when that is taken or reserved."""
    base = _base(partner)
    if len(base) >= 2 and base not in RESERVED_CODES:
        try:
            return create_link(partner=partner, code=base, destination=destination, actor=actor)
        except Conflict as error:
            if error.code != "link_code_taken":
                raise
    return create_link(partner=partner, code=_random_code(partner), destination=destination, actor=actor)


def _base(partner: Partner) -> str:
    return slugify(partner.name).strip("-_")[:40].strip("-_")


def _random_code(partner: Partner) -> str:
    suffix = "".join(secrets.choice(_SUFFIX_ALPHABET) for _ in range(6))
    return f"{_base(partner)}-{suffix}".lstrip("-")


def create_own_link(*, partner: Partner, destination: str, actor: Actor) -> Link:
    """A link that the partner makes for themselves. The code is ours: codes are global, so nobody picks another's name.

    Conflict `partner_not_approved`, or `links_too_many` beyond MOST_OWN_LINKS.
    """
    if partner.status != PartnerStatus.APPROVED:
        raise Conflict("Links can be made while your account is approved.", code="partner_not_approved")
    with transaction.atomic():
        lock(partner)
        if partner.links.count() >= MOST_OWN_LINKS:
            raise Conflict(
                f"You have {MOST_OWN_LINKS} links, and no more can be made: use one of them.", code="links_too_many"
            )
        return create_link(partner=partner, code=_random_code(partner), destination=destination, actor=actor)


def update_link(link: Link, *, changes: Mapping[str, Any], actor: Actor) -> Link:
    """Lead a link elsewhere or switch it off. The code stays: it is out in the world."""
    inputs.known_fields(changes, ("destination", "is_active"))
    values = dict(changes)
    if "destination" in values:
        values["destination"] = _checked_destination(values["destination"], link.merchant)
    if "is_active" in values and not isinstance(values["is_active"], bool):
        raise DomainError("is_active is true or false.", code="invalid_choice", field="is_active")
    with transaction.atomic():
        lock(link)
        edit(link, values, verb="link.update", actor=actor)
    return link


def checked_code(code: object, *, field: str = "code") -> str:
    """A link code in lower case; DomainError `link_code_invalid` or `link_code_reserved`."""
    typed = code.strip().lower() if isinstance(code, str) else ""
    if not _CODE.fullmatch(typed):
        raise DomainError(
            "A link code is 2 to 64 letters, digits, - and _, starting with a letter or digit.",
            code="link_code_invalid",
            field=field,
        )
    if typed in RESERVED_CODES:
        raise DomainError(f"The link code {typed} is reserved: choose another.", code="link_code_reserved", field=field)
    return typed


def _checked_destination(destination: object, merchant: Merchant) -> str:
    domains = merchant.domains
    url = destination.strip() if isinstance(destination, str) else ""
    if destination_allowed(url, domains):
        return url
    where = ", ".join(domains) or "a domain that you add in the settings first"
    raise DomainError(
        f"The destination must be a web address (https://…) on {where}.",
        code="destination_not_allowed",
        field="destination",
    )
