"""`manage.py keys issue | list | rotate | revoke`."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from config.operators import ACTOR, merchant_called
from merchants import keys
from merchants.errors import NotFound
from merchants.models import ApiKey, Merchant
from merchants.roles import Scope


class Command(BaseCommand):
    """Manage a merchant's API keys."""

    help = "Issue, list, rotate and revoke API keys. A new key is printed once and cannot be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the four things it does."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        for verb in ("issue", "list", "rotate", "revoke"):
            verbs.add_parser(verb).add_argument("--merchant", required=True, metavar="SLUG")
        issue = verbs.choices["issue"]
        issue.add_argument("--name", required=True)
        issue.add_argument("--scope", action="append", required=True, choices=Scope.values, help="may be repeated")
        for verb in ("rotate", "revoke"):
            verbs.choices[verb].add_argument("prefix", help="the twelve characters after sk_live_")
        verbs.choices["rotate"].add_argument(
            "--overlap-hours", type=int, default=24, help="how long the old key works on (24)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what was asked, inside the merchant."""
        with merchant_called(options["merchant"]) as merchant:
            getattr(self, f"_{options['verb']}")(merchant, options)

    def _issue(self, merchant: Merchant, options: dict[str, Any]) -> None:
        _, token = keys.issue(name=options["name"], scopes=options["scope"], actor=ACTOR)
        self.stdout.write(token)

    def _list(self, merchant: Merchant, options: dict[str, Any]) -> None:
        for key in merchant.api_keys.order_by("created_at"):
            used = f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
            self.stdout.write(f"{key.prefix} {','.join(key.scopes):12} {_state(key):28} {used:16} {key.name}")

    def _rotate(self, merchant: Merchant, options: dict[str, Any]) -> None:
        overlap = timedelta(hours=options["overlap_hours"])
        _, token = keys.rotate(_found(merchant, options["prefix"]), overlap=overlap, actor=ACTOR)
        self.stdout.write(token)

    def _revoke(self, merchant: Merchant, options: dict[str, Any]) -> None:
        keys.revoke(_found(merchant, options["prefix"]), actor=ACTOR)
        self.stdout.write(f"{options['prefix']} no longer works.")


def _found(merchant: Merchant, prefix: str) -> ApiKey:
    key = merchant.api_keys.filter(prefix=prefix).first()
    if key is None:
        raise NotFound(f"{merchant.name} has no key {prefix}: see `keys list --merchant {merchant.slug}`.")
    return key


def _state(key: ApiKey) -> str:
    if key.revoked_at:
        return f"revoked {key.revoked_at:%Y-%m-%d %H:%M}"
    return f"until {key.expires_at:%Y-%m-%d %H:%M}" if key.expires_at else "works"
