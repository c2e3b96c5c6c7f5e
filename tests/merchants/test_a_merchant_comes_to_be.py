"""Onboarding and settings."""

import pytest

from merchants import tenancy
from merchants.audit import Actor
from merchants.errors import Conflict, DomainError
from merchants.models import Merchant
from merchants.onboarding import create_merchant
from merchants.settings import update_merchant
from tests.factories import ACTOR
from tests.races import race


def test_a_merchant_is_found_by_its_slug(db: None, actor: Actor) -> None:
    made = create_merchant(slug="acme-shop", name="Acme", currency="EUR", time_zone="Europe/Berlin", actor=actor)
    assert tenancy.locate(tenancy.Finds.SLUG, "acme-shop") == made.id
    with tenancy.tenant(made.id):
        assert Merchant.objects.get().time_zone == "Europe/Berlin"
        assert made.audit_entries.get().verb == "merchant.create"


def test_a_slug_belongs_to_one_merchant(merchant: Merchant, actor: Actor) -> None:
    with pytest.raises(Conflict) as refused:
        create_merchant(slug=merchant.slug, name="Copy", currency="USD", actor=actor)
    assert (refused.value.code, refused.value.field) == ("slug_taken", "slug")
    assert len(tenancy.every_merchant("test")) >= 1, "the refusal leaves the connection usable"


def test_of_two_processes_that_want_one_slug_one_gets_it(committed_merchant: Merchant) -> None:
    slug = f"{committed_merchant.slug}-twin"

    def make() -> None:
        create_merchant(slug=slug, name="Twin", currency="USD", actor=ACTOR)

    assert race(make, make, make) == ["ok", "slug_taken", "slug_taken"]


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({"slug": "Acme"}, "slug", "slug_invalid"),
        ({"slug": "a--b"}, "slug", "slug_invalid"),
        ({"slug": "a" * 64}, "slug", "slug_invalid"),
        ({"slug": "acme\n"}, "slug", "slug_invalid"),
        ({"name": "  "}, "name", "required"),
        ({"name": "A\x00"}, "name", "invalid_text"),
        ({"currency": "usd"}, "currency", "unknown_currency"),
        ({"currency": "XYZ"}, "currency", "unknown_currency"),
        ({"time_zone": "Berlin"}, "time_zone", "unknown_time_zone"),
        ({"time_zone": "../etc/passwd"}, "time_zone", "unknown_time_zone"),
        ({"domains": ["https://shop.example"]}, "domains[0]", "domain_invalid"),
    ],
)
def test_what_makes_no_sense_is_refused_by_field(
    db: None, actor: Actor, given: dict[str, object], field: str, code: str
) -> None:
    values: dict[str, object] = {"slug": "acme", "name": "Acme", "currency": "USD"} | given
    with pytest.raises(DomainError) as refused:
        create_merchant(**values, actor=actor)  # type: ignore[arg-type]
    assert (refused.value.field, refused.value.code) == (field, code)


def test_settings_change_one_by_one_and_the_audit_log_says_what(tenant: Merchant, actor: Actor) -> None:
    update_merchant(tenant, changes={"hold_days": 14, "name": tenant.name}, actor=actor)
    entry = tenant.audit_entries.get(verb="merchant.update")
    assert (entry.before, entry.after) == ({"hold_days": 30}, {"hold_days": 14})


def test_a_change_raises_the_configuration_version(tenant: Merchant, actor: Actor) -> None:
    before = tenant.configuration_version
    update_merchant(tenant, changes={"self_referral": "allow"}, actor=actor)
    tenant.refresh_from_db()
    assert tenant.configuration_version > before


def test_domains_are_kept_as_hosts(tenant: Merchant, actor: Actor) -> None:
    update_merchant(tenant, changes={"domains": ["Shop.Example", "straße.example", "shop.example."]}, actor=actor)
    assert tenant.domains == ["shop.example", "xn--strae-oqa.example"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"slug": "other"}, "slug"),
        ({"configuration_version": 1}, "configuration_version"),
        ({"hold_days": -1}, "hold_days"),
        ({"hold_days": True}, "hold_days"),
        ({"hold_days": 1.5}, "hold_days"),
        ({"attribution_model": "middle"}, "attribution_model"),
        ({"attribution_precedence": ["coupon", "coupon"]}, "attribution_precedence"),
        ({"attribution_precedence": ["moon"]}, "attribution_precedence"),
        ({"attribution_precedence": []}, "attribution_precedence"),
        ({"link_parameters": ["a b"]}, "link_parameters[0]"),
        ({"link_parameters": "via"}, "link_parameters"),
        ({"domains": ["10.0.0.1"]}, "domains[0]"),
        ({"domains": ["com"]}, "domains[0]"),
        ({"domains": ["shop.example:8000"]}, "domains[0]"),
        ({"minimum_payout": 10.5}, "minimum_payout"),
        ({"brand_color": "green"}, "brand_color"),
        ({"brand_color": "#12345"}, "brand_color"),
        ({"brand_color": "#1a7048;}"}, "brand_color"),
        ({"brand_color": None}, "brand_color"),
        ({"reply_to": "Acme"}, "reply_to"),
        ({"reply_to": "a@b.example\nBcc: c@d.example"}, "reply_to"),
        ({"portal_customers": "everything"}, "portal_customers"),
    ],
)
def test_a_setting_that_makes_no_sense_changes_nothing(
    tenant: Merchant, actor: Actor, changes: dict[str, object], field: str
) -> None:
    with pytest.raises(DomainError) as refused:
        update_merchant(tenant, changes={"name": "Changed"} | changes, actor=actor)
    assert refused.value.field == field
    assert Merchant.objects.get(id=tenant.id).name == "Acme"


def test_the_brand_is_kept_in_one_form_and_can_be_taken_away(tenant: Merchant, actor: Actor) -> None:
    update_merchant(tenant, changes={"brand_color": " #1A7048", "reply_to": "Hello@Acme.example"}, actor=actor)
    assert (tenant.brand_color, tenant.reply_to) == ("#1a7048", "hello@acme.example")
    update_merchant(tenant, changes={"brand_color": "", "reply_to": "", "portal_customers": "name"}, actor=actor)
    assert (tenant.brand_color, tenant.reply_to, tenant.portal_customers) == ("", "", "name")


def test_a_minimum_payout_does_not_silently_change_its_currency(tenant: Merchant, actor: Actor) -> None:
    update_merchant(tenant, changes={"minimum_payout": 5000}, actor=actor)
    with pytest.raises(DomainError, match="minimum_payout"):
        update_merchant(tenant, changes={"currency": "JPY"}, actor=actor)
    update_merchant(tenant, changes={"currency": "JPY", "minimum_payout": 6000}, actor=actor)
    assert (tenant.currency, tenant.minimum_payout) == ("JPY", 6000)
