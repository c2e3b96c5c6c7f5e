"""Statements of the hot path: written with names, sent with numbers, prepared once per connection.

They go to libpq past psycopg's cursor. That one sends and waits in Python, step by step, so that it can be interrupted
and pipelined, and takes 84 µs of CPU for `SELECT $1`; libpq's own blocking call takes 9, and other threads run
meanwhile just the same.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connections
from psycopg import Connection, DataError, OperationalError
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.pq import DiagnosticField, Escaping, ExecStatus
from psycopg.pq.abc import PGresult

_NAME = re.compile(r"%\((\w+)\)s")
#: Prepared statements that a connection keeps; each holds its plan in the server's memory. psycopg has the same limit.
_KEPT = 100
_SUCCESS = (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK)


@dataclass(slots=True)
class _Session:
    """What one connection has prepared, and how often it ran any of it."""

    names: dict[bytes, None] = field(default_factory=dict)
    """The oldest first."""
    executed: int = 0
    plan_again_at: int = 4


_sessions: "WeakKeyDictionary[Connection[Any], _Session]" = WeakKeyDictionary()


class Statement:
    """SQL with `%(name)s` parameters, run as a server-side prepared statement in the running transaction.

    A parameter is text, a number, a UUID, None or a list of these, written as `str` writes it, or JSON as bytes: the
    server gives it the type that the statement needs. Raises psycopg's own errors, not Django's.
    """

    def __init__(self, sql: str) -> None:
        self._written = sql
        self._names = list(dict.fromkeys(_NAME.findall(sql)))
        numbers = {name: f"${number}" for number, name in enumerate(self._names, 1)}
        self._sql = _NAME.sub(lambda match: numbers[match[1]], sql)
        self._prepared_as = b"accrue_" + blake2b(self._sql.encode(), digest_size=12).hexdigest().encode()

    def beside(self, other: "Statement") -> "Statement":
        """Both in one statement, a JSON array of what each answers (one document, or no row, which is null)."""
        return Statement(f"SELECT json_build_array(({self._written}), ({other._written}))")

    def run(self, parameters: Mapping[str, Any]) -> tuple[Any, ...] | None:
        """Execute and return the first row, if any."""
        result = self._execute(parameters)
        if result.ntuples == 0:
            return None
        transformer = Transformer(_raw())
        transformer.set_pgresult(result)
        return transformer.load_row(0, tuple)

    def value(self, parameters: Mapping[str, Any]) -> bytes | None:
        """Execute and return the first row's first column as the server wrote it; None without a row.

        Spares 14 µs of finding out types where the answer is one JSON document.
        """
        result = self._execute(parameters)
        return result.get_value(0, 0) if result.ntuples else None

    def opening(self, begin: bytes, parameters: Mapping[str, Any]) -> bytes | None:
        """As `value`, sent in one message with `begin`, which begins the transaction and ends with a semicolon.

        It spares a round trip: 25 µs of CPU for the sleep and the waking on this side, and as much on the server's.
        """
        raw = _raw()
        if raw.prepare_threshold is None:
            _succeeded(raw.pgconn.exec_(begin))
            return self.value(parameters)
        result = _succeeded(raw.pgconn.exec_(begin + self._spelled(raw, parameters)))
        return result.get_value(0, 0) if result.ntuples else None

    def closing(self, commit: bytes, parameters: Mapping[str, Any]) -> None:
        """Execute, and send `commit` behind it in the same message; when this fails, that is not reached."""
        raw = _raw()
        if raw.prepare_threshold is None or not commit:
            self._execute(parameters)
            if commit:
                _succeeded(raw.pgconn.exec_(commit))
        else:
            _succeeded(raw.pgconn.exec_(self._spelled(raw, parameters) + b"; " + commit))

    def _spelled(self, raw: "Connection[Any]", parameters: Mapping[str, Any]) -> bytes:
        """The prepared statement and its parameters as SQL text, which one message may hold several of."""
        escaped = Escaping(raw.pgconn).escape_literal
        written = [_written(parameters[name]) for name in self._names]
        values = b", ".join([b"NULL" if value is None else escaped(value) for value in written])
        name = self._prepare(raw)
        return b"EXECUTE %b(%b)" % (name, values) if values else b"EXECUTE %b" % name

    def _execute(self, parameters: Mapping[str, Any]) -> PGresult:
        raw = _raw()
        values: list[Any] = [_written(parameters[name]) for name in self._names]
        if raw.prepare_threshold is None:  # ACCRUE_POOLED: nothing may stay on the session
            return _succeeded(raw.pgconn.exec_params(self._sql.encode(), values))
        return _succeeded(raw.pgconn.exec_prepared(self._prepare(raw), values))

    def _prepare(self, raw: "Connection[Any]") -> bytes:
        """The name under which this connection knows the statement; a rollback does not undo that."""
        session = _sessions.get(raw)
        if session is None:
            session = _sessions[raw] = _Session()
        if self._prepared_as not in session.names:
            if len(session.names) >= _KEPT:
                oldest = next(iter(session.names))
                _succeeded(raw.pgconn.exec_(b"DEALLOCATE " + oldest))
                del session.names[oldest]
            _succeeded(raw.pgconn.prepare(self._prepared_as, self._sql.encode()))
            session.names[self._prepared_as] = None
        _plan_anew_now_and_then(raw, session)
        return self._prepared_as


def _plan_anew_now_and_then(raw: "Connection[Any]", session: _Session) -> None:
    """Drop the session's plans after 4, 16, 64, … executions, those of triggers as well.

    A plan is made once and kept until the tables are analyzed. One that was made while they were small reads them
    whole; a first import would take time by the square of its size until autovacuum comes by, a minute later.
    """
    session.executed += 1
    if session.executed == session.plan_again_at:
        session.plan_again_at *= 4
        _succeeded(raw.pgconn.exec_(b"DISCARD PLANS"))


def execute(raw: "Connection[Any]", command: bytes) -> None:
    """Run SQL that has neither parameters nor an answer, past psycopg's cursor."""
    _succeeded(raw.pgconn.exec_(command))


def _raw() -> "Connection[Any]":
    """psycopg's connection below Django's; `django.db.connection` would take twice as long to lead there."""
    raw: Connection[Any] = connections[DEFAULT_DB_ALIAS].connection
    return raw


def _succeeded(result: PGresult) -> PGresult:
    """The result, or psycopg's error. Without a code from the server it was the connection that was lost."""
    if result.status in _SUCCESS:
        return result
    if result.error_field(DiagnosticField.SQLSTATE) is None:
        raise OperationalError(result.get_error_message())
    raise error_from_result(result)


def _written(value: Any) -> bytes | None:
    """A parameter in PostgreSQL's text format; bytes are in it already."""
    if value is None or isinstance(value, bytes):
        return value
    text = f"{{{','.join([_element(element) for element in value])}}}" if isinstance(value, list) else str(value)
    if "\0" in text:
        raise DataError("PostgreSQL text cannot hold NUL")  # libpq would take it for the end
    return text.encode()


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
