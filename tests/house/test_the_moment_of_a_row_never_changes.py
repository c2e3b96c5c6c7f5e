"""A house rule as a lint: what lists and files are sorted by is set when a row is made, and by nothing after.

Pages and pieces are cut by keyset. A row whose moment changed would pass a reader unseen, or meet it twice.
"""

import ast
import re
from collections.abc import Iterator

import pytest

from pages.exports import WRITTEN_ONCE
from tests.house.test_reads_start_from_the_tenant import APPS, ROOT

_CHANGES = {"update", "update_or_create", "bulk_update", "edit"}
_UPDATED = re.compile(r"\bUPDATE\b.*?\bSET\b(?P<set>.*?)(?:\bWHERE\b|\bFROM\b|\bRETURNING\b|$)", re.DOTALL)


def offences(source: str) -> Iterator[int]:
    """Lines that set such a column of a row that is there already: by attribute, by an update, by SQL."""
    names = WRITTEN_ONCE - {"id"}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr in names:
            yield node.lineno
        if isinstance(node, ast.Call) and _called(node) in _CHANGES:
            given = [keyword.arg for keyword in node.keywords]
            given += [inner.value for arg in node.args for inner in ast.walk(arg) if isinstance(inner, ast.Constant)]
            if names & set(given):
                yield node.lineno
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for update in _UPDATED.finditer(node.value):
                if any(re.search(rf"\b{name}\s*=[^=]", update["set"]) for name in names):
                    yield node.lineno


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


# The demo gives the partners it plants a past, before anybody can read them.
@pytest.mark.parametrize("app", sorted(set(APPS) - {"demo"}))
def test_nobody_changes_it(app: str) -> None:
    found = {
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted((ROOT / app).rglob("*.py"))
        for line in offences(path.read_text())
    }
    assert not found


@pytest.mark.parametrize(
    "source",
    [
        "order.placed_at = now",
        "merchant.orders.filter(id=id).update(placed_at=now)",
        "edit(customer, {'created_at': now}, verb='x', actor=actor)",
        "Order.objects.bulk_update(orders, ['placed_at'])",
        "cursor.execute('UPDATE orders_order SET amount = 1, placed_at = now() WHERE id = %s')",
        "cursor.execute('INSERT INTO x VALUES (1) ON CONFLICT (id) DO UPDATE SET occurred_at = excluded.occurred_at')",
    ],
)
def test_the_rule_sees_it(source: str) -> None:
    assert list(offences(source))


def test_the_rule_lets_rows_be_made_and_asked_for() -> None:
    source = """
Order(placed_at=now)
orders.filter(placed_at__lt=now).update(refunded=1)
cursor.execute("UPDATE orders_order SET refunded = 1 WHERE placed_at = %s")
if order.placed_at == now: pass
"""
    assert not list(offences(source))
