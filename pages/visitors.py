"""Who is at the other end of a request, as far as anybody can tell."""

from collections.abc import Mapping

from django.conf import settings


def client_address(environ: Mapping[str, str]) -> str:
    """The client's address; forwarded ones are believed as far back as there are proxies of our own."""
    proxies: int = settings.TRUSTED_PROXIES
    hops = [hop.strip() for hop in environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if hop.strip()]
    if proxies and hops:
        return hops[-min(proxies, len(hops))]
    return environ.get("REMOTE_ADDR", "")
