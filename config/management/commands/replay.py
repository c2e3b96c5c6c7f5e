"""`manage.py replay FILE --merchant SLUG`: real orders through the ingest, and the proof that they came out right."""

from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any

from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand, CommandParser

from config.operators import ACTOR, errors_for_people
from merchants import tenancy
from merchants.errors import NotFound
from merchants.models import Merchant
from merchants.money import display
from merchants.onboarding import create_merchant
from stats import rollup
from tracking import replay
from tracking.plan import Outcome
from tracking.replay import OrderLine


class Command(BaseCommand):
    """Record a file of orders for a merchant; again, and not one row is new."""

    help = "Replay a CSV of orders (order_id, customer_id, placed_on, amount_usd) and prove the commissions."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file, whose it is, and among how many partners its customers are divided."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--merchant", metavar="SLUG", required=True, help="made when there is none")
        parser.add_argument("--partners", type=int, default=20, help="how many share the customers (default 20)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Read, record, roll up, prove."""
        if options["partners"] < 1:
            raise CommandError("--partners must be 1 or more.")
        try:
            with errors_for_people(), open(options["file"], encoding="utf-8-sig", newline="") as file:
                orders = replay.read(file)
                first = next(orders, None)
                if first is None:
                    raise CommandError("The file holds no orders.")
                merchant = self._merchant(options["merchant"], first, options["partners"])
                counts = self._record(merchant, chain([first], orders), options["partners"])
        except OSError as error:
            raise CommandError(f"{options['file']}: {error.strerror}") from error
        self._roll_up(merchant)
        self._tell(counts, first.currency)
        call_command("verify", merchant=merchant.slug, stdout=self.stdout, stderr=self.stderr)
        if counts["wrong"] or counts["refused"]:
            raise CommandError(f"{counts['refused']} orders were refused, {counts['wrong']} commissions are wrong.")

    def _merchant(self, slug: str, first: OrderLine, partners: int) -> Merchant:
        try:
            merchant_id = tenancy.locate(tenancy.Finds.SLUG, slug)
        except NotFound:
            name = slug.replace("-", " ").title()
            merchant_id = create_merchant(
                slug=slug, name=name, currency=first.currency, domains=[f"{slug}.example"], actor=ACTOR
            ).id
        with tenancy.tenant(merchant_id):
            merchant = Merchant.objects.get(id=merchant_id)
            replay.prepare(merchant, partners, first_day=date(1970, 1, 1), actor=ACTOR)
        return merchant

    def _record(self, merchant: Merchant, orders: Any, partners: int) -> dict[str, int]:
        counts = dict.fromkeys(("new", "replayed", "refused", "revenue", "commission", "direct", "wrong"), 0)
        for batch in replay.replay(merchant, orders, partners, actor=ACTOR):
            for order, outcome in batch:
                self._count(counts, order, outcome, partners)
            self._progress(f"{counts['new'] + counts['replayed']:,} orders", ending="\r")
        self._progress("", ending="\n")
        return counts

    def _progress(self, text: str, *, ending: str) -> None:
        """For somebody who watches; in a log it would be one long line."""
        if self.stderr.isatty():
            self.stderr.write(text, ending=ending)
            self.stderr.flush()

    def _count(self, counts: dict[str, int], order: OrderLine, outcome: Outcome, partners: int) -> None:
        if outcome.answer is None:
            counts["refused"] += 1
            self.stderr.write(f"line {order.line}: {outcome.error}")
            return
        earned = sum(commission.amount for commission in outcome.answer.commissions)
        expected = order.commission(partners)
        if earned != expected:
            counts["wrong"] += 1
            self.stderr.write(f"line {order.line}: earned {earned}, must be {expected}")
        counts["new" if outcome.created else "replayed"] += 1
        counts["direct"] += not outcome.answer.commissions
        counts["revenue"] += order.amount
        counts["commission"] += earned

    def _roll_up(self, merchant: Merchant) -> None:
        while self._refresh(merchant):
            pass

    def _refresh(self, merchant: Merchant) -> int:
        with tenancy.tenant(merchant.id):
            return rollup.refresh()

    def _tell(self, counts: dict[str, int], currency: str) -> None:
        recorded = counts["new"] + counts["replayed"]
        self.stdout.write(
            f"{recorded:,} orders: {counts['new']:,} new, {counts['replayed']:,} there already,"
            f" {counts['refused']:,} refused; {counts['direct']:,} are direct, without a partner"
        )
        self.stdout.write(f"revenue     {display(counts['revenue'], currency)}")
        self.stdout.write(f"commissions {display(counts['commission'], currency)}, each 10% of its order, half up")
