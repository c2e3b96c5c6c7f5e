"""Django's admin in the hands of operators: what they see, what the merchant reads of it, and what nobody can do."""

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib import admin
from django.db import IntegrityError, models, transaction
from django.test import Client
from django.urls import get_script_prefix, reverse

from merchants import keys, tenancy
from merchants.models import AuditEntry, Merchant, OperatorEntry, User
from merchants.readable import Readable
from operators.site import installation
from tests.factories import PASSWORD
from tests.tenancy.population import owned_models, populate

LISTS: dict[type[models.Model], Readable] = admin.site._registry  # type: ignore[assignment] # the site takes nothing else


@pytest.fixture
def mine(merchant: Merchant) -> Merchant:
    populate(merchant, "minewood")
    return merchant


@pytest.fixture
def theirs(other_merchant: Merchant) -> Merchant:
    populate(other_merchant, "canarybird")
    return other_merchant


@pytest.fixture
def operator(db: None) -> User:
    return User.objects.create_superuser("ops@accrue.example", PASSWORD, name="Olga Operator")


@pytest.fixture
def client(operator: User) -> Client:
    return signed_in(operator)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def at(merchant: Merchant, path: str = "") -> str:
    return f"/admin/m/{merchant.slug}/{path}"


def newest(merchant: Merchant, model: type[models.Model]) -> Any:
    with tenancy.tenant(merchant.id):
        return model._default_manager.order_by("-pk").values_list("pk", flat=True)[0]


def log_of(merchant: Merchant) -> list[AuditEntry]:
    with tenancy.tenant(merchant.id):
        return list(merchant.audit_entries.filter(actor_kind="operator").order_by("id"))


def addresses(merchant: Merchant) -> list[str]:
    """Every list and one page of each table."""
    found = [at(merchant)]
    for model, declared in LISTS.items():
        found.append(at(merchant, f"{model._meta.model_name}/"))
        if declared.has_page:
            found.append(at(merchant, f"{model._meta.model_name}/{newest(merchant, model)}/"))
    return found


def test_every_table_of_a_merchant_can_be_read_or_is_left_out_on_purpose() -> None:
    # A person's identity spans merchants. The others are shown with what they belong to, or are sums of what is shown.
    left_out = {
        "Identity",
        "Entry",
        "PayoutItem",
        "PartnerDay",
        "PartnerTotal",
        "CustomerTotal",
        "CustomerWord",
        "PartnerWord",
        "AssetUse",
        "Receipt",
        "Unsubscription",
        "Screening",
        "Screened",
        "Address",
    }
    of_ours = {model.__name__ for model in (*owned_models(), Merchant)}
    assert of_ours - {model.__name__ for model in LISTS} == left_out - {"Identity"}
    assert "Identity" not in {model.__name__ for model in LISTS}


def test_every_page_answers_within_its_queries_and_shows_one_merchant_alone(
    client: Client, mine: Merchant, theirs: Merchant, django_assert_max_num_queries: Any
) -> None:
    client.get("/admin/merchants/")  # once in five minutes the session's row is written
    for address in addresses(mine):
        with django_assert_max_num_queries(12):
            answer = client.get(address)
        assert answer.status_code == 200, address
        text = answer.content.decode()
        assert "canarybird" not in text.lower(), address
        assert str(theirs.id) not in text, address
        # Every address on it leads somewhere in the house, and into no other merchant.
        links = [link for link in re.findall(r'href="(/[^"?]*)', text) if not link.startswith("/static/")]
        assert all(link.startswith((at(mine), "/admin/", "/accounts/")) for link in links), address
        assert not any(link.startswith(at(theirs)) for link in links), address


def test_the_canary_is_really_in_what_is_read_of_its_owner(client: Client, theirs: Merchant) -> None:
    seen = {model for model in LISTS if b"canarybird" in client.get(at(theirs, f"{model._meta.model_name}/")).content}
    assert {model.__name__ for model in seen} >= {"Partner", "Customer", "Order", "Commission", "Payout", "Link"}


def test_what_is_anothers_is_not_found(client: Client, mine: Merchant, theirs: Merchant) -> None:
    for model, declared in LISTS.items():
        if declared.has_page:
            address = at(mine, f"{model._meta.model_name}/{newest(theirs, model)}/")
            assert client.get(address).status_code == 404, address
    assert client.get(at(mine, f"customer/{uuid4()}/")).status_code == 404
    assert client.get("/admin/m/nobody/").status_code == 404
    assert log_of(mine) == [], "what was not shown was not seen"


def test_a_search_by_anothers_id_finds_nothing(client: Client, mine: Merchant, theirs: Merchant) -> None:
    for model in LISTS:
        answer = client.get(at(mine, f"{model._meta.model_name}/"), {"q": str(newest(theirs, model))})
        assert b"Nothing matches" in answer.content, model


def test_nobody_else_comes_in(mine: Merchant, owner: User, operator: User) -> None:
    everything = [*addresses(mine), "/admin/merchants/", "/admin/users/", f"/admin/users/{owner.id}/", "/admin/log/"]
    staff = signed_in(owner)
    for address in everything:
        answer = Client().get(address)
        assert answer.status_code == 302, address
        assert answer.headers["Location"].startswith("/accounts/login/?next=%2Fadmin%2F"), address
        assert staff.get(address).status_code == 404, address
        assert staff.post(address).status_code == 404, address
    assert log_of(mine) == []
    former = signed_in(operator)
    User.objects.filter(id=operator.id).update(is_staff=False)
    assert former.get("/admin/merchants/").status_code == 404


def test_each_access_is_one_row_of_the_merchants_own_log(client: Client, mine: Merchant, theirs: Merchant) -> None:
    customer = newest(mine, next(model for model in LISTS if model.__name__ == "Customer"))
    client.get(at(mine))
    client.get(at(mine, "customer/"), {"q": "Anna", "status__exact": "active"})
    client.get(at(mine, f"customer/{customer}/"))
    assert [(each.verb, each.object_type, each.object_id, each.after) for each in log_of(mine)] == [
        ("operator.open", "merchant", mine.id, None),
        (
            "operator.list",
            "merchant",
            mine.id,
            {"list": "Customers", "asked": {"q": "Anna", "status": "active"}},
        ),
        ("operator.view", "customer", customer, {"page": "customer"}),
    ]
    assert {(each.actor_name, each.actor_kind) for each in log_of(mine)} == {("Olga Operator", "operator")}
    assert log_of(theirs) == []
    assert not OperatorEntry.objects.exists()
    for address in addresses(mine):
        before = len(log_of(mine))
        client.get(address)
        assert len(log_of(mine)) == before + 1, address


def test_the_owner_reads_who_looked(client: Client, mine: Merchant, owner: User) -> None:
    partner = newest(mine, next(model for model in LISTS if model.__name__ == "Partner"))
    client.get(at(mine, f"partner/{partner}/"))
    staff = signed_in(owner)
    for address in (f"/m/{mine.slug}/audit/?actor=operator", f"/m/{mine.slug}/partners/{partner}/activity/"):
        text = staff.get(address).content.decode()
        assert "Olga Operator" in text
        assert "Looked at a page" in text


def test_a_customer_that_was_looked_at_was_not_edited(client: Client, mine: Merchant, owner: User) -> None:
    customer = newest(mine, next(model for model in LISTS if model.__name__ == "Customer"))
    client.get(at(mine, f"customer/{customer}/"))
    text = signed_in(owner).get(f"/m/{mine.slug}/customers/{customer}/").content.decode()
    assert "Olga Operator" not in text


def test_what_is_about_no_merchant_is_in_the_operators_log(
    client: Client, operator: User, owner: User, django_assert_max_num_queries: Any
) -> None:
    client.get("/admin/")  # once in five minutes the session's row is written
    for address in ("/admin/merchants/", "/admin/users/?q=owner", f"/admin/users/{owner.id}/", "/admin/log/"):
        with django_assert_max_num_queries(12):
            assert client.get(address).status_code == 200, address
    assert [
        (each.verb, each.object_type, each.object_id, each.detail) for each in OperatorEntry.objects.order_by("id")
    ] == [
        ("operator.list", "merchants", "", {"list": "Merchants"}),
        ("operator.list", "users", "", {"list": "Log-ins", "asked": {"q": "owner"}}),
        ("operator.view", "user", str(owner.id), {"page": "user"}),
        ("operator.list", "log", "", {"list": "Operators' log"}),
    ]
    entry = OperatorEntry.objects.order_by("id")[0]
    assert client.get(f"/admin/log/{entry.id}/").status_code == 200


def test_the_operators_log_refuses_to_be_changed(client: Client) -> None:
    client.get("/admin/merchants/")
    for change in (OperatorEntry.objects.all().delete, lambda: OperatorEntry.objects.update(verb="nothing")):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()


def test_nothing_is_added_changed_or_deleted(client: Client, mine: Merchant, owner: User) -> None:
    for address in [*addresses(mine), "/admin/merchants/", "/admin/users/", f"/admin/users/{owner.id}/", "/admin/log/"]:
        for ask in (client.post, client.put, client.patch, client.delete):
            assert ask(address, {"name": "x", "action": "delete_selected"}).status_code == 405, address
        for more in ("add/", "change/", "delete/", "history/"):
            assert client.get(address + more).status_code == 404, address
            assert client.post(address + more, {"post": "yes"}).status_code == 404, address
    for declared in (*LISTS.values(), *installation._registry.values()):
        request: Any = None
        may = (declared.has_add_permission, declared.has_change_permission, declared.has_delete_permission)
        assert not any(each(request) for each in may)
        assert not declared.actions


def test_no_secret_is_on_any_page(client: Client, mine: Merchant, owner: User) -> None:
    with tenancy.tenant(mine.id):
        hashes = {
            *mine.api_keys.values_list("secret_hash", flat=True),
            *mine.invitations.values_list("token_hash", flat=True),
        }
    for address in [*addresses(mine), f"/admin/users/{owner.id}/"]:
        text = client.get(address).content.decode()
        assert not any(secret in text for secret in hashes), address
        assert owner.password not in text, address
    with tenancy.tenant(mine.id):
        hidden = {name for declared in LISTS.values() for name in declared.hidden}
    assert {"password", "secret_hash", "token_hash", "ip_hash", "identity"} <= hidden


def test_lists_turn_their_pages_and_come_back_from_where_nothing_is(client: Client, mine: Merchant) -> None:
    with tenancy.tenant(mine.id):
        mine.stale_marks.bulk_create(mine.stale_marks.model(merchant=mine, touched=[f"mark {n}"]) for n in range(30))
    first = client.get(at(mine, "stalemark/")).content.decode()
    assert "mark 29" in first
    assert "?p=2" in first
    assert "mark 0" in client.get(at(mine, "stalemark/?p=2")).content.decode()
    for query in ("p=99", "p=x", "nonsense=1", "touched__len=1"):
        assert client.get(at(mine, f"stalemark/?{query}")).status_code in (200, 302, 400), query
    assert client.get(at(mine, "customer/?q=%00")).status_code == 400
    # Nobody filters their way through to what is hidden.
    assert client.get(at(mine, "apikey/?secret_hash__startswith=a")).status_code in (302, 400)
    assert client.get(at(mine, "customer/?identity__email__startswith=a")).status_code in (302, 400)


def test_filters_keep_what_they_say(client: Client, mine: Merchant) -> None:
    client.get(at(mine))
    ours = client.get(at(mine, "auditentry/?actor_kind=operator")).content.decode()
    assert "operator.open" in ours
    assert "partner.create" not in ours
    assert "Nothing matches" in client.get(at(mine, "partner/?status__exact=rejected")).content.decode()
    assert "minewood" in client.get(at(mine, "partner/?status__exact=approved&q=minewood")).content.decode()


def test_the_mount_ends_with_the_request(client: Client, mine: Merchant) -> None:
    for address in (at(mine), at(mine, "nothing/"), at(mine, f"order/{uuid4()}/")):
        client.get(address)
        assert get_script_prefix() == "/"
        assert reverse("merchants") == "/m/"


def test_a_leaked_key_is_revoked_under_the_operators_name(client: Client, mine: Merchant, theirs: Merchant) -> None:
    with tenancy.tenant(mine.id):
        key, token = keys.issue(name="shop", scopes=["track"], actor=keys.Actor(kind="system", name="test"))
    address = at(mine, f"apikey/{key.id}/revoke/")
    assert b"Revoke shop?" in client.get(address).content
    assert keys.authenticate(token)
    assert client.get(at(theirs, f"apikey/{key.id}/revoke/")).status_code == 404
    assert client.post(at(theirs, f"apikey/{key.id}/revoke/")).status_code == 404
    answer = client.post(address)
    assert answer.headers["Location"] == at(mine, f"apikey/{key.id}/")
    with pytest.raises(keys.KeyRefused):
        keys.authenticate(token)
    assert [each.verb for each in log_of(mine)] == ["operator.view", "key.revoke"]


def test_a_log_in_is_closed_and_opened_again(client: Client, operator: User, owner: User) -> None:
    session = signed_in(owner)
    assert session.get("/m/acme/").status_code == 200
    address = f"/admin/users/{owner.id}/"
    assert b"Deactivate" in client.get(f"{address}deactivate/").content
    assert client.post(f"{address}deactivate/").headers["Location"] == address
    assert session.get("/m/acme/").status_code == 302
    again = client.post(f"{address}deactivate/")
    assert again.status_code == 422
    assert "deactivated already" in again.content.decode()
    assert client.post(f"{address}reactivate/").status_code == 302
    assert User.objects.get(id=owner.id).is_active
    verbs = OperatorEntry.objects.filter(verb__startswith="user.").order_by("id").values_list("verb", "object_id")
    assert list(verbs) == [("user.deactivate", str(owner.id)), ("user.reactivate", str(owner.id))]


def test_a_lost_second_factor_is_reset(client: Client, owner: User) -> None:
    from allauth.mfa.models import Authenticator

    address = f"/admin/users/{owner.id}/second-factor/"
    assert "no second factor" in client.post(address).content.decode()
    for kind in ("totp", "recovery_codes"):
        Authenticator.objects.create(user=owner, type=kind, data={})
    assert client.post(address).status_code == 302
    assert not Authenticator.objects.filter(user=owner).exists()
    entry = OperatorEntry.objects.get(verb="user.reset_second_factor")
    assert (UUID(entry.object_id), entry.detail) == (owner.id, {"removed": ["totp", "recovery_codes"]})


def test_operators_keep_their_hands_off_their_own_log_in(client: Client, operator: User) -> None:
    assert b"Deactivate" not in client.get(f"/admin/users/{operator.id}/").content
    for deed in ("deactivate", "second-factor"):
        answer = client.post(f"/admin/users/{operator.id}/{deed}/")
        assert answer.status_code == 422
        assert "your own log-in" in answer.content.decode()
    assert User.objects.get(id=operator.id).is_active


def test_signing_in_leads_an_operator_to_the_merchants(client: Client) -> None:
    assert client.get("/m/", follow=True).redirect_chain == [("/admin/", 302), ("/admin/merchants/", 302)]
