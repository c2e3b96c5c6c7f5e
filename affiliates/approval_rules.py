"""Who is let in or turned down without anybody looking (SPEC A7), and why, in a sentence for the audit log.

A group's rule stands in place of its program's. Domains that are turned down are the program's, and come first.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from affiliates.models import AutoApproval, Group, Program
from merchants import inputs
from merchants.errors import DomainError
from merchants.hosts import normal_host

_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_LISTS = {AutoApproval.DOMAINS: "auto_approve_domains", AutoApproval.COUNTRIES: "auto_approve_countries"}
_DOMAIN_LISTS = ("auto_approve_domains", "auto_reject_domains")
_MOST_LISTED = 500


@dataclass(frozen=True, slots=True)
class Decision:
    """What a rule says of an application."""

    approves: bool
    why: str


def decide(*, program: Program, group: Group | None, email: str, country: str) -> Decision | None:
    """What the rules say; None when somebody has to look. Does not query."""
    domain = email.rpartition("@")[2]
    if listed := _listed(domain, program.auto_reject_domains):
        return Decision(False, f"The e-mail is at {listed}, which {program.name} turns down.")
    owner: Program | Group = group if group is not None and group.auto_approval else program
    match owner.auto_approval:
        case AutoApproval.EVERYBODY:
            return Decision(True, f"{owner.name} approves everybody.")
        case AutoApproval.DOMAINS if listed := _listed(domain, owner.auto_approve_domains):
            return Decision(True, f"The e-mail is at {listed}, which {owner.name} approves.")
        case AutoApproval.COUNTRIES if country in owner.auto_approve_countries:
            return Decision(True, f"The application came from {country}, which {owner.name} approves.")
    return None


def _listed(domain: str, domains: Sequence[str]) -> str:
    """The entry that names the domain or one above it."""
    return next((each for each in domains if domain == each or domain.endswith(f".{each}")), "")


def lists_of(owner: Program | Group) -> dict[str, Any]:
    """The lists that stand there now."""
    return {name: getattr(owner, name) for name in _LISTS.values()}


def checked(changes: Mapping[str, Any], *, or_empty: bool = False) -> dict[str, Any]:
    """Those of `changes` that are about rules, in normal form. `or_empty`: a group may leave it to its program."""
    values: dict[str, Any] = {}
    if "auto_approval" in changes:
        rule = changes["auto_approval"]
        if rule not in AutoApproval.values and not (or_empty and rule == ""):
            raise DomainError(
                f"auto_approval is one of {', '.join(AutoApproval.values)}.", code="invalid_choice",
                field="auto_approval",
            )  # fmt: skip
        values["auto_approval"] = rule
    for name in _DOMAIN_LISTS:
        if name in changes:
            domains = _texts(changes[name], name)
            values[name] = _once(normal_host(each, field=f"{name}[{i}]") for i, each in enumerate(domains))
    if "auto_approve_countries" in changes:
        values["auto_approve_countries"] = _countries(changes["auto_approve_countries"])
    return values


def require_list(rule: str, lists: Mapping[str, Any]) -> None:
    """A rule by a list approves nobody while the list is empty: that is said and not kept."""
    name = _LISTS.get(AutoApproval(rule)) if rule else None
    if name and not lists.get(name):
        what = "domain" if rule == AutoApproval.DOMAINS else "country"
        raise DomainError(f"List at least one {what}, or choose another rule.", code="rule_incomplete", field=name)


def _countries(value: object) -> list[str]:
    codes = [text.strip().upper() for text in _texts(value, "auto_approve_countries")]
    for number, code in enumerate(codes):
        if not _COUNTRY.fullmatch(code):
            raise DomainError(
                "Give a country by its two letters, such as SE.", code="country_invalid",
                field=f"auto_approve_countries[{number}]",
            )  # fmt: skip
    return _once(codes)


def _texts(value: object, field: str) -> list[str]:
    if isinstance(value, str) or not isinstance(value, Sequence) or not all(isinstance(each, str) for each in value):
        raise DomainError(f"{field} must be a list of texts.", code="invalid_list", field=field)
    if len(value) > _MOST_LISTED:
        raise DomainError(f"Keep to {_MOST_LISTED} {field}.", code="too_many", field=field)
    for each in value:
        inputs.check_line(each, field)
    return list(value)


def _once(texts: Any) -> list[str]:
    return list(dict.fromkeys(texts))
