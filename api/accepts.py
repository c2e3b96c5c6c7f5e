"""The Accept header, as far as an API that answers JSON and CSV needs it."""

from collections.abc import Sequence
from functools import lru_cache

from api.problems import HttpProblem


def require_acceptable(accept: str, offers: Sequence[str]) -> None:
    """406 when the caller wants none of the media types on offer. No header means anything."""
    if accept and not _takes(accept, tuple(offers)):
        raise HttpProblem(406, "not_acceptable", f"This address answers {' or '.join(offers)}.")


@lru_cache(maxsize=512)
def _takes(accept: str, offers: tuple[str, ...]) -> bool:
    wanted = [_wanted(entry) for entry in accept.split(",")]
    return any(
        pattern in (offer, f"{offer.partition('/')[0]}/*", "*/*") for pattern in wanted if pattern for offer in offers
    )


def _wanted(entry: str) -> str:
    """The media range of one entry, or "" for one that is switched off by q=0."""
    media, *parameters = (part.strip().lower() for part in entry.split(";"))
    switched_off = any(p.startswith("q=") and not p[2:].strip("0.") for p in parameters)
    return "" if switched_off else media
