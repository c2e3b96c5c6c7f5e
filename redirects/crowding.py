"""A soft limit on what anybody may tell us without a key, by address.

Redis holds the count and nothing that cannot be lost: while it is away, everything passes.
"""

import time

from tracking import click_stream
from tracking.click_stream import StreamAway

#: Far above what people behind one address do, far below what fills a database.
LIMIT = 240
WINDOW = 60


def is_too_much(address_hash: str) -> bool:
    """Count one arrival from this address; whether it is over the limit of the running minute."""
    key = f"arrivals:{int(time.time()) // WINDOW}:{address_hash}"
    try:
        with click_stream.answering() as client, client.pipeline(transaction=True) as pipe:
            pipe.incr(key)
            pipe.expire(key, 2 * WINDOW)
            used = int(pipe.execute()[0])
    except StreamAway:
        return False
    return used > LIMIT
