"""Whose rules a page is about, and where they stand."""

from typing import Any
from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse

from backoffice.door import StaffRequest
from rewards.models import RewardVersion
from rewards.terms import Owner, versions_of


def owner_of(request: StaffRequest, level: str, owner: UUID) -> Owner:
    """The merchant's program, group or partner of this id; 404 for anybody else's."""
    rows: dict[str, Any] = {
        "program": request.merchant.programs,
        "group": request.merchant.groups,
        "partner": request.merchant.partners,
    }
    if level not in rows:
        raise Http404
    found: Owner = get_object_or_404(rows[level].all(), id=owner)
    return found


def chain_of(owner: Owner, rule: UUID) -> tuple[UUID | None, RewardVersion | None]:
    """The chain that an address names, and the version of it that lasts; the basic rule has its owner's id."""
    chain = None if rule == owner.pk else rule
    lasting = versions_of(owner, chain).order_by("-effective_from", "-number").first()
    if lasting is None and chain is not None:
        raise Http404
    return chain, lasting


def address_of(request: StaffRequest, owner: Owner) -> str:
    """The list of its rules."""
    return reverse("backoffice:rules_of", args=[request.merchant.slug, owner._meta.model_name, owner.pk])


def newest_of(owner: Owner, chain: UUID | None) -> int:
    """The number of the newest version of a rule; 0 when there is none."""
    return versions_of(owner, chain).order_by("-number").values_list("number", flat=True).first() or 0
