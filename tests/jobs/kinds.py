"""Kinds of jobs that do as they are told, for tests of what stands around the work."""

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jobs.kinds import Kind, Piece, Ready, Work
from jobs.models import Job
from merchants.audit import record
from merchants.errors import DomainError
from merchants.roles import Permission
from merchants.statements import Statement

#: The piece in whose middle this process stops, with its work done and not committed. Set in the process to be killed.
stops_at: list[int] = []


def count(job: Job, parameters: Mapping[str, Any]) -> Work:
    """Leave one row in the audit log for each of `pieces`. At `refuses`, `breaks`, `loses` (the
    database) or `cancelled` that happens.
    """
    pieces: int = parameters["pieces"]
    for number in range(job.state.get("next", 0), pieces):
        if number == parameters.get("refuses"):
            raise DomainError("Two is too many.", code="invalid")
        if number == parameters.get("breaks"):
            raise ZeroDivisionError
        record(job.actor, "test.piece", "job", job.id, after={"number": number})
        if number == parameters.get("loses"):
            # The way of a sale: past Django and its errors.
            Statement("SELECT pg_terminate_backend(pg_backend_pid())::int").value({})
        if number in stops_at:
            os.kill(os.getpid(), signal.SIGSTOP)
        if number == parameters.get("cancelled"):
            Job.objects.filter(id=job.id).update(status="cancelled", claim=None)
        yield Piece(done=number + 1, total=pieces, state={"next": number + 1}, result={"summary": f"{number + 1}."})


def make(job: Job, parameters: Mapping[str, Any]) -> Work:
    """A file that says `text`."""

    def made() -> Path:
        path = Path(parameters["folder"]) / "made.txt"
        path.write_text(parameters["text"])
        return path

    yield Piece(done=1, total=1, file=Ready(made, "greeting.txt"))


KINDS = (
    Kind("test.count", "Count", frozenset({Permission.EDIT_PAYOUTS}), count),
    Kind("test.make", "Make a file", frozenset({Permission.VIEW_PAYOUTS}), make),
)
