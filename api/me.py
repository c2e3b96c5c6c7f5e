"""GET /me: which account and which key is this?"""

from datetime import datetime
from uuid import UUID

import msgspec
from django.http import HttpResponse

from api.base import TenantRequest, TenantView, answered
from merchants.roles import Scope


class AccountShown(msgspec.Struct):
    """The account that a key belongs to."""

    id: UUID
    slug: str
    name: str
    currency: str
    time_zone: str
    created_at: datetime


class KeyShown(msgspec.Struct):
    """The key that asked."""

    id: UUID
    name: str
    scopes: list[str]


class MeAnswer(msgspec.Struct):
    """Who is asking."""

    account: AccountShown
    key: KeyShown


class Me(TenantView):
    """The account and the key of the request: a first call that proves that the key works."""

    scope = {"GET": Scope.READ}

    def get(self, request: TenantRequest) -> HttpResponse:
        """Answer with both."""
        merchant = request.merchant
        assert request.actor.id is not None
        return answered(
            MeAnswer(
                account=AccountShown(
                    id=merchant.id,
                    slug=merchant.slug,
                    name=merchant.name,
                    currency=merchant.currency,
                    time_zone=merchant.time_zone,
                    created_at=merchant.created_at,
                ),
                key=KeyShown(id=request.actor.id, name=request.actor.name, scopes=request.scopes),
            )
        )
