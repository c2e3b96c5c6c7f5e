"""Orders and their commissions as every answer shows them, read from the rows."""

from collections.abc import Iterable
from operator import attrgetter

from commissions.models import Commission
from orders.models import Order
from tracking.answers import CommissionShown, OrderShown, PartnerShown, SaleAnswer


def sale_shown(order: Order) -> SaleAnswer:
    """The order with its attribution and commissions: what recording it answered, as it stands now."""
    commissions: Iterable[Commission] = order.commissions.select_related("partner").order_by("id")
    return SaleAnswer(
        order=order_shown(order),
        attribution=order.attribution,
        commissions=[commission_shown(commission) for commission in commissions],
    )


_SAME = (
    "id", "source", "amount", "currency", "tax", "shipping", "discount", "refunded", "lines", "click_id", "customer_id",
    "partner_id", "platform", "notes", "metadata", "is_first", "placed_at", "created_at",
)  # fmt: skip
_same = attrgetter(*_SAME)


def order_shown(order: Order) -> OrderShown:
    """An order without its commissions. Does not query."""
    return OrderShown(
        order_id=order.external_id,
        coupon=order.coupon_code or None,
        country=order.country or None,
        **dict(zip(_SAME, _same(order), strict=True)),
    )


def commission_shown(commission: Commission) -> CommissionShown:
    """A commission with its working. Does not query when its partner is loaded."""
    return CommissionShown(
        id=commission.id,
        amount=commission.amount,
        currency=commission.currency,
        status=commission.status,
        reversed=commission.reversed,
        base=commission.base,
        partner=PartnerShown(commission.partner.id, commission.partner.name),
        held_until=commission.held_until,
        explanation=commission.explanation,
        level=commission.level,
    )
