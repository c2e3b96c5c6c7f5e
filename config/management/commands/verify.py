"""`manage.py verify [--merchant SLUG]`: prove the books from the rows."""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from django.core.management import CommandError
from django.core.management.base import BaseCommand, CommandParser

from affiliates import verify as affiliates
from bonuses import verify as bonuses
from commissions import standing
from commissions import verify as commissions
from config.operators import errors_for_people, merchant_called
from customers import verify as customers
from ledger import verify as ledger
from merchants import tenancy
from merchants.models import Merchant
from orders import verify as orders
from payouts import verify as payouts
from stats import verify as stats

#: From the ground up: what the first finds explains what the later ones find.
PROOFS: tuple[Callable[[], Iterator[str]], ...] = (
    ledger.problems,
    orders.problems,
    commissions.problems,
    standing.problems,
    payouts.problems,
    customers.problems,
    affiliates.problems,
    stats.problems,
    bonuses.problems,
)


class Command(BaseCommand):
    """Compare ledger, orders, commissions, payouts, customers, groups, rollups and bonuses, of one or all."""

    help = "Prove the books; every problem is a line, and any problem makes exit code 1."

    def add_arguments(self, parser: CommandParser) -> None:
        """One merchant or all."""
        parser.add_argument("--merchant", metavar="SLUG", help="only this one")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what is wrong, or what holds."""
        with errors_for_people():
            found = self._prove_one(options["merchant"]) if options["merchant"] else self._prove_all()
        if found:
            raise CommandError(f"{found} problems: the books do not hold. Stop payouts until they are understood.")

    def _prove_one(self, slug: str) -> int:
        with merchant_called(slug) as merchant:
            return self._prove(merchant)

    def _prove_all(self) -> int:
        merchant_ids = tenancy.every_merchant("verify")
        if not merchant_ids:
            self.stdout.write("there are no merchants, so there is nothing to prove")
        found = 0
        for merchant_id in merchant_ids:
            with tenancy.tenant(merchant_id):
                found += self._prove(Merchant.objects.get(id=merchant_id))
        return found + self._print("identities", customers.holder_problems(merchant_ids))

    def _prove(self, merchant: Merchant) -> int:
        found = self._print(merchant.slug, chain.from_iterable(proof() for proof in PROOFS))
        if not found:
            self.stdout.write(
                f"the books of {merchant.slug} hold: {merchant.transactions.count():,} transactions,"
                f" {merchant.orders.count():,} orders, {merchant.commissions.count():,} commissions,"
                f" {merchant.payouts.count():,} payouts"
            )
        return found

    def _print(self, whose: str, problems: Iterator[str]) -> int:
        found = 0
        for problem in problems:
            found += 1
            self.stderr.write(f"{whose}: {problem}")
        return found
