"""The codes of refusals: part of the API's contract, so they stand in one table that the reference page shows.

A test reads every `code="…"` in the code base and fails when one is missing here.
"""

from typing import NamedTuple


class Code(NamedTuple):
    """What a code means and what the caller does about it."""

    status: int
    title: str
    advice: str


CODES: dict[str, Code] = {
    # The door itself
    "bad_request": Code(400, "Malformed request", "Check the address, the headers and the host name."),
    "invalid_json": Code(400, "Not valid JSON", "Send one JSON value in UTF-8."),
    "nested_too_deeply": Code(400, "Nested too deeply", "Flatten the body."),
    "invalid_idempotency_key": Code(
        400, "Unusable idempotency key", "Send 1 to 255 printable ASCII characters; a UUID is a good choice."
    ),
    "missing_api_key": Code(401, "No API key", "Send `Authorization: Bearer sk_live_…`."),
    "invalid_api_key": Code(401, "Unknown API key", "Check that the key was copied whole, or have a new one issued."),
    "api_key_revoked": Code(401, "Revoked API key", "Have a new key issued."),
    "api_key_expired": Code(401, "Expired API key", "The key was rotated: use its successor."),
    "scope_missing": Code(403, "Key lacks a scope", "Use a key that has the scope named in the answer."),
    "forbidden": Code(403, "Not allowed", "Ask an owner of the account."),
    "not_found": Code(404, "Not found", "Check the address and the id. Objects of other accounts are not found either."),
    "method_not_allowed": Code(405, "Method not allowed", "Use one of the methods in the `Allow` header."),
    "not_acceptable": Code(406, "Not acceptable", "Accept `application/json` (or `text/csv` where an export is offered)."),
    "conflict": Code(409, "Conflict", "Read the object again, then decide."),
    "idempotency_key_reused": Code(
        409, "Idempotency key used for another request", "Send a new key with a new request; repeat a request unchanged."
    ),
    "body_too_large": Code(413, "Body too large", "Send at most 4 MB; split batches."),
    "unsupported_media_type": Code(415, "Not JSON", "Send `Content-Type: application/json`."),
    "rate_limited": Code(429, "Too many requests", "Wait as long as `Retry-After` says."),
    "internal_error": Code(500, "Our mistake", "Send the request again with the same idempotency key; quote the request id."),
    "contended": Code(503, "Rows contended", "Send the request again with the same idempotency key."),
    "unavailable": Code(503, "Temporarily unavailable", "Send the request again after `Retry-After` seconds."),
    # What a body or a query can get wrong
    "missing_field": Code(422, "A field is missing", "Add the field."),
    "unknown_field": Code(422, "Unknown field", "Check the spelling; fields that mean nothing here are refused."),
    "invalid_type": Code(422, "Wrong type", "Send the type that the reference names; nothing is converted."),
    "invalid_value": Code(422, "Value not allowed", "Send a value within the limits that the reference names."),
    "invalid_amount": Code(422, "Unusable amount", "Send an integer in minor units: 10000 is 100.00 USD, 100 is 100 JPY."),
    "invalid_cursor": Code(422, "Unusable cursor", "Send `next_cursor` of the page before, unchanged."),
    "invalid": Code(422, "Refused", "The answer says why."),
}


def title(code: str) -> str:
    """A code in words."""
    known = CODES.get(code)
    return known.title if known else code.replace("_", " ").capitalize()
