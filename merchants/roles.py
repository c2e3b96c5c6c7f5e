"""Who may do what: one table. A door names the permission it needs; nothing else in the code asks for a role."""

from django.db import models


class Role(models.TextChoices):
    """What a staff user is to one merchant."""

    OWNER = "owner"
    ADMIN = "admin"
    FINANCE = "finance"
    SUPPORT = "support"
    VIEWER = "viewer"


class Permission(models.TextChoices):
    """What a door can ask for. Payouts are apart: support and viewer do not even see them (SPEC P1)."""

    VIEW = "view"
    EDIT_CUSTOMERS = "edit_customers"
    RECORD_SALES = "record_sales"
    EDIT_PARTNERS = "edit_partners"
    EDIT_REWARDS = "edit_rewards"
    EDIT_COMMISSIONS = "edit_commissions"
    VIEW_PAYOUTS = "view_payouts"
    EDIT_PAYOUTS = "edit_payouts"
    VIEW_AUDIT = "view_audit"
    EDIT_SETTINGS = "edit_settings"
    MANAGE_STAFF = "manage_staff"
    MANAGE_KEYS = "manage_keys"
    DANGER_ZONE = "danger_zone"


_VIEWER = frozenset({Permission.VIEW})
_SUPPORT = _VIEWER | {Permission.EDIT_CUSTOMERS, Permission.RECORD_SALES}
_FINANCE = _VIEWER | {
    Permission.EDIT_COMMISSIONS,
    Permission.VIEW_PAYOUTS,
    Permission.EDIT_PAYOUTS,
    Permission.VIEW_AUDIT,
}
_ADMIN = _SUPPORT | _FINANCE | {Permission.EDIT_PARTNERS, Permission.EDIT_REWARDS, Permission.EDIT_SETTINGS}
_OWNER = _ADMIN | {Permission.MANAGE_STAFF, Permission.MANAGE_KEYS, Permission.DANGER_ZONE}

MATRIX: dict[Role, frozenset[Permission]] = {
    Role.OWNER: _OWNER,
    Role.ADMIN: _ADMIN,
    Role.FINANCE: _FINANCE,
    Role.SUPPORT: _SUPPORT,
    Role.VIEWER: _VIEWER,
}


class Scope(models.TextChoices):
    """What an API key may do. `write` includes `track`, and everything includes `read`, except payouts."""

    READ = "read"
    TRACK = "track"
    WRITE = "write"
    PAYOUTS = "payouts"


def allowed(role: Role, permission: Permission) -> bool:
    """Whether staff of this role have this permission."""
    return permission in MATRIX[role]


_IMPLIED = {
    Scope.READ: frozenset({Scope.READ}),
    Scope.TRACK: frozenset({Scope.TRACK, Scope.READ}),
    Scope.WRITE: frozenset({Scope.WRITE, Scope.TRACK, Scope.READ}),
    Scope.PAYOUTS: frozenset({Scope.PAYOUTS, Scope.READ}),
}


def scopes_include(held: list[str], needed: Scope) -> bool:
    """Whether a key holding `held` may do what needs `needed`."""
    return any(needed in _IMPLIED[Scope(scope)] for scope in held)
