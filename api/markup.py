"""The little markup that the reference needs: prose with `code` and **bold**, and coloured source."""

import re

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

_CODE = re.compile(r"`([^`]+)`")
_BOLD = re.compile(r"\*\*([^*]+)\*\*")
_TOKEN = re.compile(
    r"(?P<key>&quot;(?:(?!&quot;)[^\n])*&quot;(?=\s*:))|(?P<string>&quot;[^\n]*?&quot;|&#x27;https?[^\n]*?&#x27;)"
    r"|(?P<number>(?<![\w.#:/-])-?\d+(?:\.\d+)?(?![\w.-])|\b(?:true|false|null|True|False|None)\b)"
)


def prose(text: str) -> SafeString:
    """Paragraphs, with `code` and **bold**; everything else is escaped."""
    paragraphs = [inline(" ".join(paragraph.split())) for paragraph in text.strip().split("\n\n") if paragraph.strip()]
    return mark_safe("".join(f"<p>{paragraph}</p>" for paragraph in paragraphs))  # noqa: S308 - escaped by inline


def inline(text: str) -> SafeString:
    """One run of text with `code` and **bold**."""
    marked = _CODE.sub(r"<code>\1</code>", escape(text))
    return mark_safe(_BOLD.sub(r"<strong>\1</strong>", marked))  # noqa: S308 - escaped above


def source(text: str) -> SafeString:
    """JSON or program text, with keys, strings and numbers in colour."""
    return mark_safe(_TOKEN.sub(_coloured, escape(text)))  # noqa: S308 - escaped before it is matched


def _coloured(match: re.Match[str]) -> str:
    kind = {"key": "k", "string": "s", "number": "n"}[str(match.lastgroup)]
    return f'<span class="{kind}">{match[0]}</span>'
