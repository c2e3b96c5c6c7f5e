"""Partners: joining, editing, status and the portal's password."""

import pytest

from affiliates import partners
from affiliates.models import Partner, Program
from affiliates.partners import create_partner, update_partner
from affiliates.programs import create_group, create_program, default_program, update_group
from merchants import tenancy
from merchants.audit import Actor
from merchants.errors import Conflict, DomainError
from merchants.models import Merchant
from tests.factories import ACTOR, GroupFactory, MerchantFactory, PartnerFactory, ProgramFactory
from tests.races import race


def test_a_partner_arrives_with_portal_link_and_coupon(tenant: Merchant, actor: Actor) -> None:
    anna = create_partner(name="Anna Lind", email=" Anna@Example.com", coupon_code="ANNA10", actor=actor)
    assert (anna.email, anna.status, anna.program.is_default) == ("anna@example.com", "approved", True)
    assert tenancy.locate(tenancy.Finds.PORTAL, anna.portal_code) == tenant.id
    assert len(anna.portal_code) == 12
    assert not set(anna.portal_code) & set("01ilo")
    link = anna.links.get()
    assert (link.code, link.destination) == ("anna-lind", "https://shop.example/")
    assert tenancy.locate(tenancy.Finds.LINK, "anna-lind") == tenant.id
    assert anna.coupons.get().code == "ANNA10"


def test_namesakes_get_links_of_their_own_across_merchants(
    merchant: Merchant, other_merchant: Merchant, actor: Actor
) -> None:
    codes = set()
    for place in (merchant, other_merchant):
        with tenancy.tenant(place.id):
            codes |= {PartnerFactory(name="Anna", email=f"{n}@example.com").links.get().code for n in range(2)}
    assert len(codes) == 4
    assert all(code.startswith("anna") for code in codes)


@pytest.mark.parametrize("name", ["李小龍", "X", "Admin", "-- __"])
def test_a_name_without_a_usable_code_gets_a_random_one(tenant: Merchant, name: str) -> None:
    assert len(PartnerFactory(name=name).links.get().code) >= 6


def test_without_a_domain_there_is_no_link_yet(db: None, actor: Actor) -> None:
    bare = MerchantFactory(domains=[])
    with tenancy.tenant(bare.id):
        assert not PartnerFactory().links.exists()


def test_an_email_joins_once_whatever_its_case_and_leaves_nothing_behind(tenant: Merchant, actor: Actor) -> None:
    PartnerFactory(email="anna@example.com")
    with pytest.raises(Conflict) as refused:
        create_partner(name="Other", email="ANNA@example.com", coupon_code="NEW", actor=actor)
    assert (refused.value.code, refused.value.field) == ("partner_email_taken", "email")
    PartnerFactory(email="ben@example.com", coupon_code="BEN")
    with pytest.raises(Conflict) as refused:
        create_partner(name="Ben", email="other@example.com", coupon_code="ben", actor=actor)
    assert (refused.value.code, refused.value.field) == ("coupon_taken", "coupon_code")
    assert tenant.partners.count() == 2
    assert tenant.links.count() == 2


def test_one_address_may_be_a_partner_of_two_merchants(merchant: Merchant, other_merchant: Merchant) -> None:
    for place in (merchant, other_merchant):
        with tenancy.tenant(place.id):
            PartnerFactory(email="anna@example.com", coupon_code="ANNA")


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"name": " "}, "required"),
        ({"email": "anna"}, "email_invalid"),
        ({"coupon_code": "with space"}, "coupon_code_invalid"),
        ({"status": "suspended"}, "invalid_choice"),
        ({"tags": "vip"}, "invalid_list"),
        ({"metadata": {"x": float("nan")}}, "invalid_metadata"),
        ({"metadata": {"x": "\x00"}}, "invalid_metadata"),
        ({"metadata": {"x": "y" * 20_000}}, "metadata_too_large"),
    ],
)
def test_bad_input_is_refused(tenant: Merchant, actor: Actor, given: dict[str, object], code: str) -> None:
    values: dict[str, object] = {"name": "Anna", "email": "anna@example.com"} | given
    with pytest.raises(DomainError) as refused:
        create_partner(**values, actor=actor)  # type: ignore[arg-type]
    assert refused.value.code == code
    assert not tenant.partners.exists()


def test_a_group_must_be_of_the_partners_program(tenant: Merchant, actor: Actor) -> None:
    gold = GroupFactory(program=ProgramFactory(name="VIP"))
    create_program(name="Second", actor=actor)
    assert PartnerFactory(group=gold).program == gold.program
    anna = PartnerFactory(program=tenant.programs.get(name="Second"))
    with pytest.raises(DomainError) as refused:
        update_partner(anna, changes={"group": gold}, actor=actor)
    assert refused.value.code == "group_of_other_program"


def test_edits_leave_before_and_after(tenant: Merchant, partner: Partner, actor: Actor) -> None:
    gold = GroupFactory(program=partner.program)
    changes = {"name": "Anna B", "email": "B@example.com", "group": gold, "tags": ["vip", "vip"], "notes": "two\nlines"}
    update_partner(partner, changes=changes, actor=actor)
    partner.refresh_from_db()
    assert (partner.name, partner.email, partner.group, partner.tags) == ("Anna B", "b@example.com", gold, ["vip"])
    entry = tenant.audit_entries.get(verb="partner.update")
    assert entry.before == {"name": "Anna", "email": "anna@example.com", "group_id": None, "tags": [], "notes": ""}
    assert entry.after["group_id"] == str(gold.id)
    update_partner(partner, changes={"group": None, "name": "Anna B"}, actor=actor)
    assert partner.group is None
    with pytest.raises(DomainError, match="cannot be changed here"):
        update_partner(partner, changes={"status": "approved"}, actor=actor)


STATUSES = ("applied", "approved", "rejected", "suspended")


@pytest.mark.parametrize("verb", ["approve", "reject", "suspend"])
@pytest.mark.parametrize("status", STATUSES)
def test_only_these_transitions_exist(tenant: Merchant, partner: Partner, actor: Actor, status: str, verb: str) -> None:
    allowed = {
        "approve": {"applied", "rejected", "suspended"},
        "reject": {"applied"},
        "suspend": {"approved"},
    }
    becomes = {"approve": "approved", "reject": "rejected", "suspend": "suspended"}
    Partner.objects.update(status=status)
    partner.refresh_from_db()
    move = getattr(partners, verb)
    if status in allowed[verb]:
        assert move(partner, actor=actor).status == becomes[verb]
        assert tenant.audit_entries.get(verb=f"partner.{verb}").before == {"status": status}
        return
    with pytest.raises(Conflict) as refused:
        move(partner, actor=actor)
    assert refused.value.code == "partner_status"
    assert Partner.objects.get().status == status


def test_of_an_approval_and_a_rejection_at_once_one_happens(committed_merchant: Merchant) -> None:
    with tenancy.tenant(committed_merchant.id):
        applicant = PartnerFactory(name=committed_merchant.slug, status="applied")

    def reject() -> None:
        with tenancy.tenant(committed_merchant.id):
            partners.reject(applicant, actor=ACTOR)

    assert race(reject, reject, reject) == ["ok", "partner_status", "partner_status"]


def test_the_portal_opens_with_the_partners_own_password(tenant: Merchant, partner: Partner, actor: Actor) -> None:
    assert not partners.check_password(partner, "")
    partners.set_password(partner, password="a long enough one", actor=actor)
    partner.refresh_from_db()
    assert partners.check_password(partner, "a long enough one")
    assert not partners.check_password(partner, "another one")
    assert "long enough" not in str(list(tenant.audit_entries.values()))


@pytest.mark.parametrize("password", ["short", "x" * 2000])
def test_a_password_has_a_sensible_length(tenant: Merchant, partner: Partner, actor: Actor, password: str) -> None:
    with pytest.raises(DomainError) as refused:
        partners.set_password(partner, password=password, actor=actor)
    assert refused.value.code == "password_too_weak"


def test_the_first_program_is_the_default_and_names_are_taken_once(tenant: Merchant, actor: Actor) -> None:
    first = default_program(actor=actor)
    assert default_program(actor=actor) == first
    assert not create_program(name="Second", actor=actor).is_default
    with pytest.raises(Conflict) as refused:
        create_program(name="Second", actor=actor)
    assert refused.value.code == "program_name_taken"
    assert Program.objects.filter(is_default=True).count() == 1


def test_a_group_has_a_name_in_its_program_and_a_hold(tenant: Merchant, actor: Actor) -> None:
    program = default_program(actor=actor)
    gold = create_group(program=program, name="Gold", hold_days=7, actor=actor)
    with pytest.raises(Conflict) as refused:
        create_group(program=program, name="Gold", actor=actor)
    assert refused.value.code == "group_name_taken"
    update_group(gold, changes={"hold_days": None}, actor=actor)
    assert gold.hold_days is None
    silver = create_group(program=program, name="Silver", actor=actor)
    with pytest.raises(Conflict):
        update_group(silver, changes={"name": "Gold"}, actor=actor)
    with pytest.raises(DomainError):
        update_group(gold, changes={"hold_days": -1}, actor=actor)


def test_a_new_password_takes_the_old_one(tenant: Merchant, partner: Partner, actor: Actor) -> None:
    partners.set_password(partner, password="a long enough one", actor=actor)
    with pytest.raises(DomainError) as refused:
        partners.change_password(partner, current="guessed", password="quite another one", actor=actor)
    assert (refused.value.code, refused.value.field) == ("password_wrong", "current")
    partners.change_password(partner, current="a long enough one", password="quite another one", actor=actor)
    assert partners.check_password(Partner.objects.get(id=partner.id), "quite another one")


def test_signing_out_everywhere_keeps_the_password_under_a_new_hash(
    tenant: Merchant, partner: Partner, actor: Actor
) -> None:
    partners.set_password(partner, password="a long enough one", actor=actor)
    before = partner.password
    with pytest.raises(DomainError, match="not your password"):
        partners.sign_out_everywhere(partner, current="guessed", actor=actor)
    partners.sign_out_everywhere(partner, current="a long enough one", actor=actor)
    assert partner.password != before
    assert partners.check_password(Partner.objects.get(id=partner.id), "a long enough one")
    assert tenant.audit_entries.filter(verb="partner.sign_out_everywhere").count() == 1
