"""A file of orders through the ingest: revenue and commissions to the cent, twice, and files that are none."""

from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from commissions.models import Commission
from merchants import tenancy
from merchants.models import Merchant
from orders.models import Order

HEAD = "order_id,customer_id,placed_on,quantity,amount_usd"


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """Three hundred orders of forty customers, some of nothing, in an order of their own."""
    luck = Random(1997)
    lines = [HEAD]
    for number in range(300):
        amount = Decimal(luck.choice([0, 1, 105, 1477, 2933, 99995])) / 100
        day = f"1997-{luck.randint(1, 12):02d}-{luck.randint(1, 28):02d}"
        lines.append(f"S{number:04d},{luck.randint(1, 40):05d},{day},{luck.randint(1, 5)},{amount}")
    path = tmp_path / "orders.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def replay(path: Path, **options: Any) -> str:
    out = StringIO()
    call_command("replay", str(path), merchant="sample", stdout=out, stderr=StringIO(), **options)
    return out.getvalue()


def rows() -> Counter[str]:
    with tenancy.tenant(tenancy.locate(tenancy.Finds.SLUG, "sample")):
        return Counter({m.__name__: m._default_manager.count() for m in apps.get_models() if m._meta.managed})


@pytest.mark.django_db
def test_revenue_and_every_commission_come_out_to_the_cent(sample: Path) -> None:
    said = replay(sample, partners=4)
    told = {line.split(",")[0]: line.split(",") for line in sample.read_text().splitlines()[1:]}
    with tenancy.tenant(tenancy.locate(tenancy.Finds.SLUG, "sample")):
        orders = {order.external_id: order for order in Order.objects.all()}
        earned = {c.order_id: c.amount for c in Commission.objects.all()}
    assert orders.keys() == told.keys()
    assert sum(order.amount for order in orders.values()) == sum(Decimal(row[4]) for row in told.values()) * 100
    for order_id, order in orders.items():
        is_direct = int(told[order_id][1]) % 5 == 0
        ten_percent = (Decimal(told[order_id][4]) * 10).quantize(Decimal(1), ROUND_HALF_UP)
        assert earned.get(order.id) == (None if is_direct else ten_percent)
    assert "300 orders: 300 new, 0 there already, 0 refused" in said
    assert "the books of sample hold" in said


@pytest.mark.django_db
def test_a_log_gets_no_line_of_progress(sample: Path) -> None:
    log = StringIO()
    call_command("replay", str(sample), merchant="sample", stdout=StringIO(), stderr=log)
    assert log.getvalue() == ""


@pytest.mark.django_db
def test_run_again_not_one_row_is_new(sample: Path) -> None:
    replay(sample)
    before = rows()
    assert before["Order"] == 300
    assert "0 new, 300 there already" in replay(sample)
    assert rows() == before


@pytest.mark.django_db
def test_an_order_that_changed_in_the_file_is_refused_and_stays(sample: Path) -> None:
    replay(sample)
    sample.write_text(sample.read_text().replace("S0007,", "S0007,9", 1))
    with pytest.raises(CommandError, match="1 orders were refused"):
        replay(sample)
    assert rows()["Order"] == 300


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "Line 1: the head must name"),
        ("order_id,customer_id,amount_usd\n", "Line 1: the head must name"),
        ("order_id,customer_id,placed_on,amount_xxx\n", "Line 1: the head must name"),
        (f"{HEAD}\n", "no orders"),
        (f"{HEAD}\nA,1,1997-02-30,1,5.00\n", "Line 2: placed_on"),
        (f"{HEAD}\nA,1,1997-02-01,1,5.001\n", "Line 2: the amount"),
        (f"{HEAD}\nA,1,1997-02-01,1,-5\n", "Line 2: the amount"),
        (f"{HEAD}\nA,1,1997-02-01,1,NaN\n", "Line 2: the amount"),
        (f"{HEAD}\nA,1,1997-02-01,1,five\n", "Line 2: the amount"),
        (f"{HEAD}\n,1,1997-02-01,1,5\n", "Line 2: every order needs"),
        (f"{HEAD}\nA,1,1997-02-01,1,5,6,7\n", "Line 2: every order needs"),
        (f'{HEAD}\nA,1,1997-02-01,1,"5\n', "no CSV"),
        (f"{HEAD}\nA,1,1997-02-01,{'1' * 20_000},5\n", "Line 2 is longer"),
        (f"{HEAD}\nA,1,1997-02-01,\0,5\n", "Line 2 holds a NUL"),
    ],
)
def test_a_file_that_is_none_is_refused_by_line_and_leaves_nothing(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(content)
    with pytest.raises(CommandError, match=says):
        replay(path)
    assert not Merchant.objects.exists()


@pytest.mark.django_db
def test_a_file_in_another_encoding_or_nowhere_says_so(tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes(f"{HEAD}\nA,M\xfcller,1997-02-01,1,5\n".encode("latin-1"))
    with pytest.raises(CommandError, match="not UTF-8"):
        replay(path)
    with pytest.raises(CommandError, match="No such file"):
        replay(tmp_path / "missing.csv")
