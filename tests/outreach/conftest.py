"""A folder for the files of each test, and files as somebody uploads them."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from PIL import Image


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    """Uploads of this test."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


def picture(kind: str = "PNG", size: tuple[int, int] = (60, 40), **options: Any) -> "ContentFile[bytes]":
    """A picture."""
    file = BytesIO()
    Image.new("RGB", size, "red").save(file, kind, **options)
    return ContentFile(file.getvalue(), "whatever.html")


def pdf(more: bytes = b"") -> "ContentFile[bytes]":
    """As much of a PDF as is looked at."""
    return ContentFile(b"%PDF-1.7\n" + more, "terms.exe")
