"""The OpenAPI document as a whole: settings of DRF and drf-spectacular, and the prose that no single view owns."""

from functools import cache
from typing import Any

from api.codes import CODES, example

#: Every resource in the order of the reference, with what a newcomer should know about it.
TAGS: list[dict[str, str]] = [
    {"name": "me", "x-title": "Account", "description": "Which account and which key is this? A good first call."},
    {
        "name": "sales",
        "x-title": "Sales",
        "description": "A sale is an order as it was placed. Tracking one decides whose it is and what they earn,"
        " at once and with the full working. `order_id` is its natural key within `source`: sent again, it answers"
        " what it answered first; sent again with other content, it is a conflict and the first stays.",
    },
    {
        "name": "refunds",
        "x-title": "Refunds",
        "description": "Money given back on an order, by amount or by line. Commissions shrink in proportion; after any"
        " sequence of refunds they are what one refund of the sum would have left.",
    },
    {
        "name": "leads",
        "x-title": "Leads",
        "description": "Something short of buying: a sign-up, a booked call. It ties the customer to the partner who"
        " brought them.",
    },
    {"name": "clicks", "x-title": "Clicks", "description": "Someone, not a bot, followed a partner's link."},
    {
        "name": "customers",
        "x-title": "Customers",
        "description": "The people who buy, as this account knows them. Unique by external id, e-mail and phone.",
    },
    {
        "name": "flags",
        "x-title": "Flags",
        "description": "What fraud rules found. A commission with an open flag stays on hold until somebody decides.",
    },
    {
        "name": "partners",
        "x-title": "Partners",
        "description": "Those who bring customers and earn. Only an approved partner earns; a sale that an unapproved"
        " one brought is kept as a direct order and says why.",
    },
    {"name": "programs", "x-title": "Programs", "description": "What partners join. An account starts with one."},
    {"name": "groups", "x-title": "Groups", "description": "Partners of a program who share terms."},
    {
        "name": "applications",
        "x-title": "Applications",
        "description": "What people wrote on the public page to become partners, once they confirmed their address."
        " Deciding here writes to them; the approval of a partner by its own address does not.",
    },
    {
        "name": "terms",
        "x-title": "Terms",
        "description": "What partners of a program agree to, as versions that never change. The newest is in force, and"
        " the portal asks partners for it. Acceptances name the version.",
    },
    {
        "name": "questions",
        "x-title": "Questions",
        "description": "What applicants are asked besides name, e-mail and website. Staff edit them in the settings.",
    },
    {
        "name": "assets",
        "x-title": "Assets",
        "description": "Banners, texts, files and videos that partners find in their portal. Files are told by their"
        " content, and are sent as `multipart/form-data`.",
    },
    {
        "name": "announcements",
        "x-title": "Announcements",
        "description": "What partners are told, in the portal and by e-mail. A draft until it is published, once.",
    },
    {
        "name": "rewards",
        "x-title": "Rewards",
        "description": "What partners earn, as versions that never change. A reward belongs to a partner, a group or a"
        " program, and the nearest to the partner decides.",
    },
    {
        "name": "bonuses",
        "x-title": "Bonuses",
        "description": "What partners get for reaching a target in a period. Each target pays once a period, by a"
        " commission on hold until the period and the partner's hold are over. Until then it is taken back when refunds"
        " bring the partner below the target, and given again when they reach it again. Figures are a few seconds"
        " behind.",
    },
    {
        "name": "coupons",
        "x-title": "Coupons",
        "description": "Codes that stand for a partner, unique whatever the case.",
    },
    {
        "name": "links",
        "x-title": "Links",
        "description": "Tracking links: `/r/<code>`, or `?via=<code>` on your own site.",
    },
    {
        "name": "commissions",
        "x-title": "Commissions",
        "description": "What a partner earned with an order, with its working. Pending while the hold runs, then"
        " approved, then paid. What refunds take back is in `reversed`.",
    },
    {
        "name": "balances",
        "x-title": "Balances",
        "description": "What stands in the ledger for each partner and currency. Currencies are never added together.",
    },
    {
        "name": "payouts",
        "x-title": "Payouts",
        "description": "Money sent to partners, each for specific commissions. Reading and writing need the scope"
        " `payouts`.",
    },
    {
        "name": "stats",
        "x-title": "Statistics",
        "description": "Figures by day in the account's time zone, a few seconds behind.",
    },
    {"name": "audit", "x-title": "Audit log", "description": "Who did what to which object when, through any door."},
    {
        "name": "exports",
        "x-title": "Exports",
        "description": "Lists as workbooks (XLSX), made in the background and kept for a week. The same rows as CSV are"
        " sent at once: see `export.csv` of each list.",
    },
]

INTRODUCTION = """\
The API speaks JSON over HTTPS. Every request carries an API key: `Authorization: Bearer sk_live_…`.

**Amounts are integers in minor units** beside an ISO 4217 currency: `10000` with `USD` is 100.00 dollars, `10000` with
`JPY` is 10,000 yen. A decimal point, a negative amount or a number in quotes is refused.

**Writes are safe to repeat.** Send an `Idempotency-Key`, and a retry answers word for word what the first request
answered, with `Idempotency-Replayed: true` and without `Location` (the body has the id). Sales, refunds and leads also
have natural keys of their own.

**Lists** are newest first and cut by cursor: send `next_cursor` as `cursor` until `has_more` is false.

**Refusals** are problem documents (RFC 9457) with a stable `code` and the path of the `field` at fault. A refused
request has written nothing.

**Limits** are in the headers `RateLimit-Policy` and `RateLimit`. Every answer has an `X-Request-Id`; send your own
to find it again in your logs.
"""

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_SCHEMA_CLASS": "api.schema.OperationSchema",
    # The door checks keys and renders answers itself (api.base); DRF's own machinery stays out of the way.
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
}

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Accrue API",
    "VERSION": "1",
    "DESCRIPTION": INTRODUCTION,
    "OAS_VERSION": "3.1.0",
    "TAGS": TAGS,
    "SERVERS": [{"url": "/", "description": "This installation."}],
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SORT_OPERATIONS": False,  # the URLconf is written in the order a reader wants
    "POSTPROCESSING_HOOKS": [],
    "APPEND_COMPONENTS": {
        "examples": {code: {"summary": known.title, "value": example(code)} for code, known in CODES.items()},
        "securitySchemes": {
            "apiKey": {
                "type": "http",
                "scheme": "bearer",
                "description": "An API key, `sk_live_…`, with the scope that the operation names: `read`; `track`,"
                " which includes read; `write`, which includes both; `payouts`.",
            }
        },
    },
}


@cache
def document() -> dict[str, Any]:
    """The OpenAPI document of the running code, made once per process."""
    from drf_spectacular.generators import SchemaGenerator

    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    schema: dict[str, Any] = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return schema
