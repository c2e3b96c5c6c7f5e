"""`manage.py backtest --merchant SLUG --program NAME --percent 12`: try a reward rule on history (SPEC A11, T9)."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from msgspec import ValidationError, json

from config.operators import merchant_called
from merchants.errors import NotFound
from merchants.models import Merchant
from merchants.money import display
from rewards.details import Details
from rewards.sentences import sentence
from rewards.terms import Owner
from tracking.backtest import REASONS, Comparison, Proposal, Sum, compare, propose


class Command(BaseCommand):
    """Compare what orders earned with what they would have under a proposed basic rule, or another rule beside it."""

    help = "Try a reward rule on the orders there are; nothing is written."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose rule, what it pays, and the period."""
        parser.add_argument("--merchant", required=True, metavar="SLUG")
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--program", metavar="NAME")
        whose.add_argument("--group", metavar="NAME")
        whose.add_argument("--partner", metavar="EMAIL")
        pays = parser.add_mutually_exclusive_group(required=True)
        pays.add_argument("--percent")
        pays.add_argument("--amount", type=int, help="in minor units of --currency")
        parser.add_argument("--currency", default="", help="of every amount that the rule names")
        parser.add_argument(
            "--details", default="{}", metavar="JSON", help="tiers, caps, conditions; as the API has them"
        )
        parser.add_argument("--add", action="store_true", help="another rule, not the basic one changed")
        parser.add_argument("--from", dest="since", type=date.fromisoformat, metavar="DAY", help="twelve months ago")
        parser.add_argument("--to", dest="until", type=date.fromisoformat, metavar="DAY", help="today; included")

    def handle(self, *args: Any, **options: Any) -> None:
        """Compare, and print the tables that the page shows."""
        with merchant_called(options["merchant"]) as merchant:
            proposal = self._proposal(merchant, options)
            self.stdout.write(f"{sentence(proposal.terms())}, as if in force throughout, on {merchant.slug}")
            self._print(merchant, self._compared(merchant, proposal))

    def _proposal(self, merchant: Merchant, options: dict[str, Any]) -> Proposal:
        zone = ZoneInfo(merchant.time_zone)
        last = options["until"] or timezone.localdate(timezone=zone)
        first = options["since"] or last - timedelta(days=364)
        try:
            details = json.decode(options["details"], type=Details)
        except ValidationError as error:
            raise CommandError(f"--details: {error}") from error
        return propose(
            _owner(merchant, options),
            since=datetime.combine(first, time.min, zone),
            until=datetime.combine(last + timedelta(days=1), time.min, zone),
            kind="fixed" if options["percent"] is None else "percentage",
            percent=options["percent"],
            amount=options["amount"],
            currency=options["currency"],
            details=details,
            adds=options["add"],
        )

    def _compared(self, merchant: Merchant, proposal: Proposal) -> Comparison:
        steps = compare(merchant, proposal)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                found: Comparison = end.value
                return found

    def _print(self, merchant: Merchant, found: Comparison) -> None:
        groups = dict(merchant.groups.values_list("id", "name"))
        names = {id: whose.name for id, whose in found.partners.items()}
        for currency, each in found.totals().items():
            self._line("total", currency, each)
        for (month, currency), each in sorted(found.by("month").items()):
            self._line(month, currency, each)
        for (group, currency), each in found.by("group_id").items():
            self._line(groups.get(group, "no group"), currency, each)
        partners = sorted(found.by("partner_id").items(), key=lambda pair: (pair[0][1], -abs(pair[1].difference)))
        for (partner, currency), each in partners:
            self._line(names[partner], currency, each)
        self.stdout.write(f"{found.same:,} orders are booked to the cent as the rules that stand say")
        for why, number in found.differ.items():
            self.stdout.write(f"{number:,} {REASONS[why]}")

    def _line(self, name: str, currency: str, each: Sum) -> None:
        stands, proposed, difference = (
            display(amount, currency) for amount in (each.stands, each.proposed, each.difference)
        )
        said = f"{stands} as it stands, {proposed} as proposed, difference {difference}"
        self.stdout.write(f"{name}: {each.orders:,} orders, {said}")


def _owner(merchant: Merchant, options: dict[str, Any]) -> Owner:
    rows: dict[str, tuple[Any, str]] = {
        "program": (merchant.programs, "name"),
        "group": (merchant.groups, "name"),
        "partner": (merchant.partners, "email"),
    }
    level = next(level for level in rows if options[level])
    found, column = rows[level]
    owner: Owner | None = found.filter(**{column: options[level]}).first()
    if owner is None:
        raise NotFound(f"There is no {level} {options[level]!r}.", field=level)
    return owner
