"""`manage.py staff add --merchant SLUG --email ADDRESS --role ROLE`."""

import sys
from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from config.operators import ACTOR, merchant_called
from merchants.roles import Role
from merchants.staff import add_staff


class Command(BaseCommand):
    """Give somebody a role at a merchant."""

    help = "Add staff to a merchant. A new user's password is asked for, or read from standard input."

    def add_arguments(self, parser: CommandParser) -> None:
        """Name the one thing it does."""
        verbs = parser.add_subparsers(dest="verb", required=True)
        add = verbs.add_parser("add", help="add somebody")
        add.add_argument("--merchant", required=True, metavar="SLUG")
        add.add_argument("--email", required=True)
        add.add_argument("--role", required=True, choices=Role.values)
        add.add_argument("--name", default="")
        add.add_argument("--no-password", action="store_true", help="a new user cannot sign in yet")

    def handle(self, *args: Any, **options: Any) -> None:
        """Add them; an existing user keeps name and password."""
        password = None if options["no_password"] else self._password()
        with merchant_called(options["merchant"]) as merchant:
            add_staff(
                email=options["email"], role=options["role"], name=options["name"], password=password, actor=ACTOR
            )
        self.stdout.write(f"{options['email']} is {options['role']} of {merchant.name}.")

    def _password(self) -> str:
        # Never an argument: those are shown to everybody on the machine.
        return getpass("Password for a new user: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
