"""Finding partners by the starts of the words of their name, their e-mail and their coupons' codes.

Partners and coupons are made and changed by verbs alone, so their words are written with them; `verify` compares.
"""

from collections.abc import Collection, Iterator, Sequence
from uuid import UUID

from affiliates.models import Coupon, Partner, PartnerWord
from merchants.tenancy import current
from merchants.words import Among, Index, words_of

WORDS = Index(PartnerWord, "partner_id")

_PIECE = 5_000
_BY_EMAIL = "SELECT id FROM affiliates_partner WHERE merchant_id = %s AND email = %s"
_BY_CODE = "SELECT partner_id FROM affiliates_coupon WHERE merchant_id = %s AND key = %s"


def found_by(text: str) -> Among:
    """The condition that a partner is found by `text`: see `merchants.words.Index.starting`."""
    typed = text.strip()
    exactly = ((_BY_EMAIL, (current(), typed.lower())), (_BY_CODE, (current(), typed.upper())))
    return WORDS.starting(text, or_ids=exactly if typed else ())


def refresh(partner_ids: Collection[UUID]) -> None:
    """Recompute the words of these partners of the running tenant."""
    WORDS.replace(_fresh(partner_ids))


def differing(among: Sequence[UUID] = ()) -> Iterator[UUID]:
    """Partners whose words are not those that they and their coupons make; of all of the running tenant, or these."""
    for piece in [among] if among else _pieces():
        fresh, standing = _fresh(piece), WORDS.standing(piece)
        yield from (partner_id for partner_id in piece if fresh[partner_id] != standing[partner_id])


def _pieces() -> Iterator[Sequence[UUID]]:
    last = UUID(int=0)
    while piece := list(Partner.objects.filter(id__gt=last).order_by("id").values_list("id", flat=True)[:_PIECE]):
        yield piece
        last = piece[-1]


def _fresh(partner_ids: Collection[UUID]) -> dict[UUID, set[str]]:
    codes: dict[UUID, list[str]] = {}
    coupons = Coupon.objects.filter(partner__in=partner_ids).order_by("created_at", "id")
    for partner_id, code in coupons.values_list("partner_id", "code"):
        codes.setdefault(partner_id, []).append(code)
    found: dict[UUID, set[str]] = {}
    for partner_id, name, email in Partner.objects.filter(id__in=partner_ids).values_list("id", "name", "email"):
        found[partner_id] = words_of([name, *codes.get(partner_id, ())], emails=[email])
    return found
