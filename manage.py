#!/usr/bin/env python3
"""Run one of Accrue's commands, with the embedded servers at hand when no other are named."""

import os
import sys


def main() -> None:
    """Attach to (or start for this command) PostgreSQL and Valkey, then hand over to Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    from config import embedded

    with embedded.servers():
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
