"""What the demo's merchants give and tell their partners, and three commissions that somebody has to look at."""

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

from django.core.files.base import ContentFile
from PIL import Image, ImageDraw

from affiliates.models import Partner, PartnerStatus
from demo.brands import Brand
from fraud.rules import RULES
from fraud.screening import screen
from fraud.switches import set_rule
from merchants.audit import Actor
from merchants.ids import new_id
from merchants.models import Merchant
from outreach.library import create_asset
from outreach.news import draft, publish
from tracking import clicks, ingest
from tracking.events import Sale, SaleCustomer

_COUPON_SITE = "https://www.retailmenot.com/view/season"
_OWN_DEVICE = "phone-7f3a"


def give_and_tell(merchant: Merchant, brand: Brand, *, actor: Actor) -> None:
    """A banner, a text, and an announcement that stands in the portal. No e-mail: the partners are invented."""
    create_asset(
        merchant=merchant, kind="banner", title=f"{brand.name}, 728 by 90", note="For the head of a page.",
        upload=_banner(brand), actor=actor,
    )  # fmt: skip
    create_asset(
        merchant=merchant,
        kind="text",
        title="Short post",
        body=f"I have been buying at {brand.name} for years. Take my code {{code}}, or come this way: {{link}}",
        actor=actor,
    )
    news = draft(
        merchant=merchant,
        title="New banners for the season",
        body=(
            "We have new banners for you, under Assets in your portal.\n\n"
            f"The season's collection starts on Monday at https://{brand.domain}/season. Thank you for being with us."
        ),
        actor=actor,
    )
    publish(news, by_mail=False, actor=actor)


def earn_doubtfully(merchant: Merchant, partners: list[Partner], brand: Brand, *, actor: Actor) -> None:
    """Three sales of today that rules stop: from a coupon site, from abroad, and from the partner's own phone."""
    served = [country for country, _ in brand.countries]
    for key, parameters in (("self_referral", {}), ("coupon_sites", {}), ("countries", {"countries": served})):
        set_rule(RULES[key], merchant=merchant, is_on=True, parameters=parameters, actor=actor)
    ids = [partner.id for partner in partners[:12]]
    site, abroad, own = merchant.partners.filter(id__in=ids, status=PartnerStatus.APPROVED).order_by("id")[:3]
    merchant.partners.filter(id=own.id).update(metadata={"device_id": _OWN_DEVICE})
    now = datetime.now(UTC)
    click = clicks.Click(
        id=new_id(), merchant_id=merchant.id, link_id=site.links.order_by("id")[0].id, partner_id=site.id,
        visitor=new_id(), clicked_at=now - timedelta(minutes=20), referrer=_COUPON_SITE,
    )  # fmt: skip
    clicks.store([click])
    sales = [
        _sale(brand, 1, now, click_id=click.id, country=served[0]),
        _sale(brand, 2, now, partner=str(abroad.id), country="SC"),
        _sale(brand, 3, now, partner=str(own.id), country=served[0], metadata={"device_id": _OWN_DEVICE}),
    ]
    for outcome in ingest.record(sales, actor=actor, now=now):
        if outcome.error is not None:
            raise outcome.error
    screen()


def _sale(brand: Brand, number: int, now: datetime, **rest: Any) -> Sale:
    return Sale(
        order_id=f"R-{number:04d}",
        amount=brand.products[0].price * 3,
        currency=brand.currency,
        customer=SaleCustomer(email=f"visitor-{number}@customers.example", name=f"Visitor {number}"),
        placed_at=now - timedelta(minutes=10),
        **rest,
    )


def _banner(brand: Brand) -> "ContentFile[bytes]":
    """The name on the brand's colour, as large as Pillow's own letters are."""
    image = Image.new("RGB", (728, 90), brand.color)
    ImageDraw.Draw(image).text((32, 28), brand.name, fill="#ffffff", font_size=32)
    file = BytesIO()
    image.save(file, "PNG")
    return ContentFile(file.getvalue())
