"""Host names as merchants type them and as URLs carry them: ASCII, lower case, no trailing dot."""

import re

import idna

from merchants.errors import DomainError

# The last label is never a number: browsers read `1.2`, `127.1` or `0x7f.1` as an address. It stands alone only
# in `localhost`, which makes trying things out on one machine possible.
_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_HOST = re.compile(rf"localhost|(?:{_LABEL}\.)+(?:[a-z]{{2,63}}|xn--[a-z0-9-]{{1,59}})", re.ASCII)

_LONGEST_HOST = 253


def is_host(text: str) -> bool:
    """Whether `text` is a host name in the one form Accrue stores."""
    return len(text) <= _LONGEST_HOST and _HOST.fullmatch(text) is not None


def normal_host(text: str, *, field: str) -> str:
    """A host name in that form; DomainError `domain_invalid` for an address, a URL, a port or anything else."""
    typed = text.strip().lower().removesuffix(".")
    try:
        host = idna.encode(typed, uts46=True).decode("ascii")
    except UnicodeError:
        host = ""
    if not is_host(host):
        raise DomainError(
            "Give the domain alone, such as shop.example.com, without https:// and without a path.",
            code="domain_invalid",
            field=field,
        )
    return host
