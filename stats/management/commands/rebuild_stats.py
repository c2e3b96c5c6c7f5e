"""`manage.py rebuild_stats [--merchant SLUG]`: recompute every rollup from its source."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandParser

from merchants import tenancy
from merchants.tenancy import Finds
from stats.marks import mark_everything
from stats.rollup import refresh


class Command(BaseCommand):
    """For an operator who distrusts the rollups (`manage.py verify` says whether to); safe while the site runs."""

    help = "Recompute every rollup of one merchant, or of all, from orders, commissions, clicks and leads."

    def add_arguments(self, parser: CommandParser) -> None:
        """One merchant or all."""
        parser.add_argument("--merchant", metavar="SLUG", help="only this one")

    def handle(self, *args: Any, **options: Any) -> None:
        """Leave the mark and work it off, a transaction for each piece, beside the workers."""
        slug = options["merchant"]
        merchant_ids = [tenancy.locate(Finds.SLUG, slug)] if slug else tenancy.every_merchant("rebuild_stats")
        for merchant_id in merchant_ids:
            with tenancy.tenant(merchant_id):
                mark_everything()
            while self._is_at_work(merchant_id):
                pass
        self.stdout.write(f"recomputed the rollups of {len(merchant_ids)} merchants")

    def _is_at_work(self, merchant_id: UUID) -> int:
        with tenancy.tenant(merchant_id):
            return refresh(wait=True)
