"""The rule's form as a browser sends it: what is hidden in it, what stands in it by itself, and what is typed."""

import re
from typing import Any

from django.test import Client

_HIDDEN = re.compile(r'<input type="hidden" name="(once|version)" value="([^"]*)"')
PLAIN = {"event": "sale", "kind": "percentage", "tier_by": "orders", "tier_period": "month"}


def shown(browser: Client, address: str) -> str:
    """The page, wherever it leads."""
    return browser.get(address, follow=True).content.decode()


def hidden(browser: Client, address: str) -> dict[str, str]:
    """What the form carries without anybody typing it."""
    found = dict(_HIDDEN.findall(shown(browser, address)))
    assert "once" in found
    return found


def send(browser: Client, address: str, **typed: Any) -> Any:
    """Open the form, fill it in, send it."""
    return browser.post(address, PLAIN | hidden(browser, address) | typed)
