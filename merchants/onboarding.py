"""A merchant comes to be: the tenant's own row, and the slug by which it is found."""

import re
from collections.abc import Sequence

from merchants import inputs, tenancy
from merchants.audit import Actor, record
from merchants.constraints import refusals
from merchants.errors import Conflict, DomainError
from merchants.ids import new_id
from merchants.models import Merchant
from merchants.settings import checked_domains, checked_time_zone

_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)


def create_merchant(
    *,
    slug: str,
    name: str,
    currency: str,
    time_zone: str = "UTC",
    domains: Sequence[str] = (),
    actor: Actor,
) -> Merchant:
    """Make a tenant and enter it for as long as that takes; call it outside any other.

    Conflict `slug_taken` when another merchant has the slug.
    """
    if len(slug) > 63 or not _SLUG.fullmatch(slug):
        raise DomainError(
            "A slug is lower-case letters and digits, joined by single hyphens, such as acme-shop.",
            code="slug_invalid",
            field="slug",
        )
    taken = Conflict(f"The slug {slug} is taken: choose another.", code="slug_taken", field="slug")
    merchant = Merchant(
        id=new_id(),
        slug=slug,
        name=inputs.line(name, "name", required=True),
        currency=inputs.currency(currency),
        domains=checked_domains(domains),
    )
    with (
        refusals({"merchants_merchant_slug_key": taken, "locator_finds_one": taken}),
        tenancy.tenant(merchant.id),
    ):
        merchant.time_zone = checked_time_zone(time_zone)
        merchant.save(force_insert=True)
        tenancy.register(tenancy.Finds.SLUG, slug)
        after = {"slug": slug, "name": merchant.name, "currency": currency, "time_zone": time_zone}
        record(actor, "merchant.create", "merchant", merchant.id, after=after)
    return merchant
