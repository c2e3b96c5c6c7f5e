"""What is in an uploaded file, told by its content: its name and what the browser says of it count for nothing.

A picture is never kept as it came: Pillow reads it as one of three formats and its pixels are written anew, as with a
logo. Of the others only types that a browser saves and does not run are taken; SVG and HTML are refused by being none.
"""

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO

from django.core.files.base import ContentFile, File
from PIL import Image, ImageOps, UnidentifiedImageError

from merchants.errors import DomainError

MAX_PICTURE = 5 * 1024**2
MAX_FILE = 50 * 1024**2
#: Pixels a side.
_LEAST, _MOST = 16, 5_000

_FORMATS = ("PNG", "JPEG", "WEBP")
#: What Pillow raises on files that are broken, or made to break it.
_BROKEN = (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError, struct.error)
#: How files begin that are taken as they are: content type and ending.
_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF-", "application/pdf", "pdf"),
    (b"PK\x03\x04", "application/zip", "zip"),
)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was looked into and may be kept."""

    content: "File[bytes]"
    content_type: str
    ending: str
    width: int | None = None
    height: int | None = None


def picture(upload: "File[bytes]") -> Upload:
    """The pixels, written anew. DomainError `asset_picture_invalid`, `asset_too_large`, `asset_picture_size`."""
    _within(upload, MAX_PICTURE)
    try:
        with Image.open(upload, formats=_FORMATS) as image:
            _check_sides(*image.size)
            kind = "JPEG" if image.format == "JPEG" else "PNG"
            turned = ImageOps.exif_transpose(image).convert("RGB" if kind == "JPEG" else "RGBA")
    except _BROKEN as error:
        raise DomainError(
            "This is no picture that can be read. Choose a PNG, JPEG or WebP file.",
            code="asset_picture_invalid",
            field="upload",
        ) from error
    # A new picture has no comments, profiles or places.
    clean = Image.new(turned.mode, turned.size)
    clean.paste(turned)
    written = BytesIO()
    clean.save(written, kind, optimize=True, **({"quality": 90} if kind == "JPEG" else {}))
    content = ContentFile(written.getvalue())
    return Upload(content, f"image/{kind.lower()}", "jpg" if kind == "JPEG" else "png", *clean.size)


def document(upload: "File[bytes]") -> Upload:
    """A PDF or ZIP file as it is. DomainError `asset_file_refused`, `asset_too_large`."""
    _within(upload, MAX_FILE)
    upload.seek(0)
    beginning = upload.read(16)
    upload.seek(0)
    for magic, content_type, ending in _MAGIC:
        if beginning.startswith(magic):
            return Upload(upload, content_type, ending)
    raise DomainError(
        "Choose a PDF or ZIP file. Pictures are banners; a video is given by its address.",
        code="asset_file_refused",
        field="upload",
    )


#: How each kind of asset that has a file reads it.
READERS: dict[str, Callable[["File[bytes]"], Upload]] = {"banner": picture, "file": document}


def saved_as(title: str, ending: str) -> str:
    """What a browser saves the file as: the asset's title, in characters that every system takes."""
    return f"{re.sub(r'[^A-Za-z0-9]+', '-', title).strip('-').lower()[:100] or 'asset'}.{ending}"


def _within(upload: "File[bytes]", most: int) -> None:
    if upload.size > most:
        raise DomainError(f"Choose a file of at most {most // 1024**2} MB.", code="asset_too_large", field="upload")


def _check_sides(width: int, height: int) -> None:
    """From the head of the file, before anything is unpacked."""
    if min(width, height) < _LEAST or max(width, height) > _MOST:
        raise DomainError(
            f"This picture has {width} by {height} pixels. Each side may have {_LEAST} to {_MOST:,}.",
            code="asset_picture_size",
            field="upload",
        )
