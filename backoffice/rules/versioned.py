"""A form that sets a new version: it knows the newest one that it was shown beside, and says when there is a newer."""

from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from backoffice.door import StaffRequest
from merchants.errors import Conflict
from pages.forms import PageForm
from rewards.models import RewardVersion
from rewards.sentences import sentence

#: The button that tries what the form says on history, and sets nothing.
TRY = "try_on_history"
#: Days that survive the way into another time zone.
_DAYS = (MinValueValidator(date(1970, 1, 1)), MaxValueValidator(date(9998, 12, 31)))


class VersionedForm(PageForm):
    """Terms that follow those which were shown."""

    version = forms.IntegerField(widget=forms.HiddenInput, min_value=0, required=False)
    """The number of the newest version when the form was shown; empty when there was none."""

    def refuse_overtaken(self, request: StaffRequest, newest: RewardVersion | None) -> None:
        """Conflict `rule_changed_since` when somebody set other terms meanwhile. Sent again, the form replaces them.

        The owner's row is locked, or two who send at once would both find nothing.
        """
        if newest is None or newest.number == (self.cleaned_data["version"] or 0):
            return
        # Rendered again, the form knows what its reader is about to be told.
        self.data = {**{name: self.data.get(name) for name in self.data}, self.add_prefix("version"): newest.number}
        did = "ended it" if newest.ended else f"set it to “{sentence(newest.terms())}”"
        raise Conflict(
            f"Meanwhile {_who(request, newest)} {did}. Nothing is saved yet: save again to keep what stands here.",
            code="rule_changed_since",
        )


class TriableForm(VersionedForm):
    """Terms that can be tried on history first; on which orders, they say themselves."""

    history_from = forms.DateField(
        label="Orders from", required=False, validators=_DAYS, widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty: twelve months.",
    )  # fmt: skip
    history_to = forms.DateField(
        label="Orders to", required=False, validators=_DAYS, widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty: today.",
    )  # fmt: skip

    def rule(self) -> dict[str, Any]:
        """What was typed, as the verbs take it."""
        raise NotImplementedError


def _who(request: StaffRequest, version: RewardVersion) -> str:
    entries = request.merchant.audit_entries.filter(object_type="rewardversion", object_id=version.id)
    return entries.values_list("actor_name", flat=True).first() or "somebody"
