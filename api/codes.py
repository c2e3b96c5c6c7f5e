"""The codes of refusals: part of the API's contract, so they stand in one table that the reference page shows.

A test reads every `code="…"` in the code base and fails when one is missing here.
"""

from typing import Any, NamedTuple


class Code(NamedTuple):
    """What a code means and what the caller does about it."""

    status: int
    title: str
    advice: str


CODES: dict[str, Code] = {
    # The door itself
    "bad_request": Code(400, "Malformed request", "Check the address, the headers and the host name."),
    "invalid_json": Code(400, "Not valid JSON", "Send one JSON value in UTF-8."),
    "nested_too_deeply": Code(400, "Nested too deeply", "Flatten the body."),
    "invalid_idempotency_key": Code(
        400, "Unusable idempotency key", "Send 1 to 255 printable ASCII characters; a UUID is a good choice."
    ),
    "missing_api_key": Code(401, "No API key", "Send `Authorization: Bearer sk_live_…`."),
    "invalid_api_key": Code(401, "Unknown API key", "Check that the key was copied whole, or have a new one issued."),
    "api_key_revoked": Code(401, "Revoked API key", "Have a new key issued."),
    "api_key_expired": Code(401, "Expired API key", "The key was rotated: use its successor."),
    "scope_missing": Code(403, "Key lacks a scope", "Use a key that has the scope named in the answer."),
    "forbidden": Code(403, "Not allowed", "Ask an owner of the account."),
    "not_found": Code(
        404, "Not found", "Check the address and the id. Objects of other accounts are not found either."
    ),
    "method_not_allowed": Code(405, "Method not allowed", "Use one of the methods in the `Allow` header."),
    "not_acceptable": Code(
        406, "Not acceptable", "Accept `application/json` (or the type of the file where one is answered)."
    ),
    "conflict": Code(409, "Conflict", "Read the object again, then decide."),
    "contended": Code(409, "At the same moment", "Somebody did the same at the same moment: send the request again."),
    "idempotency_key_reused": Code(
        409,
        "Idempotency key used for another request",
        "Send a new key with a new request; repeat a request unchanged.",
    ),
    "body_too_large": Code(413, "Body too large", "Send at most 4 MB; split batches."),
    "unsupported_media_type": Code(415, "Not JSON", "Send `Content-Type: application/json`."),
    "unsupported_encoding": Code(415, "Compressed body", "Send the body without `Content-Encoding`; split batches."),
    "rate_limited": Code(429, "Too many requests", "Wait as long as `Retry-After` says."),
    "too_many_failed_keys": Code(
        429,
        "Too many failed keys",
        "Check the key; wait as long as `Retry-After` says. A key that has worked before is not held up by others.",
    ),
    "internal_error": Code(
        500, "Our mistake", "Send the request again with the same idempotency key; quote the request id."
    ),
    "busy": Code(503, "Rows contended", "Send the request again with the same idempotency key."),
    "unavailable": Code(503, "Temporarily unavailable", "Send the request again after `Retry-After` seconds."),
    # What a body or a query can get wrong
    "missing_field": Code(422, "A field is missing", "Add the field."),
    "unknown_field": Code(422, "Unknown field", "Check the spelling; fields that mean nothing here are refused."),
    "invalid_type": Code(422, "Wrong type", "Send the type that the reference names; nothing is converted."),
    "invalid_value": Code(422, "Value not allowed", "Send a value within the limits that the reference names."),
    "invalid_amount": Code(
        422, "Unusable amount", "Send an integer in minor units: 10000 is 100.00 USD, 100 is 100 JPY."
    ),
    "invalid_cursor": Code(422, "Unusable cursor", "Send `next_cursor` of the page before, unchanged."),
    "invalid_text": Code(422, "Text that cannot be stored", "Remove NUL and control characters."),
    "invalid_choice": Code(422, "Not one of the choices", "Send one of the values that the reference names."),
    "invalid_number": Code(422, "Not a whole number", "Send an integer."),
    "invalid_time": Code(
        422,
        "Not a moment",
        "Send RFC 3339 with an offset, such as 2026-03-01T09:00:00Z, of the years 1970 to 9998. No end is null.",
    ),
    "invalid_list": Code(422, "Not a list", "Send a list of texts."),
    "invalid_metadata": Code(422, "Unusable metadata", "Send a plain JSON object."),
    "metadata_too_large": Code(422, "Too much metadata", "Keep to 50 keys, 8 kB and five levels."),
    "accept_by_past": Code(422, "The day has passed", "Name a day that lies ahead, where the account is."),
    "required": Code(422, "A value is needed", "Fill in the field."),
    "out_of_range": Code(422, "Out of range", "Send a value within the limits in the answer."),
    "too_long": Code(422, "Too long", "Shorten the value."),
    "too_many": Code(422, "Too many", "Send fewer values."),
    "in_the_future": Code(422, "In the future", "Send when it happened; clocks may differ by ten minutes."),
    "too_long_ago": Code(422, "Too long ago", "Check the year and the format."),
    "unknown_currency": Code(422, "Unknown currency", "Send an ISO 4217 code in upper case."),
    "email_invalid": Code(422, "Not an e-mail address", "Send an address such as eva@example.com."),
    "phone_invalid": Code(422, "Not a phone number", "Send it with + and the country code."),
    "birthday_invalid": Code(422, "Not a birthday", "Send a date in the past."),
    "language_invalid": Code(422, "Not a language", "Send a BCP 47 tag such as en or pt-BR."),
    "invalid": Code(422, "Refused", "The answer says why."),
    # Sales, refunds, leads, clicks
    "order_conflict": Code(
        409,
        "Order recorded with other content",
        "The first stays. Send a refund to take something back, or a new order id.",
    ),
    "order_deleted": Code(
        409, "Order was deleted", "It stays deleted. To have it again, record it as a new order under another id."
    ),
    "parts_exceed_amount": Code(
        422, "Parts exceed the amount", "`amount` is the full total, with tax, shipping and discount."
    ),
    "lines_exceed_amount": Code(
        422, "Lines exceed the amount", "Line amounts are for the whole quantity, in minor units."
    ),
    "customer_unidentified": Code(422, "Customer without a key", "Send external_id, email or phone."),
    "order_unknown": Code(404, "Order unknown", "Record the sale first, or name its source."),
    "refund_conflict": Code(
        409, "Refund recorded with other content", "The first stays. Use a new refund id for a new refund."
    ),
    "refund_exceeds_order": Code(422, "More than is left of the order", "Refund at most what is left."),
    "refund_exceeds_line": Code(422, "More than is left of the line", "Refund at most what is left of the line."),
    "refund_contradicts_lines": Code(422, "Amount and lines differ", "Send one of the two."),
    "line_unknown": Code(422, "No such line", "Lines are counted from 0."),
    "lead_conflict": Code(
        409, "Lead recorded with other content", "The first stays. Use another name for another lead."
    ),
    "link_unknown": Code(404, "Link unknown", "Send the code of an active link of yours."),
    # Customers
    "contact_taken": Code(409, "Contact taken", "Another customer has this e-mail or phone number: update that one."),
    "contact_needed": Code(422, "No way to find the customer", "Send an e-mail, a phone number or an external id."),
    "external_id_taken": Code(409, "External id taken", "Another customer has it: update that one."),
    "provider_key_taken": Code(409, "Provider key taken", "Another customer has it: remove it there first."),
    "provider_invalid": Code(422, "Unusable provider", "Up to 20 lower-case letters, digits and _, such as stripe."),
    # Partners and what belongs to them
    "recruiter_circle": Code(409, "Recruiters in a circle", "Choose somebody whom this partner has not recruited."),
    "partner_email_taken": Code(409, "E-mail taken", "There is a partner with this e-mail: update that one."),
    "partner_status": Code(
        409, "Not from this status", "Read the partner again; the answer says which status it takes."
    ),
    "partner_erased": Code(409, "Partner erased", "Nobody knows who it was: add them as a new partner."),
    "partner_has_open_money": Code(
        409, "Open money", "Pay the partner, or reject or adjust what is open, before you erase them."
    ),
    "partner_not_approved": Code(409, "Partner not approved", "Approve the partner first."),
    "program_name_taken": Code(409, "Name taken", "Choose another name for the program."),
    "group_name_taken": Code(409, "Name taken", "Choose another name for the group."),
    "group_of_other_program": Code(422, "Group of another program", "Name a group of the partner's program."),
    "group_has_members": Code(409, "Partners are in the group", "Move them to another group first."),
    "rule_incomplete": Code(422, "Rule without its list", "List at least one domain or country, or name another rule."),
    "country_invalid": Code(422, "Not a country", "Send two letters of ISO 3166, such as SE."),
    "coupon_taken": Code(409, "Coupon code taken", "Choose another code."),
    "coupon_code_invalid": Code(422, "Unusable coupon code", "Up to 64 letters, digits, dots, - and _."),
    "ends_before_start": Code(422, "Ends before it starts", "Let it end later than it starts."),
    "limit_below_uses": Code(422, "Limit below uses", "Set the limit at or above the uses, or switch the coupon off."),
    "link_code_taken": Code(409, "Link code taken", "Choose another code; they are shared by all accounts."),
    "link_code_invalid": Code(422, "Unusable link code", "2 to 64 letters, digits, - and _."),
    "link_code_reserved": Code(422, "Reserved link code", "Choose another code."),
    "destination_not_allowed": Code(422, "Destination not allowed", "Links lead to the account's own domains only."),
    # Assets and announcements
    "asset_file_refused": Code(422, "Kind of file refused", "PDF and ZIP files are taken."),
    "asset_picture_invalid": Code(422, "No picture", "PNG, JPEG and WebP are taken."),
    "asset_picture_size": Code(422, "Too many or too few pixels", "Each side has 16 to 5,000."),
    "asset_too_large": Code(422, "File too large", "Pictures have at most 5 MB, other files 50 MB."),
    "assets_too_many": Code(409, "Too many assets", "Delete archived ones first."),
    "assets_too_large_together": Code(409, "No room left", "Delete archived assets first."),
    "asset_not_archived": Code(409, "Not archived", "Archive the asset before it is deleted."),
    "video_url_invalid": Code(422, "Unusable address", "A video's address begins with https://."),
    "group_unknown": Code(422, "Group unknown", "Name groups of the account."),
    "announcement_published": Code(409, "Published already", "What partners got stays as it is: write another one."),
    "mail_server_away": Code(503, "Mail server away", "Try again later."),
    # Rewards and commissions
    "one_owner": Code(422, "Whose terms?", "Name exactly one of program, group and partner."),
    "percent_invalid": Code(422, "Unusable percentage", "0 to 100 with at most four decimals."),
    "terms_mixed": Code(422, "Terms mixed", "A percentage has percent; a fixed reward has amount and currency."),
    "range_backwards": Code(422, "Range backwards", "Let the upper bound be at least the lower one."),
    "backtest_event": Code(
        422, "Not tried on history", "Rules for leads and clicks cannot be tried: set the rule as it is."
    ),
    "backtest_period": Code(422, "Period backwards", "Let the period begin before it ends."),
    "rule_changed_since": Code(409, "Rule changed since", "Open the rule again and try your change once more."),
    "rule_not_for_event": Code(
        422,
        "Not for this event",
        "Leads and clicks have no amount and no lines: set a fixed amount. Recruiters earn percentages.",
    ),
    "levels_too_much": Code(422, "Levels above 100%", "All levels of a rule together are at most 100%."),
    "tier_rate": Code(422, "Tier without one rate", "Give each tier a percent or an amount."),
    "tiers_overlap": Code(422, "Tiers overlap", "Send tiers by ascending start, each once."),
    "more_than_order": Code(
        422, "More than the order", "Pay at most the smallest order the rule is for, or change its order sizes."
    ),
    "too_many_rules": Code(409, "Too many rules", "Change or end one of those there are."),
    "no_reward_to_end": Code(409, "No reward to end", "None is in force at that moment."),
    "bonus_overlaps": Code(
        409, "Another bonus counts the same", "End the one that `bonus` names, or choose days on which it does not run."
    ),
    "bonus_has_begun": Code(409, "Bonus has begun", "Partners count on it: rename it, or end it and make another."),
    "bonus_not_begun": Code(409, "Bonus has not begun", "Delete it instead."),
    "starts_in_the_past": Code(422, "Begins before today", "Send today or a later day: a bonus never reaches back."),
    "ends_on_needed": Code(422, "Until when?", "Send `ends_on` with the period `once`."),
    "ladder_size": Code(422, "Targets missing, or too many", "Send 1 to 20 targets."),
    "ladder_not_ascending": Code(422, "Targets not ascending", "Send targets by ascending target, each once."),
    "target_zero": Code(422, "Target of nothing", "Send a target above zero."),
    "amount_zero": Code(422, "Nothing", "Send an amount other than zero."),
    "commission_flagged": Code(409, "Under review", "Decide about its flags first."),
    "commission_not_flagged": Code(409, "Nothing to decide", "Nothing is open about this commission."),
    "commission_not_rejectable": Code(409, "Cannot be rejected", "Only pending and approved commissions can."),
    "commission_not_restorable": Code(
        409, "Cannot be restored", "Only a rejected one can, while something of its order is left."
    ),
    "commission_final": Code(409, "Commission is final", "Record a commission by hand instead."),
    "nothing_to_adjust": Code(422, "Nothing to adjust", "It is worth that already."),
    "self_referral": Code(409, "The partner is the customer", "Choose another partner, or change the settings."),
    "orders_too_many": Code(422, "Too many orders at once", "Name a later date, and go back step by step."),
    "since_needed": Code(422, "From when?", "Send `since` with `past: since`, and only then."),
    # Payouts
    "commissions_needed": Code(422, "No commissions chosen", "Choose 1 to 10,000 commissions."),
    "commissions_not_payable": Code(
        422, "Commissions that cannot be paid", "Leave out those that `commissions` names."
    ),
    "correction_left_out": Code(422, "Corrections left out", "Choose the partner's corrections too."),
    "nothing_to_pay": Code(422, "Nothing to pay", "The partner owes as much or more."),
    "commission_not_pending": Code(409, "Not on hold", "Only a commission on hold can be released early."),
    "links_too_many": Code(409, "Too many links", "Use or change one of the partner's links."),
    "payout_has_others": Code(409, "Payout paid more", "Reverse the payout as a whole, or choose all it paid."),
    "transaction_id_taken": Code(409, "Transaction id taken", "A payout with this reference is recorded already."),
    "paid_on_invalid": Code(422, "Not a day of payment", "Send a day from 1970 on that does not lie ahead."),
    "payout_not_paid": Code(409, "Not paid", "Only a paid payout can be reversed."),
    # Jobs
    "export_without_file": Code(409, "No file", "Ask for the export until it is `done`; a file is kept for a week."),
    "job_not_open": Code(409, "Job over", "Read the job again: it is done, failed or cancelled."),
    "job_not_failed": Code(409, "Job not failed", "Only a job that failed can be tried again."),
    "job_kind_unknown": Code(422, "Unknown kind of job", "It was started by another version: start it anew."),
}


def title(code: str) -> str:
    """A code in words."""
    known = CODES.get(code)
    return known.title if known else code.replace("_", " ").capitalize()


def example(code: str) -> dict[str, Any]:
    """The problem document of a code, with its advice for a detail."""
    known = CODES[code]
    return {
        "type": f"/api/docs#error-{code}",
        "title": known.title,
        "status": known.status,
        "code": code,
        "detail": known.advice,
        "request_id": "req_5f0c3f6e8d0b4c1e9a7d2b6c4e8f0a12",
    }
