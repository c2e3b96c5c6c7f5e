"""How pages write things: icons, money, moments, people. What only pages write has its one home here.

Amounts come in minor units beside their currency; they and rates are written by `merchants.money`, for sentences of
the domain too. Moments are shown in the running merchant's time zone, which the
door activates; the title of each holds UTC.
"""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from hashlib import blake2b
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from lucide.templatetags.lucide import lucide

from merchants.money import EXPONENTS, MINUS, display, percentage, sign_of, to_decimal
from pages.brand import Brand, brand_of, legal_lines
from pages.devices import device, is_handheld
from pages.logo import logo_address, logo_path

register = template.Library()

#: Every 30 degrees of the colour circle: `.hue-0` to `.hue-11` in the style sheet.
_HUES = 12

#: One word and one colour for every status that a page shows (UI: dot and word, never colour alone).
_BADGES: dict[str, tuple[str, str]] = {
    "applied": ("Pending", "is-amber"),
    "approved": ("Approved", "is-green"),
    "rejected": ("Rejected", ""),
    "suspended": ("Suspended", "is-red"),
    "pending": ("On hold", "is-blue"),
    "under_review": ("Under review", "is-amber"),
    "in_payout": ("In payout", "is-blue"),
    "paid": ("Paid", "is-green"),
    "unpaid": ("Unpaid", "is-amber"),
    "reversed": ("Reversed", ""),
    "reserved": ("Reserved", "is-blue"),
    "active": ("Active", "is-green"),
    "inactive": ("Inactive", ""),
    "blocked": ("Blocked", "is-red"),
    "invited": ("Invited", "is-amber"),
    "expired": ("Expired", ""),
    "revoked": ("Revoked", "is-red"),
    "replaced": ("Being replaced", "is-amber"),
    "queued": ("Waiting", ""),
    "running": ("Running", "is-blue"),
    "done": ("Done", "is-green"),
    "failed": ("Failed", "is-red"),
    "cancelled": ("Cancelled", ""),
    "planned": ("Planned", "is-amber"),
    "ended": ("Ended", ""),
}


@register.simple_tag
def icon(name: str, size: int = 16) -> SafeString:
    """A Lucide icon, hidden from screen readers: the word beside it says the same."""
    return _icon(name, size)


@cache
def _icon(name: str, size: int) -> SafeString:
    return mark_safe(lucide(name, size=size, **{"class": "icon", "aria_hidden": "true"}))  # noqa: S308 - SVG of the package


@register.filter
def money(amount: int | None, currency: str) -> str:
    """`1234500|money:"USD"` is `$12,345.00`; a minus is a true minus. None is an em dash."""
    return "—" if amount is None else display(int(amount), currency)


@register.filter
def taken(amount: int, currency: str) -> str:
    """What was taken back, as a line of a sum: `500|taken:"USD"` is `−$5.00`."""
    return money(-amount, currency)


@register.simple_tag
def kept(commission: Any) -> str:
    """What the partner still has of a commission."""
    return money(commission.amount - commission.reversed, commission.currency)


@register.filter
def plain(amount: int, currency: str) -> str:
    """What an amount is typed as in a form, without signs: `12345.00`."""
    return str(to_decimal(int(amount), currency))


@register.filter
def exponent(currency: str) -> int:
    """How many decimals a currency has, for charts."""
    return EXPONENTS[currency]


@register.filter
def bare(address: str) -> str:
    """An address as people read it, without `https://`."""
    return re.sub(r"^https?://", "", address)


@register.filter
def brand(merchant: Any) -> Brand:
    """The merchant's colours for an e-mail, where no style sheet reaches; the house's for no merchant."""
    return brand_of(merchant.brand_color if merchant else "")


@register.filter
def logo(merchant: Any) -> str:
    """The address of the merchant's logo on this site; empty without one, or without a merchant."""
    return logo_path(merchant) if merchant else ""


@register.filter
def mailed_logo(merchant: Any) -> str:
    """The same from anywhere, for an e-mail."""
    return logo_address(merchant) if merchant else ""


register.filter(percentage)
register.filter("sign", sign_of)
register.filter(legal_lines)
register.filter(device)
register.filter(is_handheld)


@register.filter
def count(number: int | None) -> str:
    """`3417` is `3,417`."""
    return "—" if number is None else f"{number:,}"


@register.filter
def change(percent: Decimal | None) -> str:
    """`21.3` is `+21.3%`; None, when there was nothing before, is empty."""
    if percent is None:
        return ""
    return f"{MINUS if percent < 0 else '+'}{abs(percent)}%"


@register.filter
def day(value: date | datetime | None) -> SafeString:
    """A day: `Nov 22, 2026`. Of a moment, the day where the merchant is."""
    if value is None:
        return mark_safe('<span class="faint">—</span>')
    if isinstance(value, datetime):
        local = timezone.localtime(value)
        return _time(value.isoformat(), _utc(value), date_format(local, "M j, Y"))
    return _time(value.isoformat(), "", date_format(value, "M j, Y"))


@register.filter
def moment(value: datetime | None) -> SafeString:
    """A moment: `Nov 22, 10:41`, with the year when it is another one."""
    if value is None:
        return mark_safe('<span class="faint">—</span>')
    local = timezone.localtime(value)
    style = "M j, H:i" if local.year == timezone.localtime().year else "M j, Y, H:i"
    return _time(value.isoformat(), _utc(value), date_format(local, style))


def _utc(value: datetime) -> str:
    return f"{value:%Y-%m-%d %H:%M:%S} UTC"


def _time(iso: str, title: str, text: str) -> SafeString:
    return format_html('<time datetime="{}"{}>{}</time>', iso, format_html(' title="{}"', title) if title else "", text)


@register.simple_tag
def avatar(name: str, key: object = "", style: str = "") -> SafeString:
    """Initials on a colour made from the id. Always next to the name, so hidden from screen readers."""
    hue = blake2b(str(key or name).encode(), digest_size=1).digest()[0] % _HUES
    return format_html('<span class="avatar hue-{} {}" aria-hidden="true">{}</span>', hue, style, initials(name))


@register.simple_tag(takes_context=True)
def carried(context: Mapping[str, Any], *own: str) -> SafeString:
    """The query string as hidden fields, without the page and what the form asks `own`: one filter keeps the others."""
    query = context["request"].GET
    kept = ((name, value) for name in query if name not in (*own, "page") for value in query.getlist(name))
    return format_html_join("", '<input type="hidden" name="{}" value="{}">', kept)


@register.filter
def initials(name: str) -> str:
    """`Emma Lindqvist` is `EL`."""
    words = [word for word in name.replace("•", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


@register.simple_tag
def badge(status: Any, text: str = "") -> SafeString:
    """A status as dot and word."""
    word, style = _BADGES[str(status)]
    return format_html('<span class="badge {}">{}</span>', style, text or word)


@register.filter
def owed(status: str) -> str:
    """A commission's status as the merchant's staff call it: what is approved is simply not paid yet."""
    return "unpaid" if status == "approved" else status


#: What the audit log's verbs are to a person.
_DEEDS = {
    "sale.record": "Recorded a sale", "refund.record": "Recorded a refund", "lead.record": "Recorded a lead",
    "click.record": "Recorded a click", "reward.set": "Set what a partner earns", "reward.end": "Ended a reward",
    "partner.create": "Added a partner", "partner.update": "Changed a partner", "partner.approve": "Approved a partner",
    "partner.suspend": "Suspended a partner", "partner.reject": "Rejected a partner",
    "partner.set_password": "Set a portal password", "partner.activation_link": "Made an activation link",
    "partner.sign_out_everywhere": "Signed out everywhere", "coupon.create": "Added a code",
    "coupon.update": "Changed a code", "link.create": "Added a link", "link.update": "Changed a link",
    "customer.create": "Added a customer", "customer.update": "Changed a customer",
    "customer.follow": "Followed the person's own edit", "customer.erase": "Deleted a customer",
    "commission.release": "Ended the hold", "commission.release_early": "Ended the hold early",
    "commission.reject": "Rejected a commission", "commission.record_manual": "Recorded a commission by hand",
    "job.start": "Started a job", "job.cancel": "Cancelled a job", "job.retry": "Tried a job again",
    "bonus.create": "Added a bonus", "bonus.update": "Changed a bonus", "bonus.end": "Ended a bonus",
    "bonus.delete": "Deleted a bonus", "bonus.award": "Reached a target", "bonus.take_back": "Fell below a target",
    "bonus.give_again": "Reached a target again",
    "commission.flag": "Flagged a commission", "commission.review": "Closed what was flagged",
    "fraud.set_rule": "Changed a fraud rule", "commission.settle": "Settled a doubt",
    "partner.readmit": "Let a partner in again", "partner.erase": "Erased a partner",
    "application.erase": "Erased an application",
    "asset.create": "Added an asset", "asset.update": "Changed an asset", "asset.archive": "Archived an asset",
    "asset.restore": "Restored an asset", "asset.delete": "Deleted an asset", "asset.move": "Moved an asset",
    "asset.replace_file": "Replaced a file", "announcement.draft": "Wrote an announcement",
    "announcement.update": "Changed an announcement", "announcement.delete": "Deleted a draft",
    "announcement.publish": "Published an announcement", "partner.unsubscribe": "Stopped announcements by e-mail",
    "partner.subscribe": "Wanted announcements by e-mail again",
    "payout.record": "Recorded a payout", "payout.reverse": "Reversed a payout",
    "operator.open": "Looked at the account", "operator.list": "Looked through a list",
    "operator.view": "Looked at a page", "user.deactivate": "Deactivated a log-in",
    "user.reactivate": "Reactivated a log-in", "user.reset_second_factor": "Reset a second factor",
    "merchant.create": "Opened the account",
    "merchant.update": "Changed the settings", "merchant.set_logo": "Set the logo",
    "merchant.remove_logo": "Removed the logo", "mail.update": "Changed an e-mail",
    "mail.reset": "Reset an e-mail",
    "staff.add": "Joined the team", "staff.remove": "Removed a member",
    "staff.change_role": "Changed a role", "staff.invite": "Invited somebody",
    "staff.withdraw_invitation": "Withdrew an invitation", "key.issue": "Made an API key",
    "key.rotate": "Replaced an API key", "key.revoke": "Revoked an API key", "group.create": "Added a group",
    "group.update": "Changed a group", "group.delete": "Deleted a group", "program.create": "Added a program",
    "program.applications": "Changed the page of applications", "question.create": "Added a question",
    "question.update": "Changed a question", "question.move": "Moved a question",
    "question.delete": "Removed a question", "terms.publish": "Published terms",
    "partner.accept_terms": "Accepted the terms", "partner.reapply": "Applied again",
    "application.send": "Sent an application", "application.correct": "Corrected an application",
    "application.confirm": "Confirmed an application",
}  # fmt: skip


@register.filter
def deed(verb: str) -> str:
    """`partner.approve` is `Approved a partner`; a verb without words of its own stands as it is."""
    return _DEEDS.get(verb, verb)


@register.filter
def named(names: Mapping[Any, str], key: Any) -> str:
    """What `names` call it; a dash for what is not there any more."""
    return names.get(key, "—")


@register.filter
def status_word(status: str) -> str:
    """The word alone."""
    return _BADGES[str(status)][0]


@register.filter
def share(part: int, whole: int) -> int:
    """Percent of the whole in steps of two, 0 to 100, for the classes `.v-0` to `.v-100` of a bar."""
    return max(0, min(100, 2 * round(50 * part / whole))) if whole > 0 else 0


@register.filter
def rate(terms: Any) -> str:
    """What a reward version gives: `12%`, or `$8.00` an order. None gives nothing."""
    if terms is None:
        return "—"
    if terms.percent is not None:
        return percentage(terms.percent)
    return money(terms.amount, terms.currency)


_JSON = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*|true|false|null)')


@register.filter
def json_block(value: Any) -> SafeString:
    """JSON for reading: indented, keys and texts in their colours. Every piece is escaped by itself."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    pieces, end = [], 0
    for match in _JSON.finditer(text):
        pieces.append(escape(text[end : match.start()]))
        style = "n" if match[3] else "k" if match[2] else "s"
        pieces.append(format_html('<span class="{}">{}</span>{}', style, match[1] or match[3], match[2] or ""))
        end = match.end()
    pieces.append(escape(text[end:]))
    return mark_safe("".join(pieces))  # noqa: S308 - escaped above, piece by piece


@register.filter
def rate_of(explanation: dict[str, Any]) -> str:
    """The rate in a commission's explanation: `12%`, `$5.00`, `Several`, or an em dash for one by hand."""
    parts = explanation.get("parts", ())
    if len({(part.get("percent"), part.get("amount")) for part in parts}) > 1:
        return "Several"
    reward = explanation.get("reward", {})
    if reward.get("percent"):
        return percentage(Decimal(reward["percent"]))
    return money(reward["amount"], reward["currency"]) if reward.get("amount") is not None else "—"
