"""`manage.py merchant create SLUG` and `manage.py merchant list`."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from config.operators import ACTOR, errors_for_people
from merchants import tenancy
from merchants.models import Merchant
from merchants.onboarding import create_merchant


class Command(BaseCommand):
    """Make merchants and list them."""

    help = "Create a merchant, or list all."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the two things it does."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="create a merchant")
        create.add_argument("slug", help="lower-case letters, digits and hyphens: acme-shop")
        create.add_argument("--name", required=True)
        create.add_argument("--currency", required=True, help="ISO 4217, such as USD")
        create.add_argument("--time-zone", default="UTC", help="IANA name, such as Europe/Berlin")
        create.add_argument("--domain", action="append", default=[], help="where links may lead; may be repeated")
        verbs.add_parser("list", help="list all merchants")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what was asked."""
        if options["verb"] == "create":
            self._create(options)
        else:
            self._list()

    def _create(self, options: dict[str, Any]) -> None:
        with errors_for_people():
            merchant = create_merchant(
                slug=options["slug"],
                name=options["name"],
                currency=options["currency"],
                time_zone=options["time_zone"],
                domains=options["domain"],
                actor=ACTOR,
            )
        self.stdout.write(
            f"{merchant.slug} is ready. Next: manage.py staff add --merchant {merchant.slug} --role owner …"
        )

    def _list(self) -> None:
        for merchant_id in tenancy.every_merchant("merchant list"):
            with tenancy.tenant(merchant_id):
                merchant = Merchant.objects.get(id=merchant_id)
            self.stdout.write(f"{merchant.slug:24} {merchant.currency} {merchant.time_zone:20} {merchant.name}")
