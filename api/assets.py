"""Assets: what partners find in their portal to work with."""

from typing import Annotated
from uuid import UUID

import msgspec
from django.http import Http404, HttpResponse, HttpResponseBase
from msgspec import UNSET, Meta, UnsetType

from api import bodies
from api.base import TenantRequest, TenantView, answered, created
from api.choices import Moment, Name, changes_of, one_of
from api.operations import documented
from api.pages import ListQuery, Page, filtered, page, parse_query
from api.uploads import UploadRequest, UploadView
from merchants.errors import NotFound
from merchants.roles import Scope
from outreach import library
from outreach.models import Asset, AssetKind
from pages.asset_files import asset_file

_Note = Annotated[str, Meta(max_length=500, description="What partners should know of it.", examples=["For stories."])]
_Body = Annotated[
    str,
    Meta(
        max_length=5_000,
        description="Of a text: `{link}` and `{code}` become each partner's own.",
        examples=["Take {code} here: {link}"],
    ),
]
_Url = Annotated[str, Meta(max_length=2_000, description="Of a video: where it is watched, with https://.")]
_Groups = Annotated[
    list[UUID], Meta(max_length=200, description="For the partners of these groups; without any, for all partners.")
]
_FILE = "Of a banner: PNG, JPEG or WebP, at most 5 MB, written anew. Of a file: PDF or ZIP, at most 50 MB."
_REFUSED_FILES = ("asset_file_refused", "asset_picture_invalid", "asset_picture_size", "asset_too_large")
_NO_ROOM = ("assets_too_many", "assets_too_large_together")


class AssetAnswer(msgspec.Struct, kw_only=True):
    """A banner, a text, a file or a video."""

    id: UUID
    kind: Annotated[str, one_of(AssetKind), Meta(examples=["text"])]
    title: Annotated[str, Meta(examples=["Short post"])]
    note: _Note
    body: _Body
    url: Annotated[str, Meta(examples=[""])]
    group_ids: _Groups
    content_type: Annotated[str, Meta(description="What its file was found to be; empty without one.", examples=[""])]
    size: Annotated[int, Meta(description="Bytes of its file.", examples=[0])]
    width: Annotated[int | None, Meta(description="Pixels of a banner.")]
    height: int | None
    position: Annotated[int, Meta(description="In the order in which partners see them.", examples=[1])]
    archived_at: Annotated[Moment | None, Meta(description="Since when partners do not see it any more.")]
    created_at: Moment


class AssetQuery(ListQuery, forbid_unknown_fields=True, kw_only=True):
    """Which assets, and which page of them."""

    kind: Annotated[str, one_of(AssetKind)] | None = None


class NewAsset(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """An asset to be."""

    kind: Annotated[str, one_of(AssetKind, "A banner and a file come with `upload`, as multipart/form-data.")]
    title: Name
    note: _Note = ""
    body: _Body = ""
    url: _Url = ""
    group_ids: _Groups = []


class AssetChanges(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What to change; fields left out stay as they are. The kind stays."""

    title: Name | UnsetType = UNSET
    note: _Note | UnsetType = UNSET
    body: _Body | UnsetType = UNSET
    url: _Url | UnsetType = UNSET
    group_ids: _Groups | UnsetType = UNSET


class Assets(UploadView):
    """The assets of the account."""

    scope = {"GET": Scope.READ, "POST": Scope.WRITE}
    lists = frozenset({"group_ids"})

    @documented("List assets", query=AssetQuery, answer=Page[AssetAnswer])
    def get(self, request: TenantRequest) -> HttpResponse:
        """A page of assets, newest first, archived ones too. `position` is the order in which partners see them."""
        query = parse_query(request, AssetQuery)
        rows = filtered(request.merchant.assets.all(), {"kind": query.kind})
        return answered(page(rows, query, asset_shown))

    @documented(
        "Create an asset",
        body=NewAsset,
        answer=AssetAnswer,
        status=201,
        upload=_FILE,
        example={"kind": "text", "title": "Short post", "body": "Take {code} here: {link}"},
        refusals=("bad_request", "required", "video_url_invalid", "group_unknown", *_REFUSED_FILES, *_NO_ROOM),
    )
    def post(self, request: UploadRequest) -> HttpResponse:
        """Make an asset that partners see at once. A text or a video is sent as JSON.

        A banner or a file is sent as `multipart/form-data`: the same fields, `group_ids` once for each group, and the
        file as the part `upload`. What it is, is told by its content: its name and type count for nothing.
        """
        body = bodies.parse(request.content, NewAsset)
        asset = library.create_asset(
            merchant=request.merchant, kind=body.kind, title=body.title, note=body.note, body=body.body, url=body.url,
            group_ids=body.group_ids, upload=request.upload, actor=request.actor,
        )  # fmt: skip
        return created(asset_shown(asset), f"/api/v1/assets/{asset.id}")


class AssetDetail(UploadView):
    """One asset."""

    scope = {"GET": Scope.READ, "PATCH": Scope.WRITE, "DELETE": Scope.WRITE}
    lists = frozenset({"group_ids"})

    @documented("Get an asset", answer=AssetAnswer)
    def get(self, request: TenantRequest, asset_id: UUID) -> HttpResponse:
        """One asset by id."""
        return answered(asset_shown(request.merchant.assets.get(id=asset_id)))

    @documented(
        "Update an asset",
        body=AssetChanges,
        answer=AssetAnswer,
        upload="Another file in the place of its own.",
        example={"title": "Short post for spring"},
        refusals=(
            "bad_request", "required", "video_url_invalid", "group_unknown", *_REFUSED_FILES,
            "assets_too_large_together",
        ),
    )  # fmt: skip
    def patch(self, request: UploadRequest, asset_id: UUID) -> HttpResponse:
        """Change what you send and leave the rest. As `multipart/form-data` it can bring another file."""
        asset = request.merchant.assets.select_related("merchant").get(id=asset_id)
        changes = changes_of(bodies.parse(request.content, AssetChanges))
        library.update_asset(asset, changes=changes, upload=request.upload, actor=request.actor)
        return answered(asset_shown(asset))

    @documented("Delete an asset", answer=AssetAnswer, refusals=("asset_not_archived",))
    def delete(self, request: TenantRequest, asset_id: UUID) -> HttpResponse:
        """Remove an archived asset with its file and its counts, for good. Answers it as it was."""
        asset = request.merchant.assets.select_related("merchant").get(id=asset_id)
        was = asset_shown(asset)
        library.delete_asset(asset, actor=request.actor)
        return answered(was)


class AssetFile(TenantView):
    """The file of an asset."""

    scope = {"GET": Scope.READ}
    produces = ("image/png", "image/jpeg", "application/pdf", "application/zip")

    @documented("Download the file of an asset", answer=bytes, files=produces)
    def get(self, request: TenantRequest, asset_id: UUID) -> HttpResponseBase:
        """The bytes that partners get. 404 for a text or a video, which have none."""
        try:
            return asset_file(request.merchant.assets.get(id=asset_id), to_save=True)
        except Http404 as error:
            raise NotFound("This asset has no file.") from error


class AssetArchival(TenantView):
    """The end of an asset's use."""

    scope = {"POST": Scope.WRITE}

    @documented("Archive an asset", answer=AssetAnswer)
    def post(self, request: TenantRequest, asset_id: UUID) -> HttpResponse:
        """Take it from partners and keep it. A banner's address out in the world answers no more."""
        asset = request.merchant.assets.get(id=asset_id)
        return answered(asset_shown(library.archive_asset(asset, actor=request.actor)))


class AssetRestoration(TenantView):
    """Its return."""

    scope = {"POST": Scope.WRITE}

    @documented("Restore an asset", answer=AssetAnswer)
    def post(self, request: TenantRequest, asset_id: UUID) -> HttpResponse:
        """Give an archived asset to partners again."""
        asset = request.merchant.assets.get(id=asset_id)
        return answered(asset_shown(library.restore_asset(asset, actor=request.actor)))


def asset_shown(asset: Asset) -> AssetAnswer:
    """An asset. Does not query."""
    return AssetAnswer(
        id=asset.id,
        kind=asset.kind,
        title=asset.title,
        note=asset.note,
        body=asset.body,
        url=asset.url,
        group_ids=asset.group_ids,
        content_type=asset.content_type,
        size=asset.size,
        width=asset.width,
        height=asset.height,
        position=asset.position,
        archived_at=asset.archived_at,
        created_at=asset.created_at,
    )
