"""Tables of results, on the screen and in RESULTS.md."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psycopg

from benchmarks.places import HERE, PRODUCT, address

_PACKAGES = ("Django", "djangorestframework", "msgspec", "psycopg", "granian", "redis")


class Report:
    """Collects tables; prints each as it is done."""

    def __init__(self, command: str) -> None:
        self._parts = [_INTRODUCTION.format(command=command, machine=_machine(), day=datetime.now(UTC).date())]

    def table(self, title: str, columns: list[str], rows: list[list[str]], note: str = "") -> None:
        """One table, with what is to be known about it below."""
        lines = [f"## {title}", "", _row(columns), _row(["---"] * len(columns)), *map(_row, rows)]
        self._parts.append("\n".join([*lines, *(["", note] if note else [])]))
        print(f"\n{self._parts[-1]}", flush=True)

    def write(self) -> Path:
        """Replace RESULTS.md."""
        path = HERE / "RESULTS.md"
        path.write_text("\n\n".join(self._parts) + "\n")
        return path


_INTRODUCTION = """# Results

Written by `{command}` on {day}. Every figure is a ratio of two runs that took turns on one machine, the median of the
pairs; the absolute figures say more about the machine and what else it did than about the product.

The limit is the least that the same work can cost: one plpgsql call for a sale (`limit/sale.sql`), one inserted row for
a click (`limit/click.sql`), by pgbench with 4 clients, each committed to disk. It has no row-level security,
explanation or HTTP. The product is the whole stack: Granian as `manage.py demo` starts it, row-level security, books.

{machine}"""


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _machine() -> str:
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    with psycopg.connect(address(PRODUCT)) as connection:
        row = connection.execute("SELECT split_part(version(), ' ', 2), current_setting('fsync')").fetchone()
    assert row is not None
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=HERE).stdout
    processor, python = model.partition(": ")[2] or platform.machine(), sys.version.split()[0]
    return (
        f"Machine: {os.cpu_count()} x {processor}, load {os.getloadavg()[0]:.1f} at the start.\n"
        f"Commit {commit.strip()}. PostgreSQL {row[0]} (fsync {row[1]}), Python {python}, {packages}."
    )
