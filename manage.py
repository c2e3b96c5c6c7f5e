#!/usr/bin/env python3
"""Run one of Accrue's commands, with the embedded servers at hand when no other are named."""

import os
import sys


def main() -> None:
    """Attach to (or start for this command) PostgreSQL and Valkey, then hand over to Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        from django.core.management import execute_from_command_line

        from config import embedded
    except ModuleNotFoundError as error:
        sys.exit(
            f"{error.name} is not installed for {sys.executable}. Run `make install`, then .venv/bin/python manage.py"
        )

    try:
        with embedded.servers():
            execute_from_command_line(sys.argv)
    except embedded.EmbeddedError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
