"""The merchant's assets: made, changed, put in order, archived, deleted; and how often partners took them."""

from collections.abc import Mapping, Sequence
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import Max, Sum
from django.utils import timezone

from affiliates.models import Partner
from merchants import inputs, tenancy
from merchants.audit import Actor, record
from merchants.edits import edit, lock
from merchants.errors import Conflict, DomainError
from merchants.ids import new_id
from merchants.models import Merchant
from outreach.models import Asset, AssetKind
from outreach.uploads import READERS, Upload, saved_as

#: Bytes of all files of one merchant together.
MOST_TOGETHER = 1024**3
MOST_ASSETS = 500

# Two downloads at the same moment are two: the database adds.
_USED = """
INSERT INTO outreach_assetuse (merchant_id, id, asset_id, partner_id, number) VALUES (%s, %s, %s, %s, 1)
ON CONFLICT (merchant_id, asset_id, partner_id)
DO UPDATE SET number = outreach_assetuse.number + 1, last_at = now()
"""


def create_asset(
    *,
    merchant: Merchant,
    kind: str,
    title: str,
    note: str = "",
    body: str = "",
    url: str = "",
    upload: "File[bytes] | None" = None,
    group_ids: Sequence[UUID] = (),
    actor: Actor,
) -> Asset:
    """An asset at the end of the running tenant's list, for these groups or, without any, for all partners.

    A banner and a file take `upload`, a text `body`, a video `url`. DomainError from outreach.uploads, `required`,
    `video_url_invalid`; Conflict `assets_too_many`, `assets_too_large_together`.
    """
    asset = Asset(
        merchant_id=tenancy.current(),
        kind=AssetKind(kind),
        title=inputs.line(title, "title", required=True),
        note=inputs.line(note, "note", longest=500),
        group_ids=_audience(merchant, group_ids),
        **_content(kind, body, url),
    )
    looked_into = _read(kind, upload) if kind in READERS else None
    with transaction.atomic():
        lock(merchant)
        _check_room(merchant, looked_into)
        asset.position = (merchant.assets.aggregate(last=Max("position"))["last"] or 0) + 1
        if looked_into is not None:
            _keep(asset, looked_into)
        try:
            asset.save(force_insert=True)
            after = {"kind": str(asset.kind), "title": asset.title, "size": asset.size}
            record(actor, "asset.create", "asset", asset.id, after=after)
        except BaseException:
            _discard(asset.file)
            raise
    return asset


def update_asset(
    asset: Asset, *, changes: Mapping[str, Any], upload: "File[bytes] | None" = None, actor: Actor
) -> Asset:
    """Change title, note, body, url or group_ids, and put another file in the place of its own. The kind stays."""
    inputs.known_fields(changes, ("title", "note", "body", "url", "group_ids"))
    merchant = asset.merchant
    looked_into = _read(asset.kind, upload) if upload is not None and asset.kind in READERS else None
    with transaction.atomic():
        lock(merchant)
        lock(asset)
        values = {"title": inputs.line(changes.get("title", asset.title), "title", required=True)}
        values["note"] = inputs.line(changes.get("note", asset.note), "note", longest=500)
        values |= _content(asset.kind, changes.get("body", asset.body), changes.get("url", asset.url))
        given: dict[str, Any] = dict(values)
        if "group_ids" in changes:
            given["group_ids"] = _audience(merchant, changes["group_ids"])
        edit(asset, given, verb="asset.update", actor=actor)
        if looked_into is not None:
            _replace(merchant, asset, looked_into, actor)
    return asset


def archive_asset(asset: Asset, *, actor: Actor) -> Asset:
    """Take it from partners; the merchant keeps it. An address of the banner out in the world answers no more."""
    return _set_archived(asset, True, verb="asset.archive", actor=actor)


def restore_asset(asset: Asset, *, actor: Actor) -> Asset:
    """Give it to partners again."""
    return _set_archived(asset, False, verb="asset.restore", actor=actor)


def _set_archived(asset: Asset, archived: bool, *, verb: str, actor: Actor) -> Asset:
    with transaction.atomic():
        lock(asset)
        if (asset.archived_at is not None) != archived:
            edit(asset, {"archived_at": timezone.now() if archived else None}, verb=verb, actor=actor)
    return asset


def delete_asset(asset: Asset, *, actor: Actor) -> None:
    """Remove an archived asset, its file and its counts for good. Conflict `asset_not_archived`."""
    with transaction.atomic():
        lock(asset)
        if asset.archived_at is None:
            raise Conflict("Archive it first: partners may be using it.", code="asset_not_archived")
        record(actor, "asset.delete", "asset", asset.id, before={"title": asset.title, "kind": asset.kind})
        name, asset_id = asset.file, asset.id
        asset.merchant.asset_uses.filter(asset_id=asset_id).delete()
        asset.delete()
        _discard_after_commit(name)


def move_asset(asset: Asset, *, up: bool, actor: Actor) -> None:
    """Change places with the one before or behind it among those that partners see; the first and last stay."""
    with transaction.atomic():
        lock(asset.merchant)
        ordered = list(asset.merchant.assets.usable().values_list("id", flat=True))
        if asset.id not in ordered:
            return
        at = ordered.index(asset.id)
        to = at - 1 if up else at + 1
        if not 0 <= to < len(ordered):
            return
        ordered[at], ordered[to] = ordered[to], ordered[at]
        # Numbered anew: two that were made at the same moment may share a number.
        rows = {row.id: row for row in asset.merchant.assets.usable()}
        for number, asset_id in enumerate(ordered, 1):
            rows[asset_id].position = number
        Asset.objects.bulk_update(rows.values(), ["position"])
        record(actor, "asset.move", "asset", asset.id, before={"place": at + 1}, after={"place": to + 1})


def note_use(asset: Asset, partner: Partner) -> None:
    """Count that the partner took it."""
    with connection.cursor() as cursor:
        cursor.execute(_USED, [tenancy.current(), new_id(), asset.id, partner.id])


def _content(kind: str, body: str, url: str) -> dict[str, str]:
    """What stands in the columns of this kind, and nothing in the others'."""
    if kind == AssetKind.TEXT:
        text = inputs.paragraph(body, "body", longest=5_000).strip()
        if not text:
            raise DomainError("Write the text that partners copy.", code="required", field="body")
        return {"body": text, "url": ""}
    if kind == AssetKind.VIDEO:
        address = inputs.line(url, "url", longest=2_000, required=True)
        if not address.startswith("https://") or " " in address:
            raise DomainError("Give the video's address with https://.", code="video_url_invalid", field="url")
        return {"body": "", "url": address}
    return {"body": "", "url": ""}


def _read(kind: str, upload: "File[bytes] | None") -> Upload:
    if upload is None:
        raise DomainError("Choose a file.", code="required", field="upload")
    return READERS[kind](upload)


def _audience(merchant: Merchant, group_ids: Sequence[UUID]) -> list[UUID]:
    known = set(merchant.groups.filter(id__in=group_ids).values_list("id", flat=True))
    if known != set(group_ids):
        raise DomainError("One of these groups is gone: choose again.", code="group_unknown", field="groups")
    return sorted(known)


def _check_room(merchant: Merchant, upload: Upload | None, *, instead_of: int = 0) -> None:
    found = merchant.assets.aggregate(size=Sum("size"))
    if not instead_of and merchant.assets.count() >= MOST_ASSETS:
        raise Conflict(f"There are {MOST_ASSETS} assets: delete archived ones first.", code="assets_too_many")
    if upload is not None and (found["size"] or 0) - instead_of + upload.content.size > MOST_TOGETHER:
        raise Conflict(
            f"All files together may have {MOST_TOGETHER // 1024**2:,} MB: delete archived ones first.",
            code="assets_too_large_together",
            field="upload",
        )


def _keep(asset: Asset, upload: Upload) -> None:
    """Into the storage, under a name that nobody can guess and that says nothing."""
    name = default_storage.save(f"assets/{asset.merchant_id}/{token_urlsafe(24)}.{upload.ending}", upload.content)
    asset.file, asset.content_type, asset.size = name, upload.content_type, upload.content.size
    asset.width, asset.height = upload.width, upload.height
    asset.saved_as = saved_as(asset.title, upload.ending)


def _replace(merchant: Merchant, asset: Asset, upload: Upload, actor: Actor) -> None:
    _check_room(merchant, upload, instead_of=asset.size)
    old, before = asset.file, {"size": asset.size, "content_type": asset.content_type}
    _keep(asset, upload)
    try:
        asset.save()
        after = {"size": asset.size, "content_type": asset.content_type}
        record(actor, "asset.replace_file", "asset", asset.id, before=before, after=after)
    except BaseException:
        _discard(asset.file)
        raise
    _discard_after_commit(old)


def _discard_after_commit(name: str) -> None:
    # A storage that is away must not undo what has been committed: the file stays behind then, unseen.
    transaction.on_commit(lambda: _discard(name), robust=True)


def _discard(name: str) -> None:
    if name:
        default_storage.delete(name)
