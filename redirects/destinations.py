"""Where a redirect leads exactly: the stored destination or an allowed deep link, with what the merchant's site needs.

The site learns the code (`via`) and the click's id (`click_id`), to be sent back with a sale. Whatever else came in
the query (UTM and the like) goes along; what the destination already says stays as it is.
"""

from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit
from uuid import UUID

from django.utils.encoding import iri_to_uri

from affiliates.links import destination_allowed
from redirects.visits import storable
from tracking.targets import Target

_OURS = frozenset({"to", "via", "click_id"})
_LONGEST_QUERY = 4_000


def destination(target: Target, query: str, click_id: UUID | None) -> str:
    """The address for a visitor who came with this query string; without `click_id` it was no click."""
    given = _parameters(query)
    url = _deep_link(target, dict(given).get("to", ""))
    parts = urlsplit(url)
    own = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    added = [("via", target.code)] + ([("click_id", str(click_id))] if click_id else [])
    passed = [(name, value) for name, value in given if name not in _OURS]
    more = urlencode([(name, value) for name, value in [*added, *passed] if name not in own])
    # A header carries ASCII: other letters go percent-encoded, as a browser would send them.
    return iri_to_uri(urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, more))))))


def utm(query: str) -> dict[str, str]:
    """The campaign parameters of a query string."""
    return {
        storable(name): storable(value[:200])
        for name, value in _parameters(query)
        if name.startswith("utm_") and len(name) <= 32
    }


def _parameters(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query[:_LONGEST_QUERY], keep_blank_values=True, max_num_fields=50)
    except ValueError:
        return []


def _deep_link(target: Target, to: str) -> str:
    """`to` as an absolute address or a path on the destination's host, if the merchant's domains allow it."""
    if not to:
        return target.destination
    url = urljoin(target.destination, to) if to.startswith("/") and not to.startswith(("//", "/\\")) else to
    return url if destination_allowed(url, target.domains) else target.destination
