"""A merchant's logo: read as a picture, written anew as one, kept through Django's storage.

What was uploaded is never kept: only what Pillow makes of its pixels, so nothing that is hidden in a file (a script,
the place where a photo was taken) reaches anybody. SVG is refused, for it is a program as much as a picture. A file is
written under a name of its own and never changed; the one it replaces goes when the transaction has committed.
"""

import struct
from hashlib import blake2b
from io import BytesIO
from pathlib import PurePosixPath
from secrets import token_hex

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from PIL import Image, ImageOps, UnidentifiedImageError

from merchants.audit import Actor
from merchants.edits import edit, lock
from merchants.errors import DomainError
from merchants.models import Merchant

MAX_BYTES = 2 * 1024 * 1024
#: Pixels a side. Smaller is a smudge; larger is a photo, and costs memory before it is made smaller.
LEAST, MOST = 32, 4096
#: Pixels a side of what is kept: three for each point of the largest place it is shown at.
KEPT = 512
#: Longer than this and it is a line, not a logo.
_LONGEST_SHAPE = 8

_FORMATS = ("PNG", "JPEG", "WEBP")
#: What Pillow raises on files that are broken, or made to break it.
_BROKEN = (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError, struct.error)


def set_logo(merchant: Merchant, *, content: bytes, actor: Actor) -> Merchant:
    """Keep the picture in `content` (PNG, JPEG or WebP) as the running tenant's logo. Returns the merchant.

    DomainError `logo_invalid`, `logo_too_large`, `logo_size` or `logo_shape`, on the field `logo`.
    """
    picture, suffix = _written_anew(content)
    digest = blake2b(picture, digest_size=12).hexdigest()
    with transaction.atomic():
        lock(merchant)
        if version(merchant).startswith(digest):
            return merchant
        # Never the name of an earlier file, also not of the same picture: that one may just be on its way out.
        name = default_storage.save(f"logos/{merchant.id}/{digest}-{token_hex(4)}.{suffix}", ContentFile(picture))
        try:
            _replace(merchant, name, verb="merchant.set_logo", actor=actor)
        except BaseException:
            default_storage.delete(name)
            raise
    return merchant


def remove_logo(merchant: Merchant, *, actor: Actor) -> Merchant:
    """Show the initials again."""
    with transaction.atomic():
        lock(merchant)
        _replace(merchant, "", verb="merchant.remove_logo", actor=actor)
    return merchant


def version(merchant: Merchant) -> str:
    """Names the logo by its content, for caches; empty without one."""
    return PurePosixPath(merchant.logo).stem


def content_type(merchant: Merchant) -> str:
    """Of the merchant's logo: as it was written, not as somebody said."""
    return "image/png" if merchant.logo.endswith(".png") else "image/jpeg"


def read_logo(merchant: Merchant) -> bytes:
    """The picture. FileNotFoundError when the storage has lost it."""
    with default_storage.open(merchant.logo) as file:
        return bytes(file.read())


def _replace(merchant: Merchant, name: str, *, verb: str, actor: Actor) -> None:
    old = merchant.logo
    edit(merchant, {"logo": name}, verb=verb, actor=actor)
    if old and old != name:
        # A storage that is away must not undo what has been committed: the file stays behind then, unseen.
        transaction.on_commit(lambda: default_storage.delete(old), robust=True)


def _written_anew(content: bytes) -> tuple[bytes, str]:
    """The pixels, no larger than they are shown, and the suffix of what they are in."""
    if len(content) > MAX_BYTES:
        raise DomainError(f"Choose a file of at most {MAX_BYTES // 1024**2} MB.", code="logo_too_large", field="logo")
    try:
        with Image.open(BytesIO(content), formats=_FORMATS) as image:
            _shape(*image.size)
            suffix = "jpg" if image.format == "JPEG" else "png"
            return _saved(ImageOps.exif_transpose(image), suffix), suffix
    except _BROKEN as error:
        raise DomainError(
            "This is no picture that can be read. Choose a PNG, JPEG or WebP file.", code="logo_invalid", field="logo"
        ) from error


def _shape(width: int, height: int) -> None:
    """From the head of the file, before anything is unpacked."""
    if min(width, height) < LEAST or max(width, height) > MOST:
        raise DomainError(
            f"This picture has {width} by {height} pixels. Each side may have {LEAST} to {MOST}.",
            code="logo_size",
            field="logo",
        )
    if max(width, height) > _LONGEST_SHAPE * min(width, height):
        raise DomainError(
            f"This picture is more than {_LONGEST_SHAPE} times as long as it is wide. Cut it to the logo itself.",
            code="logo_shape",
            field="logo",
        )


def _saved(image: Image.Image, suffix: str) -> bytes:
    pixels = image.convert("RGB" if suffix == "jpg" else "RGBA")
    pixels.thumbnail((KEPT, KEPT))
    # A new picture has no comments, profiles or places.
    clean = Image.new(pixels.mode, pixels.size)
    clean.paste(pixels)
    file = BytesIO()
    if suffix == "jpg":
        clean.save(file, "JPEG", quality=90, optimize=True)
    else:
        clean.save(file, "PNG", optimize=True)
    return file.getvalue()
