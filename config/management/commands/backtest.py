"""`manage.py backtest --merchant SLUG --program NAME --percent 12`: try a reward rule on history (SPEC A11, T9)."""

from argparse import RawDescriptionHelpFormatter
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
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
from rewards.terms import Owner, rules_of
from tracking.backtest import compare
from tracking.comparison import REASONS, WHO, Comparison, Sum
from tracking.proposals import Proposal, propose, propose_end

_HELP = """\
Try a reward rule on the orders there are; nothing is written. Without --add and --rule it is the basic rule that is
changed.

What recruiters earn on the commissions is in the sums. A rule for them is tried on what they earn alone, with --add or
--rule and --details '{"event": "recruit", "deeper": [5]}', which has the percentages from level 2 on.

What it does not do: rules for leads and clicks cannot be tried (what they earned counts for caps, and is shared with
recruiters, as it was booked); nobody is thought to have sold more or less because of the rule; orders that nobody was
given are not given to anybody; an amount is compared in its own currency only."""


class Command(BaseCommand):
    """Compare what orders earned with what they would have under a rule that is changed, added or ended."""

    help = _HELP

    def create_parser(self, *args: Any, **kwargs: Any) -> CommandParser:
        """With the paragraphs of the help as they are written."""
        return super().create_parser(*args, formatter_class=RawDescriptionHelpFormatter, **kwargs)

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
        pays.add_argument("--end", action="store_true", help="nothing: the rule is taken away")
        parser.add_argument("--currency", default="", help="of every amount that the rule names")
        parser.add_argument(
            "--details", default="{}", metavar="JSON", help="tiers, caps, conditions; as the API has them"
        )
        which = parser.add_mutually_exclusive_group()
        which.add_argument("--add", action="store_true", help="another rule beside those there are")
        which.add_argument(
            "--rule", metavar="NAME", help="the rule of this name or id is changed or ended, not the basic one"
        )
        parser.add_argument("--from", dest="since", type=date.fromisoformat, metavar="DAY", help="twelve months ago")
        parser.add_argument("--to", dest="until", type=date.fromisoformat, metavar="DAY", help="today; included")

    def handle(self, *args: Any, **options: Any) -> None:
        """Compare, and print the tables that the page shows."""
        with merchant_called(options["merchant"]) as merchant:
            proposal = self._proposal(merchant, options)
            said = sentence(proposal.terms())
            said = f"Without {said}" if proposal.ends else said
            self.stdout.write(f"{said}, as if so throughout, on {merchant.slug}")
            self._print(merchant, self._compared(merchant, proposal))

    def _proposal(self, merchant: Merchant, options: dict[str, Any]) -> Proposal:
        zone = ZoneInfo(merchant.time_zone)
        last = options["until"] or timezone.localdate(timezone=zone)
        first = options["since"] or last - timedelta(days=364)
        owner = _owner(merchant, options)
        rule = _rule(owner, options["rule"]) if options["rule"] else None
        period: dict[str, Any] = {
            "since": datetime.combine(first, time.min, zone),
            "until": datetime.combine(last + timedelta(days=1), time.min, zone),
        }
        if options["end"]:
            if options["add"]:
                raise CommandError("--add and --end: a rule that is not there cannot be ended")
            return propose_end(owner, rule=rule, **period)
        try:
            details = json.decode(options["details"], type=Details)
        except ValidationError as error:
            raise CommandError(f"--details: {error}") from error
        return propose(
            owner,
            kind="fixed" if options["percent"] is None else "percentage",
            percent=options["percent"],
            amount=options["amount"],
            currency=options["currency"],
            details=details,
            rule=rule,
            adds=options["add"],
            **period,
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
        if not found.cells:
            self.stdout.write("Nothing of this period would be touched by the rule.")
        for currency, each in found.totals().items():
            self._line("total", currency, each, found)
        apart = found.by("is_share")
        if len({is_share for is_share, _ in apart}) > 1:
            for (is_share, currency), each in sorted(apart.items()):
                self._line(WHO[is_share].lower(), currency, each, found)
        for (month, currency), each in sorted(found.by("month").items()):
            self._line(month, currency, each, found)
        for (group, currency), each in found.by("group_id").items():
            name = groups.get(group, "a group that was deleted") if group else "no group"
            self._line(name, currency, each, found)
        partners = sorted(found.by("partner_id").items(), key=lambda pair: (pair[0][1], -abs(pair[1].difference)))
        for (partner, currency), each in partners:
            self._line(names[partner], currency, each, found)
        self.stdout.write(f"{found.called(found.same)} booked to the cent as the rules that stand say")
        for why, number in found.differ.items():
            self.stdout.write(f"{number:,} {REASONS[why]}")

    def _line(self, name: str, currency: str, each: Sum, found: Comparison) -> None:
        stands, proposed, difference = (
            display(amount, currency) for amount in (each.stands, each.proposed, each.difference)
        )
        said = f"{stands} as it stands, {proposed} as proposed, difference {difference}"
        self.stdout.write(f"{name}: {found.called(each.orders)}, {said}")


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


def _rule(owner: Owner, wanted: str) -> UUID:
    """The chain that is called so now, or has this id."""
    newest = {version.rule: version for version in rules_of(owner).filter(rule__isnull=False).order_by("number")}
    found = [rule for rule, version in newest.items() if rule and wanted in (str(rule), version.more().name)]
    if len(found) != 1:
        named = "; ".join(f"{rule} {version.more().name}".strip() for rule, version in newest.items())
        raise CommandError(f"--rule {wanted!r} is {len(found)} rules: name one of these by its id: {named or 'none'}")
    return found[0]
