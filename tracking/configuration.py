"""What a process remembers of a merchant's configuration, checked by number at every use.

LOAD returns the merchant's `configuration_version`, which triggers raise whenever the merchant, a group, the reward of
a program or group, or anybody's reward for recruiters changes. Partners, their own rewards and coupons are not here:
there may be a hundred thousand, and LOAD fetches the few it needs.
"""

import uuid
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from django.db.models import Max

from affiliates.attribution import Policy
from merchants.models import AttributionModel, Merchant, SelfReferralPolicy
from merchants.tenancy import current
from rewards.rules import Rules, Terms

_REMEMBERED = 2_000
_cache: OrderedDict[uuid.UUID, "Configuration"] = OrderedDict()


@dataclass(frozen=True, slots=True)
class Configuration:
    """A merchant's settings as the ingest needs them."""

    version: int
    currency: str
    zone: ZoneInfo
    policy: Policy
    hold_days: int
    group_hold_days: dict[uuid.UUID, int]
    rewards: dict[uuid.UUID, Rules]
    """By program id or group id: every version of every rule."""
    levels: int
    """How many levels of recruiters any rule ever paid, partners' own included; mostly 0."""

    def hold(self, group_id: uuid.UUID | None) -> int:
        """Days a commission stays pending: the group's, else the merchant's."""
        return self.group_hold_days.get(group_id, self.hold_days) if group_id else self.hold_days


def configuration(version: int) -> Configuration:
    """The running tenant's configuration, read again when `version` is not the one remembered."""
    merchant_id = current()
    known = _cache.get(merchant_id)
    if known is None or known.version != version:
        known = _read(merchant_id)
        _cache[merchant_id] = known
        while len(_cache) > _REMEMBERED:
            _cache.popitem(last=False)
    return known


def remembered_levels(merchant_id: uuid.UUID) -> int:
    """How many levels of recruiters LOAD should ask for, as far as this process knows; see `load.with_recruiters`."""
    known = _cache.get(merchant_id)
    return known.levels if known is not None else 0


def _read(merchant_id: uuid.UUID) -> Configuration:
    merchant = Merchant.objects.get(id=merchant_id)
    rewards: dict[uuid.UUID, list[Terms]] = {}
    for version in merchant.reward_versions.filter(partner=None):
        target = version.group_id or version.program_id
        assert target is not None
        rewards.setdefault(target, []).append(version.terms())
    return Configuration(
        version=merchant.configuration_version,
        currency=merchant.currency,
        zone=ZoneInfo(merchant.time_zone),
        policy=Policy(
            precedence=tuple(merchant.attribution_precedence),
            first_touch=merchant.attribution_model == AttributionModel.FIRST_TOUCH,
            window=timedelta(days=merchant.attribution_window_days),
            reject_self_referral=merchant.self_referral == SelfReferralPolicy.REJECT,
        ),
        hold_days=merchant.hold_days,
        group_hold_days={group.id: group.hold_days for group in merchant.groups.all() if group.hold_days is not None},
        rewards={target: Rules(versions) for target, versions in rewards.items()},
        levels=merchant.reward_versions.filter(levels__gt=0).aggregate(most=Max("levels"))["most"] or 0,
    )
