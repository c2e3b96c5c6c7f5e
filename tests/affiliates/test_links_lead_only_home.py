"""Links: global codes, and destinations on the merchant's own domains and nowhere else."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affiliates import links
from affiliates.links import create_link, create_own_link, destination_allowed, update_link
from affiliates.models import Partner
from affiliates.partners import suspend
from merchants import tenancy
from merchants.audit import Actor
from merchants.errors import Conflict, DomainError
from merchants.models import Merchant
from tests.factories import ACTOR, LinkFactory, PartnerFactory
from tests.races import race

DOMAINS = ["shop.example", "localhost"]


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example",
        "https://shop.example/",
        "http://shop.example/a?b=c#d",
        "HTTPS://Shop.Example/Path",
        "https://www.shop.example/",
        "https://a.b.shop.example/",
        "https://shop.example:8443/x",
        "http://localhost:8000/",
        "https://shop.example?next=https://evil.example",
        "https://shop.example/@evil.example",
        "https://shop.example#@evil.example",
        "https://shop.example/ünïcode",
    ],
)
def test_a_way_home_is_allowed(url: str) -> None:
    assert destination_allowed(url, DOMAINS)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "shop.example",
        "/path",
        "//evil.example",
        "//shop.example",
        "https:shop.example",
        "https:/shop.example",
        "https:///shop.example",
        "https:////evil.example",
        "ftp://shop.example",
        "javascript://shop.example/%0aalert(1)",
        "javascript:alert(1)//https://shop.example",
        "data:text/html,https://shop.example",
        "https://evil.example",
        "https://evil.example/shop.example",
        "https://evilshop.example",
        "https://shop.example.evil.example",
        "https://shop.example@evil.example",
        "https://shop.example:443@evil.example",
        "https://shop.example%40evil.example",
        "https://shop.example%2f@evil.example",
        "https://user:pass@shop.example",
        "https://evil.example\\@shop.example",
        "https://shop.example\\@evil.example",
        "https:\\\\evil.example",
        "https://evil.example#.shop.example",
        "https://evil.example?.shop.example",
        "https://evil.example;.shop.example",
        "https://evil.example,.shop.example",
        "https://shop.example:0",
        "https://shop.example:99999",
        "https://shop.example:port",
        "https://shop.example:443:evil.example",
        "https://shop.example.",
        "https://.shop.example",
        "https://-.shop.example",
        "https://shop..example",
        "https://[::1]",
        "https://127.0.0.1",
        "https://2130706433",
        "https://ｓｈｏｐ.example",
        "https://evil。example",
        "https://shop.example／@evil.example",
        "https://sh\u00adop.example",
        "https://shop.example\t.evil.example",
        "https://shop.example\n",
        "\nhttps://shop.example",
        " https://shop.example",
        "https://shop.example/ x",
        "https://shop.example/\r\nLocation: https://evil.example",
        "https://shop.example/\x00",
        "https://shop.example/\u2028",
        "https://shop.example/\u202etxt",
        "https://shop.example/" + "x" * 2000,
    ],
)
def test_everywhere_else_is_not(url: str) -> None:
    assert not destination_allowed(url, DOMAINS)


@given(st.text(alphabet="/\\@:.#?%shopevil.example-\t\n ,;[]0", max_size=40))
def test_what_is_allowed_has_the_host_that_a_parser_sees(rest: str) -> None:
    url = f"https://{rest}"
    if destination_allowed(url, DOMAINS):
        host = urlsplit(url).hostname or ""
        assert host in DOMAINS or host.endswith((".shop.example", ".localhost"))
        assert "@" not in urlsplit(url).netloc


def test_no_domains_allow_nothing() -> None:
    assert not destination_allowed("https://shop.example", [])


def test_a_code_is_lower_case_and_belongs_to_everybody(merchant: Merchant, other_merchant: Merchant) -> None:
    with tenancy.tenant(merchant.id):
        assert LinkFactory(code="Spring-26").code == "spring-26"
    with tenancy.tenant(other_merchant.id), pytest.raises(Conflict) as refused:
        LinkFactory(code="SPRING-26")
    assert (refused.value.code, refused.value.field) == ("link_code_taken", "code")
    assert tenancy.locate(tenancy.Finds.LINK, "spring-26") == merchant.id


def test_of_two_processes_that_want_one_code_one_gets_it(committed_merchant: Merchant) -> None:
    name = committed_merchant.slug
    with tenancy.tenant(committed_merchant.id):
        partner = PartnerFactory(name=name)

    def create() -> None:
        with tenancy.tenant(committed_merchant.id):
            create_link(partner=partner, code=f"{name}-x", destination=f"https://{name}.example/", actor=ACTOR)

    assert race(create, create, create) == ["link_code_taken", "link_code_taken", "ok"]


@pytest.mark.parametrize(
    ("code", "refusal"),
    [
        *((code, "link_code_invalid") for code in ("a", "a b", "-ab", "ä1", "a" * 65, "a/b")),
        ("Admin", "link_code_reserved"),
    ],
)
def test_a_code_is_plain_and_not_a_word_of_ours(
    tenant: Merchant, partner: Partner, actor: Actor, code: str, refusal: str
) -> None:
    with pytest.raises(DomainError) as refused:
        create_link(partner=partner, code=code, destination="https://shop.example/", actor=actor)
    assert refused.value.code == refusal


def test_a_link_can_be_led_elsewhere_at_home_and_switched_off(tenant: Merchant, partner: Partner, actor: Actor) -> None:
    link = partner.links.get()
    update_link(link, changes={"destination": "https://www.shop.example/sale", "is_active": False}, actor=actor)
    link.refresh_from_db()
    assert (link.destination, link.is_active) == ("https://www.shop.example/sale", False)
    with pytest.raises(DomainError) as refused:
        update_link(link, changes={"destination": "https://evil.example/"}, actor=actor)
    assert (refused.value.code, refused.value.field) == ("destination_not_allowed", "destination")
    assert "shop.example" in refused.value.message
    with pytest.raises(DomainError):
        update_link(link, changes={"code": "other"}, actor=actor)


def test_a_partner_makes_links_of_their_own_under_codes_of_ours(
    tenant: Merchant, partner: Partner, actor: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = create_own_link(partner=partner, destination="https://shop.example/mug", actor=actor)
    assert made.code.startswith("anna-")
    assert len(made.code) == len("anna-") + 6
    with pytest.raises(DomainError) as refused:
        create_own_link(partner=partner, destination="https://evil.example/", actor=actor)
    assert refused.value.code == "destination_not_allowed"
    monkeypatch.setattr(links, "MOST_OWN_LINKS", 2)
    with pytest.raises(Conflict) as refused:
        create_own_link(partner=partner, destination="https://shop.example/mug", actor=actor)
    assert refused.value.code == "links_too_many"


def test_who_does_not_earn_makes_no_links(tenant: Merchant, partner: Partner, actor: Actor) -> None:
    suspend(partner, actor=actor)
    with pytest.raises(Conflict) as refused:
        create_own_link(partner=partner, destination="https://shop.example/mug", actor=actor)
    assert refused.value.code == "partner_not_approved"
