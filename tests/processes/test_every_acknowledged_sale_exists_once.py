"""Conservation: clients with retries, a web server killed again and again, and the books after."""

import http.client
import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from uuid import UUID

from affiliates.programs import default_program
from commissions import verify as commissions_verify
from commissions.models import Commission
from ledger import verify as ledger_verify
from merchants import keys, tenancy
from merchants.models import Merchant
from orders.models import Order
from rewards.terms import set_reward
from tests.factories import ACTOR, PartnerFactory
from tests.processes.web import Web, running_web

CLIENTS = 4
SALES_EACH = 40
KILLS = 3


def prepare(merchant: Merchant) -> str:
    with tenancy.tenant(merchant.id):
        PartnerFactory(coupon_code="ANNA10")
        set_reward(program=default_program(actor=ACTOR), kind="percentage", percent="10", actor=ACTOR)
        return keys.issue(name="load", scopes=["track"], actor=ACTOR)[1]


def send(web: Web, key: str, number: int, stopped: Event) -> tuple[str, dict[str, object]]:
    """Send one sale until it is acknowledged, as a careful client does: the same body, the same key."""
    order_id = f"o{number}"
    body = json.dumps(
        {
            "order_id": order_id,
            "amount": 1_000 + number,
            "currency": "USD",
            "coupon": "anna10",
            "customer": {"external_id": f"c{number % 17}", "email": f"c{number % 17}@{key[-8:].lower()}.example"},
        }
    )
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Idempotency-Key": order_id}
    while not stopped.is_set():
        try:
            client = http.client.HTTPConnection("localhost", web.port, timeout=10)
            client.request("POST", "/api/v1/sales", body, headers)
            response = client.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException):
            continue  # killed under our hands: send it again
        finally:
            client.close()
        assert response.status in (200, 201, 503), answer
        if response.status != 503:
            return order_id, json.loads(answer)
    raise AssertionError("stopped before it was acknowledged")


def test_every_acknowledged_sale_exists_once(committed_merchant: Merchant) -> None:
    key = prepare(committed_merchant)
    stopped = Event()
    with running_web() as web, ThreadPoolExecutor(CLIENTS) as pool:
        try:
            sent = [pool.submit(send, web, key, number, stopped) for number in range(CLIENTS * SALES_EACH)]
            for kill in range(1, KILLS + 1):
                sent[kill * len(sent) // (KILLS + 2)].result(timeout=60)
                web.kill()
                web.start()
            answers = dict(future.result(timeout=60) for future in sent)
        finally:
            stopped.set()
    with tenancy.tenant(committed_merchant.id):
        orders = {order.external_id: order for order in Order.objects.all()}
        assert orders.keys() == answers.keys()
        assert all(str(orders[id].id) == answers[id]["order"]["id"] for id in answers)  # type: ignore[index]
        per_order: Counter[UUID | None] = Counter(Commission.objects.values_list("order_id", flat=True))
        assert set(per_order.values()) == {1}
        assert len(per_order) == len(orders)
        assert [*ledger_verify.problems(), *commissions_verify.problems()] == []
