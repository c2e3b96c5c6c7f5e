"""Several clicks on one button at the same moment: all but one lose the race, and lead to what the first one made."""

from uuid import uuid4

from django.test import Client
from django.urls import reverse

from merchants import tenancy
from merchants.models import Merchant
from tests.factories import MembershipFactory, PartnerFactory
from tests.races import race


def test_both_lead_to_the_one_commission(committed_merchant: Merchant) -> None:
    with tenancy.tenant(committed_merchant.id):
        user, partner = MembershipFactory().user, PartnerFactory()
    address = reverse("backoffice:commissions_new", args=[committed_merchant.slug])
    typed = {"partner": partner.email, "amount": "12", "currency": "USD", "reason": "Promised", "once": str(uuid4())}

    def click() -> None:
        browser = Client()
        browser.force_login(user)
        answer = browser.post(address, typed)
        assert answer.status_code == 302, answer.content.decode()

    assert race(*[click] * 6) == ["ok"] * 6
    with tenancy.tenant(committed_merchant.id):
        assert committed_merchant.commissions.count() == 1
