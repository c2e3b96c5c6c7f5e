"""Finding rows by the starts of words, at the same cost however many rows a merchant has.

Under row-level security PostgreSQL looks at the policy first, and lets only operators that cannot leak (`leakproof`)
go ahead of it into an index. LIKE and functions of columns are none, so a search by them reads every row of the
tenant. Comparing text under the collation "C" is one: words are kept as rows of their own, folded by Python, and what
somebody types is found between `word` and the word's last continuation, in the key (merchant, word, row), which is
walked backward, for the newest row of a word has the highest id.

A search looks at no more than `LOOKED_AT` rows of the rarest word and finds no more than `FOUND`; those whose word is
exactly what was typed come first, the newest of them before the others. More than that nobody reads: they type more.
"""

# ruff: noqa: S608, S611 - what is put together are names of tables from the models; what was typed is a parameter.

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection, models
from django.db.models import F, Func
from django.db.models.expressions import RawSQL

from merchants.models import Merchant
from merchants.tenancy import current

FOUND = 1_000
LOOKED_AT = 2_000

#: Of a word so much is kept, and so many of a row; nobody types more.
_LONGEST = 64
_MOST = 100
_MOST_TYPED = 8
#: Behind every continuation of a word, in the order of code points.
_LAST = "\U0010ffff"

_APOSTROPHES = str.maketrans("", "", "'’ʼ`´")
_INSIDE = re.compile(r"[\W_]+")
_AROUND = re.compile(r"^[\W_]+|[\W_]+$")


class Word(models.Model):
    """A word that starts what somebody may type to find a row."""

    merchant = models.ForeignKey(
        Merchant, on_delete=models.CASCADE, related_name="%(class)ss", db_constraint=False, db_index=False
    )
    word = models.CharField(max_length=_LONGEST, db_collation="C")
    """Folded: see `fold`."""

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.word


def fold(text: str) -> str:
    """Without case, accents and apostrophes, compatible characters as one: what is compared."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_APOSTROPHES))
    return "".join(each for each in plain if not unicodedata.combining(each)).casefold()


def words_of(
    names: Iterable[str | None], *, emails: Iterable[str | None] = (), keys: Iterable[str | None] = ()
) -> set[str]:
    """What finds a row: e-mails and the parts of what is left of the @, keys whole, words of names and their parts."""
    found: dict[str, None] = {}
    for email in emails:
        for word in _whole(email):
            found.update(dict.fromkeys((word, *_INSIDE.split(word.partition("@")[0]))))
    for key in keys:
        found.update(dict.fromkeys(_whole(key)))
    for name in names:
        for word in _whole(name):
            found.update(dict.fromkeys((word, *_INSIDE.split(word))))
    found.pop("", None)
    return {word[:_LONGEST] for word in list(found)[:_MOST]}


def typed_words(text: str) -> list[str]:
    """The words of what somebody typed; of a number with its country code the digits, however it was grouped."""
    if text.lstrip().startswith("+"):
        digits = "".join(each for each in text if each.isdecimal())
        return [digits[:_LONGEST]] if digits else []
    return list(dict.fromkeys(word[:_LONGEST] for word in _whole(text)))[:_MOST_TYPED]


def _whole(text: str | None) -> list[str]:
    """Between spaces, without what stands around a word."""
    stripped = (_AROUND.sub("", word) for word in fold(text or "").split())
    return [word for word in stripped if word]


class Among(Func):
    """`column = ANY(ARRAY(query))`, as a condition.

    Not IN: the planner takes such an array for short and looks each id up by the key. A query it takes for long, and
    then it walks the list in the order it is sorted by, in the hope to meet one soon; whose are old are met last.
    """

    template = "%(expressions)s)"
    arg_joiner = " = ANY(ARRAY"
    output_field = models.BooleanField()

    def __init__(self, query: str, parameters: Sequence[Any]) -> None:
        super().__init__(F("id"), RawSQL(query, parameters))

    @classmethod
    def none(cls) -> "Among":
        """Nothing."""
        return cls("SELECT NULL::uuid WHERE false", [])


@dataclass(frozen=True, slots=True)
class Index:
    """The words of the rows of one table."""

    words: type[Word]
    column: str
    """What of a word names its row."""

    @property
    def table(self) -> str:
        """Of the words."""
        return self.words._meta.db_table

    def starting(self, text: str, *, or_ids: Sequence[tuple[str, Sequence[Any]]] = ()) -> Among:
        """The condition that all words of `text` start words of a row; or that one of `or_ids` finds it.

        `or_ids` are queries of ids with their parameters. Asks the database which of several words is the rarest.
        """
        typed = typed_words(text)
        parts = [*([self._of(self._rarest_first(typed))] if typed else []), *or_ids]
        if not parts:
            return Among.none()
        return Among(
            " UNION ALL ".join(f"({query})" for query, _ in parts), [value for _, each in parts for value in each]
        )

    def _of(self, typed: Sequence[str]) -> tuple[str, list[Any]]:
        merchant_id, (rarest, *others) = current(), typed
        # A scalar, not EXISTS: that becomes a join, which may read all rows of a common word. And the word is not among
        # its conditions, lest it be looked for in the key: a row has few words, a common word has many rows.
        also = "".join(
            f" AND (SELECT bool_or(o.word >= %s AND o.word < %s) FROM {self.table} o"
            f" WHERE o.merchant_id = %s AND o.{self.column} = w.{self.column})"
            for _ in others
        )
        query = (
            f"SELECT w.{self.column} FROM ("
            f"(SELECT {self.column} FROM {self.table} WHERE merchant_id = %s AND word = %s"
            f" ORDER BY {self.column} DESC LIMIT {LOOKED_AT})"
            f" UNION ALL (SELECT {self.column} FROM {self.table} WHERE merchant_id = %s AND word > %s AND word < %s"
            f" ORDER BY word DESC, {self.column} DESC LIMIT {LOOKED_AT}) LIMIT {LOOKED_AT}) w"
            f" WHERE true{also} LIMIT {FOUND}"
        )
        parameters = [merchant_id, rarest, merchant_id, rarest, rarest + _LAST]
        return query, parameters + [value for word in others for value in (word, word + _LAST, merchant_id)]

    def _rarest_first(self, typed: list[str]) -> list[str]:
        if len(typed) < 2:
            return typed
        statement = f"""
            SELECT typed.number FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS typed (first, last, number),
                   LATERAL (SELECT count(*) FROM (SELECT FROM {self.table} WHERE merchant_id = %s
                       AND word >= typed.first AND word < typed.last LIMIT {FOUND}) counted) has
             ORDER BY has.count, length(typed.first) DESC"""
        with connection.cursor() as cursor:
            cursor.execute(statement, [typed, [word + _LAST for word in typed], current()])
            return [typed[number - 1] for (number,) in cursor.fetchall()]

    def replace(self, fresh: Mapping[UUID, set[str]]) -> None:
        """Make these the words of these rows of the running tenant; what stands already is not written again."""
        if not fresh:
            return
        ids, words = _pairs(fresh)
        parameters: dict[str, Any] = {"merchant": current(), "rows": list(fresh), "ids": ids, "words": words}
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                WITH fresh AS MATERIALIZED (SELECT * FROM unnest(%(ids)s::uuid[], %(words)s::text[]) AS f (id, word)),
                gone AS (
                    DELETE FROM {self.table} w WHERE w.merchant_id = %(merchant)s AND w.{self.column} = ANY(%(rows)s)
                       AND NOT EXISTS (SELECT FROM fresh f WHERE f.id = w.{self.column} AND f.word = w.word)
                )
                INSERT INTO {self.table} (merchant_id, {self.column}, word)
                SELECT %(merchant)s, f.id, f.word FROM fresh f
                ON CONFLICT DO NOTHING""",
                parameters,
            )

    def standing(self, ids: Sequence[UUID]) -> dict[UUID, set[str]]:
        """The words that are kept for these rows."""
        found: dict[UUID, set[str]] = {row: set() for row in ids}
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {self.column}, word FROM {self.table} WHERE merchant_id = %s AND {self.column} = ANY(%s)",
                [current(), list(ids)],
            )
            for row, word in cursor:
                found[row].add(word)
        return found


def _pairs(fresh: Mapping[UUID, set[str]]) -> tuple[list[UUID], list[str]]:
    pairs = [(row, word) for row, words in fresh.items() for word in sorted(words)]
    return [row for row, _ in pairs], [word for _, word in pairs]
