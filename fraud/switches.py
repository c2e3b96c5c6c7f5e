"""Switching rules on and off, with their parameters."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from fraud.models import RuleSetting, Screening
from fraud.rules import RULES, Rule
from fraud.screening import SLACK
from merchants import tenancy
from merchants.audit import Actor, record
from merchants.edits import edit, lock
from merchants.errors import DomainError
from merchants.models import Merchant


def set_rule(
    rule: Rule, *, merchant: Merchant, is_on: bool, parameters: Mapping[str, Any], actor: Actor
) -> RuleSetting:
    """Have the rule look at what is earned from now on, or stop it. What it has flagged stays to be decided."""
    kept = rule.cleaned(parameters)
    empty = [name for name, each in rule.parameters.items() if each.default == () and not kept.get(name)]
    if is_on and empty:
        label = rule.parameters[empty[0]].label
        raise DomainError(f"Fill in “{label}” before you switch it on.", code="required", field=empty[0])
    with transaction.atomic():
        lock(merchant)
        setting: RuleSetting | None = merchant.fraud_rules.filter(rule=rule.key).first()
        values = {"is_on": is_on, "parameters": kept}
        if setting is None:
            setting = RuleSetting.objects.create(merchant_id=tenancy.current(), rule=rule.key, **values)
            record(actor, "fraud.set_rule", "rulesetting", setting.id, after={"rule": rule.key, **values})
        else:
            edit(setting, values, verb="fraud.set_rule", actor=actor)
        _begin_if_first(merchant)
    return setting


def settings_of(merchant: Merchant) -> list[tuple[Rule, RuleSetting | None]]:
    """Every rule with the merchant's setting, if there is one."""
    found = {setting.rule: setting for setting in merchant.fraud_rules.all()}
    return [(rule, found.get(key)) for key, rule in RULES.items()]


def _begin_if_first(merchant: Merchant) -> None:
    """From the moment at which something is on. What was earned while all was off is history: see fraud.preview.

    A look begins SLACK before `until`, so that is where the first one's end lies.
    """
    if not merchant.fraud_rules.filter(is_on=True).exists():
        merchant.screenings.all().delete()
    elif not merchant.screenings.exists():
        Screening.objects.create(merchant_id=tenancy.current(), until=timezone.now() + SLACK)
