"""Whoever gives a partner something that names them holds the partner's row, as whoever erases them does."""

from affiliates.models import Partner
from merchants.errors import Conflict


def hold_known(partner: Partner, *, instead: str) -> None:
    """Hold the partner until the transaction ends; Conflict `partner_erased` when nobody knows any more who it was.

    `instead` says what to do then. What was read of the partner before stays as it was read.
    """
    known = Partner.objects.select_for_update(no_key=True).filter(id=partner.id, erased_at=None)
    if not list(known.values_list("id")):
        raise Conflict(f"This partner was erased: {instead}.", code="partner_erased")
