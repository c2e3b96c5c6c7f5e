"""Two who approve, confirm or delete at the same moment: one does, the other is told."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from affiliates import applications
from affiliates.models import Application, Group, Partner
from affiliates.partners import approve, create_partner, update_partner
from affiliates.programs import default_program, delete_group, update_applications
from merchants import tenancy
from merchants.errors import Conflict, DomainError
from merchants.ids import new_id
from merchants.models import Merchant
from tests.factories import ACTOR, GroupFactory, PartnerFactory
from tests.races import race


def in_tenant(merchant: Merchant, work: Callable[[], object]) -> Callable[[], object]:
    def run() -> None:
        with tenancy.tenant(merchant.id):
            work()

    return run


def sent(email: str) -> Application:
    program = default_program(actor=ACTOR)
    update_applications(program, changes={"applications_open": True}, actor=ACTOR)
    made, _ = applications.apply(
        application_id=new_id(), program=program, group=None, name="Bo", email=email, website="", answers={},
        terms=None, at=timezone.now(), actor=ACTOR,
    )  # fmt: skip
    return made


def test_of_two_racing_approvals_one_approves(committed_merchant: Merchant) -> None:
    with tenancy.tenant(committed_merchant.id):
        applicant: Partner = PartnerFactory(status="applied")

    def decide(code: str) -> Callable[[], object]:
        return in_tenant(
            committed_merchant,
            lambda: applications.approve(Partner.objects.get(id=applicant.id), coupon_code=code, actor=ACTOR),
        )

    assert race(decide("FIRST"), decide("SECOND")) == ["ok", "partner_status"]
    with tenancy.tenant(committed_merchant.id):
        assert applicant.coupons.count() == 1, "the one who came too late gives no coupon either"
        assert committed_merchant.audit_entries.filter(verb="partner.approve").count() == 1


def test_two_applications_of_one_address_confirmed_at_once_make_one_partner(committed_merchant: Merchant) -> None:
    with tenancy.tenant(committed_merchant.id):
        both = [sent("bo@example.com"), sent("bo@example.com")]

    def confirm(application: Application) -> Callable[[], object]:
        def work() -> None:
            found = committed_merchant.applications.get(id=application.id)
            applications.confirm(found, token=applications.confirmation_token(found), actor=ACTOR)

        return in_tenant(committed_merchant, work)

    assert race(*map(confirm, both)) == ["ok", "ok"]
    with tenancy.tenant(committed_merchant.id):
        partner = committed_merchant.partners.get()
        assert partner.applications.count() == 2


def test_a_link_that_somebody_follows_while_its_application_goes_is_too_old(tenant: Merchant) -> None:
    application = sent("bo@example.com")
    token = applications.confirmation_token(application)
    applications.forget_unconfirmed(timezone.now() + timedelta(minutes=1))
    with pytest.raises(DomainError) as refused:
        applications.confirm(application, token=token, actor=ACTOR)
    assert (refused.value.code, refused.value.status) == ("link_expired", 410)
    assert not tenant.partners.exists()


def test_an_approval_gives_group_and_coupon_or_nothing_of_it(tenant: Merchant) -> None:
    group = GroupFactory()
    PartnerFactory(coupon_code="ANNA")
    applicant = PartnerFactory(name="Anna Åberg", status="applied")
    with pytest.raises(Conflict) as refused:
        applications.approve(applicant, group=group, coupon_code="anna", actor=ACTOR)
    assert (refused.value.code, refused.value.field) == ("coupon_taken", "coupon_code")
    applicant.refresh_from_db()
    assert (applicant.status, applicant.group) == ("applied", None)
    assert applications.proposed_code(applicant) == "ANNA2"
    applications.approve(applicant, group=group, coupon_code="ANNA2", actor=ACTOR)
    applicant.refresh_from_db()
    assert (applicant.status, applicant.group, applicant.coupons.get().code) == ("approved", group, "ANNA2")
    assert applications.proposed_code(applicant) == "", "who has a code needs none"


def test_a_proposal_is_what_can_stand_in_a_code(tenant: Merchant) -> None:
    def proposal(name: str) -> str:
        partner = create_partner(name=name, email=f"{new_id().hex}@example.com", status="applied", actor=ACTOR)
        return applications.proposed_code(partner)

    assert proposal("Zoë d'Arc") == "ZOE"
    assert proposal("李") == "PARTNER"
    first = create_partner(name="Bo", email="b@example.com", coupon_code="BO", actor=ACTOR)
    assert approve(PartnerFactory(status="applied"), actor=ACTOR).status == first.status
    assert proposal("Bo") == "BO2"


def test_a_proposal_is_free_where_many_codes_begin_alike(tenant: Merchant) -> None:
    holder: Partner = PartnerFactory()
    others = [f"JO{letter}{number}" for letter in "ABCD" for number in range(300)]
    tenant.coupons.bulk_create(
        tenant.coupons.model(merchant=tenant, partner=holder, code=code) for code in [*others, "JO", "JO2"]
    )
    assert applications.proposed_code(PartnerFactory(name="Jo", status="applied")) == "JO3"


def test_of_a_deletion_and_somebody_coming_in_one_is_refused(committed_merchant: Merchant) -> None:
    with tenancy.tenant(committed_merchant.id):
        group, partner = GroupFactory(), PartnerFactory()

    def come_in() -> None:
        update_partner(Partner.objects.get(id=partner.id), changes={"group": group}, actor=ACTOR)

    said = race(
        in_tenant(committed_merchant, come_in),
        in_tenant(committed_merchant, lambda: delete_group(group, actor=ACTOR)),
    )
    assert said in (["group_has_members", "ok"], ["group_unknown", "ok"])
    with tenancy.tenant(committed_merchant.id):
        assert Group.with_deleted.get(id=group.id).partners.count() == int("group_has_members" in said)
