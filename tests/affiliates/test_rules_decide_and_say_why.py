"""Who comes in without anybody looking, who never does, and the sentence that the audit log has about it."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from affiliates import applications
from affiliates.models import Group, Partner, Program
from affiliates.partners import reject
from affiliates.programs import (
    create_group,
    create_program,
    default_program,
    delete_group,
    update_applications,
    update_group,
)
from merchants.errors import DomainError
from merchants.ids import new_id
from merchants.models import Merchant
from tests.factories import ACTOR


def applied(
    email: str, *, group: Group | None = None, country: str = "", to: Program | None = None,
    meanwhile: Callable[[], object] = lambda: None,
) -> Partner:  # fmt: skip
    sent, _ = applications.apply(
        application_id=new_id(), program=to or default_program(actor=ACTOR), group=group, name="Bo", email=email,
        website="", answers={}, terms=None, country=country, at=timezone.now(), actor=ACTOR,
    )  # fmt: skip
    meanwhile()
    applications.confirm(sent, token=applications.confirmation_token(sent), actor=ACTOR)
    assert sent.partner is not None
    return sent.partner


def program(**rules: object) -> None:
    update_applications(default_program(actor=ACTOR), changes={"applications_open": True, **rules}, actor=ACTOR)


def why(merchant: Merchant, partner: Partner) -> str:
    entry = merchant.audit_entries.filter(object_id=partner.id, actor_name="Application rules").get()
    assert entry.after is not None
    return str(entry.after["why"])


@pytest.mark.parametrize(
    ("rules", "email", "country", "status", "because"),
    [
        ({}, "bo@example.com", "SE", "applied", ""),
        ({"auto_approval": "everybody"}, "bo@example.com", "", "approved", "approves everybody."),
        ({"auto_approval": "domains", "auto_approve_domains": ["agency.example"]}, "bo@eu.agency.example", "",
         "approved", "The e-mail is at agency.example, which Affiliate program approves."),
        ({"auto_approval": "domains", "auto_approve_domains": ["agency.example"]}, "bo@notagency.example", "",
         "applied", ""),
        ({"auto_approval": "countries", "auto_approve_countries": ["se", "NO"]}, "bo@example.com", "SE", "approved",
         "The application came from SE, which Affiliate program approves."),
        ({"auto_approval": "countries", "auto_approve_countries": ["SE"]}, "bo@example.com", "", "applied", ""),
        ({"auto_approval": "everybody", "auto_reject_domains": ["spam.example"]}, "bo@spam.example", "", "rejected",
         "The e-mail is at spam.example, which Affiliate program turns down."),
    ],
)  # fmt: skip
def test_a_rule_decides(
    tenant: Merchant, rules: dict[str, object], email: str, country: str, status: str, because: str
) -> None:
    program(**rules)
    partner = applied(email, country=country)
    partner.refresh_from_db()
    assert partner.status == status
    if because:
        assert why(tenant, partner).endswith(because)


def test_a_groups_rule_stands_in_place_of_the_programs(tenant: Merchant) -> None:
    program(auto_approval="everybody")
    careful = create_group(program=default_program(actor=ACTOR), name="VIP", auto_approval="nobody", actor=ACTOR)
    assert applied("a@example.com", group=careful).status == "applied"
    assert applied("b@example.com").status == "approved"
    update_group(careful, changes={"auto_approval": ""}, actor=ACTOR)
    assert applied("c@example.com", group=careful).status == "approved"


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ({"auto_approval": "domains"}, "rule_incomplete"),
        ({"auto_approval": "countries"}, "rule_incomplete"),
        ({"auto_approval": "friends"}, "invalid_choice"),
        ({"auto_approve_countries": ["Sweden"]}, "country_invalid"),
        ({"auto_reject_domains": ["not a domain"]}, "domain_invalid"),
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(tenant: Merchant, rules: dict[str, object], code: str) -> None:
    with pytest.raises(DomainError) as refused:
        program(**rules)
    assert refused.value.code == code


def test_the_rule_of_a_group_that_is_gone_lets_nobody_in(tenant: Merchant) -> None:
    program()
    group = create_group(program=default_program(actor=ACTOR), name="Open", auto_approval="everybody", actor=ACTOR)
    came = applied("bo@example.com", group=group, meanwhile=lambda: delete_group(group, actor=ACTOR))
    assert (came.status, came.group) == ("applied", None)


def test_who_was_turned_down_elsewhere_joins_the_program_whose_rule_let_them_in(tenant: Merchant) -> None:
    program(reapply_days=0)
    strict, easy = default_program(actor=ACTOR), create_program(name="Easy", actor=ACTOR)
    was = create_group(program=strict, name="Gold", actor=ACTOR)
    update_applications(
        easy, changes={"applications_open": True, "auto_approval": "everybody"}, actor=ACTOR
    )  # fmt: skip
    first = applied("bo@example.com", group=was)
    reject(first, actor=ACTOR)
    again = applied("bo@example.com", to=easy)
    assert (again.id, again.status, again.program, again.group) == (first.id, "approved", easy, None)
    entry = tenant.audit_entries.get(verb="partner.reapply")
    assert (entry.before, entry.after) == (
        {"status": "rejected", "program_id": str(strict.id), "group_id": str(was.id)},
        {"status": "applied", "program_id": str(easy.id), "group_id": None},
    )  # fmt: skip
