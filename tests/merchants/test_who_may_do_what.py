"""The permission matrix, spelled out a second time: a change of rights must be written twice."""

import pytest

from merchants.roles import Permission, Role, Scope, allowed, scopes_include

#                    owner admin finance support viewer
RIGHTS = {
    "view":             "yes yes yes yes yes",
    "edit_customers":   "yes yes no  yes no ",
    "record_sales":     "yes yes no  yes no ",
    "edit_partners":    "yes yes no  no  no ",
    "edit_rewards":     "yes yes no  no  no ",
    "edit_commissions": "yes yes yes no  no ",
    "view_payouts":     "yes yes yes no  no ",
    "edit_payouts":     "yes yes yes no  no ",
    "view_audit":       "yes yes yes no  no ",
    "edit_settings":    "yes yes no  no  no ",
    "manage_staff":     "yes no  no  no  no ",
    "manage_keys":      "yes no  no  no  no ",
    "danger_zone":      "yes no  no  no  no ",
}  # fmt: skip
ROLES = (Role.OWNER, Role.ADMIN, Role.FINANCE, Role.SUPPORT, Role.VIEWER)


def test_every_permission_and_every_role_is_spelled_out() -> None:
    assert set(RIGHTS) == set(Permission.values)
    assert set(ROLES) == set(Role)


@pytest.mark.parametrize("permission", RIGHTS)
def test_roles_have_exactly_these_permissions(permission: str) -> None:
    expected = [answer == "yes" for answer in RIGHTS[permission].split()]
    assert [allowed(role, Permission(permission)) for role in ROLES] == expected


def test_scopes_include_what_they_build_on_but_nothing_includes_payouts() -> None:
    included = {scope: {needed for needed in Scope if scopes_include([scope], needed)} for scope in Scope}
    assert included == {
        Scope.READ: {Scope.READ},
        Scope.TRACK: {Scope.TRACK, Scope.READ},
        Scope.WRITE: {Scope.WRITE, Scope.TRACK, Scope.READ},
        Scope.PAYOUTS: {Scope.PAYOUTS, Scope.READ},
    }
