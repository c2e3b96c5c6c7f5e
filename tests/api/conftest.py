"""The API as its callers meet it: JSON in, JSON out, a key in the header."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from django.test import Client

from merchants import keys, tenancy
from merchants.models import Merchant
from tests.factories import ACTOR


@dataclass
class Answer:
    """A response, read."""

    status: int
    body: Any
    headers: dict[str, str]
    content: bytes

    @property
    def code(self) -> str:
        """The code of a problem."""
        return str(self.body["code"])


@dataclass
class Api:
    """A caller with one key (or none)."""

    token: str = ""
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def send(self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str) -> Answer:
        """Send JSON (or `raw` bytes) and read the answer."""
        url = path if path.startswith("/api") else f"/api/v1{path}"
        sent = {"Content-Type": "application/json"} if method not in ("GET", "HEAD") else {}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        content = raw if raw is not None else b"" if body is None else msgspec.json.encode(body)
        content_type = sent.pop("Content-Type", "")
        response = self.client.generic(method, url, content, content_type=content_type, headers=sent)
        data = b"".join(response.streaming_content) if response.streaming else response.content
        is_json = "json" in response.headers.get("Content-Type", "") and data
        return Answer(
            response.status_code, msgspec.json.decode(data) if is_json else None, dict(response.headers), data
        )

    def get(self, path: str, **headers: str) -> Answer:
        """GET."""
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any = None, *, raw: bytes | None = None, **headers: str) -> Answer:
        """POST."""
        return self.send("POST", path, body, raw=raw, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> Answer:
        """PATCH."""
        return self.send("PATCH", path, body, **headers)


@pytest.fixture
def key_of() -> Callable[..., str]:
    """Issues a key of a merchant with these scopes and returns its token."""

    def issue(merchant: Merchant, *scopes: str) -> str:
        with tenancy.tenant(merchant.id):
            return keys.issue(name=f"{merchant.slug} {' '.join(scopes)}", scopes=scopes, actor=ACTOR)[1]

    return issue


@pytest.fixture
def api(merchant: Merchant, key_of: Callable[..., str]) -> Api:
    """A caller of `merchant` who may do everything."""
    return Api(key_of(merchant, "write", "payouts"))


@pytest.fixture
def other_api(other_merchant: Merchant, key_of: Callable[..., str]) -> Api:
    """The same at the other merchant."""
    return Api(key_of(other_merchant, "write", "payouts"))
