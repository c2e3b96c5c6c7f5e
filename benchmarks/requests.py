"""Requests as bytes, made in advance so that making them costs the measurement nothing."""

import json
import random
from collections.abc import Sequence

from benchmarks.places import MERCHANTS, PARTNERS, Account

#: Known customers of each merchant, as in the yardstick.
CUSTOMERS = 50_000


def sales(accounts: Sequence[Account], count: int) -> list[bytes]:
    """`POST /api/v1/sales`, each of a random merchant, partner and customer."""
    chosen = random.choices(accounts, k=count)
    return [_post("/api/v1/sales", account, _sale(account)) for account in chosen]


def batches(accounts: Sequence[Account], count: int, *, size: int) -> list[bytes]:
    """`POST /api/v1/sales/batch` of `size` sales each."""
    chosen = random.choices(accounts, k=count)
    return [
        _post("/api/v1/sales/batch", account, {"sales": [_sale(account) for _ in range(size)]}) for account in chosen
    ]


def clicks(count: int) -> list[bytes]:
    """`GET /r/<code>` of 2,000 links, by browsers that were not there before."""
    links = [
        f"bench-{merchant}-{partner}" for merchant in range(1, MERCHANTS + 1) for partner in range(1, PARTNERS // 5 + 1)
    ]
    return [
        (
            f"GET /r/{link} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nAccept-Language: en\r\n"
            "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0\r\n\r\n"
        ).encode()
        for link in random.choices(links, k=count)
    ]


def page(account: Account, path: str) -> bytes:
    """`GET` of a list or a page."""
    who = f"Authorization: Bearer {account.token}" if path.startswith("/api/") else f"Cookie: {account.cookies}"
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{who}\r\n\r\n".encode()


def _sale(account: Account) -> dict[str, object]:
    customer = random.randint(1, CUSTOMERS)
    return {
        "order_id": f"o{random.getrandbits(52)}",
        "amount": random.randint(500, 50_000),
        "currency": "USD",
        "coupon": f"C{random.randint(1, PARTNERS)}",
        "customer": {
            "external_id": f"u{customer}",
            "email": f"customer-{customer}@{account.id[-12:]}.example",
            "name": f"Customer {customer}",
        },
    }


def _post(path: str, account: Account, content: object) -> bytes:
    body = json.dumps(content).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {account.token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
