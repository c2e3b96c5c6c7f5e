"""GET /me: which account and which key is this?"""

from uuid import UUID

import msgspec
from django.http import HttpResponse

from api.base import TenantRequest, TenantView, answered
from api.choices import Moment
from api.operations import documented
from merchants.roles import Scope


class AccountShown(msgspec.Struct):
    """The account that a key belongs to."""

    id: UUID
    slug: str
    name: str
    currency: str
    time_zone: str
    created_at: Moment


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

    @documented("Get the account and key", answer=MeAnswer)
    def get(self, request: TenantRequest) -> HttpResponse:
        """The account and the key of the request."""
        merchant = request.merchant
        merchant.refresh_from_db(fields=["slug", "name", "currency", "time_zone", "created_at"])
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
                key=KeyShown(id=request.key_id, name=request.actor.name, scopes=request.scopes),
            )
        )
