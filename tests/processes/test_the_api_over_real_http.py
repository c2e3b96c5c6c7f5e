"""The API as the server sends it, behind its own handler: what a test client would not see."""

import http.client
import json

from merchants.models import Merchant
from tests.processes.test_every_acknowledged_sale_exists_once import prepare
from tests.processes.web import running_web


def test_an_answer_says_its_length_its_type_and_that_it_is_not_to_be_sniffed(committed_merchant: Merchant) -> None:
    key = prepare(committed_merchant)
    with running_web() as web:
        client = http.client.HTTPConnection("localhost", web.port, timeout=10)
        for path, status in (("/api/v1/me", 200), ("/api/v1/nothing", 404)):
            client.request("GET", path, headers={"Authorization": f"Bearer {key}"})
            response = client.getresponse()
            body = response.read()
            assert response.status == status
            assert response.headers["Content-Length"] == str(len(body))
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["X-Request-Id"]
            assert "Set-Cookie" not in response.headers
            json.loads(body)
        client.request("GET", "/api/v1/me", headers={"Host": "elsewhere.example", "Authorization": f"Bearer {key}"})
        response = client.getresponse()
        assert response.status == 400
        assert response.headers["Content-Type"] == "application/problem+json"
