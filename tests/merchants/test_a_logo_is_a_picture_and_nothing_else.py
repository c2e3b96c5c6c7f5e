"""What is kept of an uploaded file: its pixels, in our own writing. What is no picture is refused."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from merchants import logo, tenancy
from merchants.audit import Actor
from merchants.errors import DomainError
from merchants.models import Merchant

Committing = Callable[..., AbstractContextManager[Any]]


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    """Uploads of this test."""
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def picture(kind: str = "PNG", size: tuple[int, int] = (64, 64), color: str = "red", **options: Any) -> bytes:
    """A file as somebody uploads it."""
    file = BytesIO()
    Image.new("RGB", size, color).save(file, kind, **options)
    return file.getvalue()


def refusal(tenant: Merchant, content: bytes, actor: Actor) -> str:
    with pytest.raises(DomainError) as refused:
        logo.set_logo(tenant, content=content, actor=actor)
    assert refused.value.field == "logo"
    return refused.value.code


@pytest.mark.parametrize(("kind", "suffix"), [("PNG", ".png"), ("JPEG", ".jpg"), ("WEBP", ".png")])
def test_three_kinds_are_read_and_two_are_written(tenant: Merchant, actor: Actor, kind: str, suffix: str) -> None:
    logo.set_logo(tenant, content=picture(kind), actor=actor)
    assert tenant.logo.startswith(f"logos/{tenant.id}/")
    assert tenant.logo.endswith(suffix)
    kept = Image.open(BytesIO(logo.read_logo(tenant)))
    assert (f"image/{(kept.format or '').lower()}", kept.size) == (logo.content_type(tenant), (64, 64))


def test_what_is_hidden_in_a_file_is_not_kept(tenant: Merchant, actor: Actor) -> None:
    notes = PngInfo()
    notes.add_text("Comment", "<script>alert(1)</script>")
    logo.set_logo(tenant, content=picture(pnginfo=notes) + b"<script>trailing</script>", actor=actor)
    assert b"script" not in logo.read_logo(tenant)
    place = Image.Exif()
    place[0x010E] = "taken at home"
    logo.set_logo(tenant, content=picture("JPEG", exif=place, icc_profile=b"profile"), actor=actor)
    kept = logo.read_logo(tenant)
    assert b"taken at home" not in kept
    assert not Image.open(BytesIO(kept)).getexif()


def test_a_photo_is_turned_upright_and_made_as_small_as_it_is_shown(tenant: Merchant, actor: Actor) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6  # lies on its side
    logo.set_logo(tenant, content=picture("JPEG", size=(2000, 1000), exif=turned), actor=actor)
    assert Image.open(BytesIO(logo.read_logo(tenant))).size == (256, 512)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a picture",
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        b"%PDF-1.7",
        b"\x89PNG\r\n\x1a\n",
        picture()[:60],
        picture("GIF"),
        picture("BMP"),
    ],
)
def test_what_is_no_picture_of_the_three_kinds_is_refused(tenant: Merchant, actor: Actor, content: bytes) -> None:
    assert refusal(tenant, content, actor) == "logo_invalid"
    assert tenant.logo == ""


def test_sizes_have_bounds(tenant: Merchant, actor: Actor) -> None:
    assert refusal(tenant, picture(size=(31, 64)), actor) == "logo_size"
    assert refusal(tenant, picture(size=(4097, 1000)), actor) == "logo_size"
    assert refusal(tenant, picture(size=(900, 100)), actor) == "logo_shape"
    assert refusal(tenant, bytes(logo.MAX_BYTES + 1), actor) == "logo_too_large"


def test_the_old_file_goes_when_the_change_is_committed_and_not_before(
    merchant: Merchant, actor: Actor, django_capture_on_commit_callbacks: Committing
) -> None:
    with tenancy.tenant(merchant.id):
        logo.set_logo(merchant, content=picture(color="red"), actor=actor)
    red = merchant.logo
    with django_capture_on_commit_callbacks(execute=True), tenancy.tenant(merchant.id):
        logo.set_logo(merchant, content=picture(color="blue"), actor=actor)
        assert default_storage.exists(red)
    assert not default_storage.exists(red)
    blue = merchant.logo
    with django_capture_on_commit_callbacks(execute=True), tenancy.tenant(merchant.id):
        logo.remove_logo(merchant, actor=actor)
    assert merchant.logo == ""
    assert not default_storage.exists(blue)


def test_the_same_picture_again_changes_nothing(tenant: Merchant, actor: Actor) -> None:
    logo.set_logo(tenant, content=picture(), actor=actor)
    first = tenant.logo
    logo.set_logo(tenant, content=picture(), actor=actor)
    assert tenant.logo == first
    assert tenant.audit_entries.filter(verb="merchant.set_logo").count() == 1


def test_a_refused_write_leaves_no_file(tenant: Merchant, media: Path) -> None:
    too_long = Actor(kind="user", name="n" * 300)
    with pytest.raises(Exception, match="too long"):
        logo.set_logo(tenant, content=picture(), actor=too_long)
    assert not [file for file in media.rglob("*") if file.is_file()]
