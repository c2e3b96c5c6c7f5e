"""`python -m benchmarks [what …]`: the product against its limit, on the servers that the product would use.

Makes two databases of its own beside the product's and drops them before the next run. Takes about five minutes.
"""

import argparse
import os
import sys

from benchmarks import places
from config import embedded

_PARTS = ("single", "rules", "history", "batch", "redirect", "memory", "lag", "lists", "export")


def main() -> None:
    """Measure what was asked for, or everything, and write RESULTS.md when it was everything."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("what", nargs="*", metavar="what", help=f"any of {', '.join(_PARTS)}; everything when left out")
    parser.add_argument("--seconds", type=int, default=6, help="length of one run (6)")
    parser.add_argument("--rounds", type=int, default=5, help="pairs of runs, of which the median counts (5)")
    parser.add_argument("--full", action="store_true", help="lists with 5,000,000 orders instead of 500,000")
    parser.add_argument("--keep", action="store_true", help="go on with the databases of the last run")
    asked = parser.parse_args()
    if unknown := set(asked.what) - set(_PARTS):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    with embedded.servers():
        places.server()
        if not asked.keep:
            places.make_limit()
        accounts = places.enter_product(keep=asked.keep)
        # Only now can modules be imported that want Django's settings.
        from benchmarks import measures
        from benchmarks.report import Report

        report = Report(f'make bench ARGS="{" ".join(sys.argv[1:])}"')
        measure = measures.Measures(report, accounts, seconds=asked.seconds, rounds=asked.rounds)
        for part in asked.what or _PARTS:
            if part == "lists":
                measure.lists(orders=5_000_000 if asked.full else 500_000)
            else:
                getattr(measure, part)()
        if not asked.what:
            print(f"\nwritten to {os.path.relpath(report.write())}")


if __name__ == "__main__":
    main()
