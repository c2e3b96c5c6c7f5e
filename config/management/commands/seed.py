"""`manage.py seed`: the demo's merchants, and `demo.json`, which says how to get in."""

import json
from typing import Any

from django.conf import settings
from django.core.management import CommandError
from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction
from django.utils import timezone

from config.files import replace
from demo.brands import BRANDS
from demo.planting import PASSWORD, demo_hash, plant
from merchants.models import Locator, User


class Command(BaseCommand):
    """Plant the demo into an installation that has none of its merchants yet."""

    help = "Make the demo merchants with two years of history, and write .data/demo.json."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where the site will be found."""
        parser.add_argument("--base-url", default=settings.BASE_URL)

    def handle(self, *args: Any, **options: Any) -> None:
        """All merchants or none: it is one transaction."""
        slugs = [brand.slug for brand in BRANDS]
        if Locator.objects.filter(kind="slug", key__in=slugs).exists():
            raise CommandError(
                "The demo merchants are there already. To start over: make clean, then make demo; nothing else is kept."
            )
        base_url = options["base_url"].rstrip("/")
        today = timezone.now().date()
        with transaction.atomic():
            planted = [plant(brand, today=today, base_url=base_url, say=self._say) for brand in BRANDS]
            operator = User.objects.create_superuser("operator@accrue.example", name="Olga Operator")
            User.objects.filter(id=operator.id).update(password=demo_hash())
            demo = {
                "base_url": base_url,
                "merchants": [one.merchant for one in planted],
                "partners": [partner for one in planted for partner in one.partners],
                "operator": {"email": "operator@accrue.example", "password": PASSWORD},
            }
            # Before the commit: keys are shown once, and there must be no demo whose keys nobody knows.
            settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
            replace(settings.DATA_DIR / "demo.json", json.dumps(demo, indent=2) + "\n")
        self._say("done")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
