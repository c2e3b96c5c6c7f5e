"""What the query string of a partner's list asks for, and whose rows they are: read the same way by list and files."""

from dataclasses import dataclass
from typing import Self

from django.http import QueryDict

from affiliates.models import Partner
from partner_portal.door import PartnerRequest


@dataclass(frozen=True, slots=True)
class Asked:
    """A partner's filters."""

    partner: Partner
    query: QueryDict

    @classmethod
    def of(cls, request: PartnerRequest) -> Self:
        """What this request asks for."""
        return cls(request.partner, request.GET)
