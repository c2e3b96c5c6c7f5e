"""The limit: pgbench on the scripts in limit/."""

import re
import subprocess

from benchmarks.places import HERE, LIMIT, address, program

CLIENTS = 4


def rate(script: str, *, seconds: int) -> float:
    """Transactions a second of `limit/<script>.sql`, 4 clients, each committed to disk."""
    command = [program("pgbench"), "--no-vacuum", f"--client={CLIENTS}", "--jobs=1", f"--time={seconds}"]
    done = subprocess.run(
        [*command, f"--file={HERE / 'limit' / script}.sql", address(LIMIT)], capture_output=True, text=True, check=True
    )
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    assert found is not None, done.stdout + done.stderr
    return float(found[1])
