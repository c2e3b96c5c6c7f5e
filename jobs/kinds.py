"""The kinds of jobs there are. Each is declared where its work lives; `settings.JOB_KINDS` lists those places.

How to write one. The work is a generator that gets the job and its parameters and yields a `Piece` after every piece:

    def recount(job: Job, parameters: Mapping[str, Any]) -> Work:
        orders = job.merchant.orders.order_by("id")
        total, done, last = orders.count(), job.done, job.state.get("last")
        while piece := list((orders.filter(id__gt=last) if last else orders)[:500]):
            ...                                             # a second or so of work
            done, last = done + len(piece), str(piece[-1].id)
            yield Piece(done=done, total=total, state={"last": last})
        yield Piece(done=done, total=total, result={"summary": f"{done} orders recounted."})

    KINDS = (Kind("orders.recount", "Recount orders", frozenset({Permission.EDIT_REWARDS}), recount),)

* What stands between two yields is one transaction in the merchant's tenant and time zone, and what the Piece says is
  written in that same transaction. Never hold a lock, a cursor or a row of one piece over a yield: read again.
* A worker may die at any moment. Another then begins the generator anew: with `job.state` as the last piece left it,
  and everything after that piece undone. Begin from `job.state`, or from the start when the work leaves nothing behind.
* A job is cancelled between two pieces, and taken for dead after `work.STALE` without one. Keep pieces short.
* A DomainError ends the job with its message. Anything else is a mistake of ours, and is logged as one.
* A file is offered by the last piece (`Ready`), and made and stored outside of any transaction.
* What talks to somebody else (a mail server) is `afterwards`: done once the piece is committed, outside of any
  transaction. A worker may die over it, so the piece has written down what is about to be done; it is not done again.
* Act as `job.actor`, so that the audit log names the person.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

from django.conf import settings
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from jobs.models import Job
from merchants.roles import Permission


@dataclass(frozen=True, slots=True)
class Ready:
    """A file that can be had."""

    make: Callable[[], Path]
    """Writes what is left to write and says where the file is. Called once, outside of any transaction."""
    saved_as: str
    """What a browser saves it as; its ending is kept in the storage too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """How far the work is after a piece."""

    done: int
    total: int
    state: Mapping[str, Any] | None = None
    """Where to go on, JSON. None: where the piece before said, at first from the start."""
    result: Mapping[str, Any] | None = None
    file: Ready | None = None
    afterwards: Callable[[], None] | None = None


Work: TypeAlias = Generator[Piece, None, None]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job."""

    name: str
    title: str
    """What it does, as the list of jobs says it."""
    needs: frozenset[Permission]
    """What staff need to see, cancel or run such a job again and to have its file: all of them.

    Empty for a partner's own job, which no staff see.
    """
    work: Callable[[Job, Mapping[str, Any]], Work]

    def open_to(self, may: Callable[[Permission], bool]) -> bool:
        """Whether staff who `may` do this see such jobs."""
        return bool(self.needs) and all(may(permission) for permission in self.needs)


def kinds() -> Mapping[str, Kind]:
    """Every kind by name."""
    return _read(tuple(settings.JOB_KINDS))


@cache
def _read(places: tuple[str, ...]) -> Mapping[str, Kind]:
    found = [kind for place in places for kind in import_string(place)]
    named = {kind.name: kind for kind in found}
    if len(named) < len(found):
        raise ValueError("two kinds of jobs have the same name")
    return named


def seen_by_staff(jobs: "QuerySet[Job]", may: Callable[[Permission], bool]) -> "QuerySet[Job]":
    """Those of `jobs` that staff who `may` do this can see; a kind of another version is seen by nobody."""
    return jobs.filter(kind__in=[kind.name for kind in kinds().values() if kind.open_to(may)])


def seen_by(jobs: "QuerySet[Job]", actor_kind: str, actor_id: Any) -> "QuerySet[Job]":
    """Those of `jobs` that this one started."""
    return jobs.filter(actor_kind=actor_kind, actor_id=actor_id, kind__in=list(kinds()))
