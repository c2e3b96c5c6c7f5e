"""A file is what its content says: pictures are written anew, other files are of a short list, and nothing runs."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from io import BytesIO
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from merchants import tenancy
from merchants.audit import Actor
from merchants.errors import DomainError
from merchants.models import Merchant
from outreach import library, uploads
from outreach.library import archive_asset, create_asset, delete_asset, move_asset, update_asset
from outreach.models import Asset
from tests.factories import GroupFactory
from tests.outreach.conftest import pdf, picture

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
HTML = b"<!doctype html><script>alert(1)</script>"


def made(tenant: Merchant, actor: Actor, kind: str = "banner", **given: Any) -> Asset:
    return create_asset(merchant=tenant, kind=kind, title="Spring", actor=actor, **given)


def refusal(tenant: Merchant, actor: Actor, kind: str, **given: Any) -> str:
    with pytest.raises(DomainError) as refused:
        made(tenant, actor, kind, **given)
    assert not tenant.assets.exists()
    return refused.value.code


def kept(asset: Asset) -> bytes:
    with default_storage.open(asset.file) as file:
        return bytes(file.read())


@pytest.mark.parametrize(("kind", "content_type"), [("PNG", "png"), ("JPEG", "jpeg"), ("WEBP", "png")])
def test_a_banner_is_written_anew_under_a_name_that_says_nothing(
    tenant: Merchant, actor: Actor, kind: str, content_type: str
) -> None:
    asset = made(tenant, actor, upload=picture(kind))
    assert (asset.content_type, asset.width, asset.height) == (f"image/{content_type}", 60, 40)
    assert asset.size == len(kept(asset)) > 0
    assert asset.file.startswith(f"assets/{tenant.id}/")
    assert "pring" not in asset.file
    assert asset.saved_as == f"spring.{'jpg' if kind == 'JPEG' else 'png'}"


def test_what_is_hidden_in_a_picture_is_not_kept(tenant: Merchant, actor: Actor) -> None:
    notes = PngInfo()
    notes.add_text("Comment", "<script>alert(1)</script>")
    upload = ContentFile(picture(pnginfo=notes).read() + HTML)
    assert b"script" not in kept(made(tenant, actor, upload=upload))


@pytest.mark.parametrize("content", [SVG, HTML, b"", b"GIF89a", b"%PDF-1.7", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_no_banner(tenant: Merchant, actor: Actor, content: bytes) -> None:
    assert refusal(tenant, actor, "banner", upload=ContentFile(content, "x.png")) == "asset_picture_invalid"


@pytest.mark.parametrize("content", [SVG, HTML, b"", b"MZ\x90", b" %PDF-1.7", b"#!/bin/sh"])
def test_a_file_is_a_pdf_or_a_zip_whatever_it_is_called(tenant: Merchant, actor: Actor, content: bytes) -> None:
    assert refusal(tenant, actor, "file", upload=ContentFile(content, "terms.pdf")) == "asset_file_refused"


def test_a_pdf_and_a_zip_are_kept_as_they_are(tenant: Merchant, actor: Actor) -> None:
    asset = made(tenant, actor, "file", upload=pdf(b"text"))
    assert (asset.content_type, asset.saved_as, kept(asset)) == (
        "application/pdf", "spring.pdf", b"%PDF-1.7\ntext",
    )  # fmt: skip
    asset = made(tenant, actor, "file", upload=ContentFile(b"PK\x03\x04rest"))
    assert asset.content_type == "application/zip"


def test_files_have_a_size_each_and_together(tenant: Merchant, actor: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    huge = ContentFile(b"x")
    huge.size = uploads.MAX_PICTURE + 1
    assert refusal(tenant, actor, "banner", upload=huge) == "asset_too_large"
    assert refusal(tenant, actor, "banner", upload=picture(size=(15, 40))) == "asset_picture_size"
    assert refusal(tenant, actor, "banner", upload=picture(size=(5001, 16))) == "asset_picture_size"
    monkeypatch.setattr(library, "MOST_TOGETHER", 100)
    assert refusal(tenant, actor, "file", upload=pdf(bytes(100))) == "assets_too_large_together"
    asset = made(tenant, actor, "file", upload=pdf(bytes(80)))
    update_asset(asset, changes={}, upload=pdf(bytes(90)), actor=actor)  # in the place of the first
    assert asset.size == 99


def test_a_text_needs_words_and_a_video_an_address(tenant: Merchant, actor: Actor) -> None:
    assert refusal(tenant, actor, "text", body=" ") == "required"
    assert refusal(tenant, actor, "video", url="javascript:alert(1)") == "video_url_invalid"
    assert refusal(tenant, actor, "video", url="http://videos.example/1") == "video_url_invalid"
    assert refusal(tenant, actor, "banner") == "required"
    assert made(tenant, actor, "video", url="https://videos.example/1").url == "https://videos.example/1"


def test_a_replaced_file_goes_with_the_commit_and_a_deleted_asset_takes_its_own_along(
    merchant: Merchant, actor: Actor, django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[Any]]
) -> None:
    with tenancy.tenant(merchant.id):
        asset = made(merchant, actor, upload=picture())
    first = asset.file
    with django_capture_on_commit_callbacks(execute=True), tenancy.tenant(merchant.id):
        update_asset(asset, changes={"title": "Summer"}, upload=picture(size=(80, 80)), actor=actor)
        assert default_storage.exists(first)
    assert not default_storage.exists(first)
    assert Image.open(BytesIO(kept(asset))).size == (80, 80)
    with django_capture_on_commit_callbacks(execute=True), tenancy.tenant(merchant.id):
        with pytest.raises(DomainError, match="Archive it first"):
            delete_asset(asset, actor=actor)
        archive_asset(asset, actor=actor)
        delete_asset(asset, actor=actor)
        assert not merchant.assets.exists()
    assert not default_storage.exists(asset.file)
    with tenancy.tenant(merchant.id):
        verbs = list(merchant.audit_entries.filter(object_type="asset").order_by("id").values_list("verb", flat=True))
    assert verbs == ["asset.create", "asset.update", "asset.replace_file", "asset.archive", "asset.delete"]


def test_the_order_is_the_merchants(tenant: Merchant, actor: Actor) -> None:
    for title in ("one", "two", "three"):
        create_asset(merchant=tenant, kind="text", title=title, body="x", actor=actor)
    last = tenant.assets.get(title="three")
    move_asset(last, up=True, actor=actor)
    move_asset(last, up=True, actor=actor)
    move_asset(last, up=True, actor=actor)
    assert [asset.title for asset in tenant.assets.usable()] == ["three", "one", "two"]


def test_a_group_of_somebody_else_is_no_audience(merchant: Merchant, other_merchant: Merchant, actor: Actor) -> None:
    with tenancy.tenant(other_merchant.id):
        group = GroupFactory()
    with tenancy.tenant(merchant.id), pytest.raises(DomainError) as refused:
        made(merchant, actor, "text", body="x", group_ids=[group.id])
    assert refused.value.code == "group_unknown"
