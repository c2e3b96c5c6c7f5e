"""Who is at the other end of a request, as far as anybody can tell."""

import hmac
from collections.abc import Mapping
from hashlib import sha256
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings


def client_address(environ: Mapping[str, str]) -> str:
    """The client's address; forwarded ones are believed as far back as there are proxies of our own."""
    proxies: int = settings.TRUSTED_PROXIES
    hops = [hop.strip() for hop in environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    if proxies and hops:
        return hops[-min(proxies, len(hops))]
    return environ.get("REMOTE_ADDR", "")


def client_network(environ: Mapping[str, str]) -> str:
    """The address by which a client is counted; "" when there is none.

    Whoever has an IPv6 address has the 2^64 of its network. What a proxy wrote and is none is not believed: the
    proxy's own is certain.
    """
    for text in (client_address(environ), environ.get("REMOTE_ADDR", "")):
        try:
            address = ip_address(text.strip("[]"))
        except ValueError:
            continue
        if isinstance(address, IPv6Address):
            return str(address.ipv4_mapped or ip_network((address, 64), strict=False))
        return str(address)
    return ""


def address_hash(address: str) -> str:
    """A keyed hash of a `client_network`: shows that two clicks came from one place, and not from which."""
    if not address:
        return ""
    return hmac.new(settings.SECRET_KEY.encode(), b"click:" + address.encode(), sha256).hexdigest()[:32]


def country_of(environ: Mapping[str, str]) -> str:
    """The country that a trusted proxy names, if one is configured to."""
    header: str = settings.COUNTRY_HEADER
    named = environ.get("HTTP_" + header.upper().replace("-", "_"), "") if header else ""
    return named if len(named) == 2 and named.isascii() and named.isupper() else ""
