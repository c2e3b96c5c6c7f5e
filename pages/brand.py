"""A merchant's colour as it can be read: on buttons, as text on our surfaces, in light and in dark; and its legal name.

Merchants choose any colour. What they chose fills buttons; where it must be read as text or as a bar of a chart it is
darkened (or, in the dark, lightened) just so far that it can be. The ratios are those of WCAG 2.2 for text.
"""

import colorsys
from dataclasses import dataclass
from hashlib import blake2b

from merchants.models import Merchant

_INK, _PAPER = "#14161c", "#ffffff"
_READABLE = 4.5
#: A little more than readable, because text also stands on a tint of the same colour.
_ON_TINT = 5.4
_VISIBLE = 3.1
#: What text stands on, about: see --surface in static/css/1-tokens.css.
_LIGHT, _DARK = "#ffffff", "#1b1d23"
_STEPS = 50


@dataclass(frozen=True, slots=True)
class Brand:
    """One colour in one theme, as `#rrggbb`."""

    fill: str
    on_fill: str
    """White or near-black, whichever is read on the fill."""
    text: str
    mark: str
    """For what is seen and not read: bars of a chart, lines."""


def brand_of(color: str, *, dark: bool = False) -> Brand:
    """How to use `color`; without one it is ink."""
    if not color:
        return Brand(_PAPER, _INK, _PAPER, _PAPER) if dark else Brand(_INK, _PAPER, _INK, _INK)
    towards, against = (1.0, _DARK) if dark else (0.0, _LIGHT)
    text = _until(color, towards, against=against, ratio=_ON_TINT)
    mark = _until(color, towards, against=against, ratio=_VISIBLE)
    fill = text if dark else color
    on_fill = on_color(fill)
    if not on_fill:
        # Neither white nor near-black is read on a few middle tones: those go a shade darker.
        fill, on_fill = _until(fill, 0.0, against=_PAPER, ratio=_READABLE), _PAPER
    return Brand(fill, on_fill, text, mark)


def on_color(color: str) -> str:
    """White or near-black for text on `color`; empty when neither can be read there."""
    return next((text for text in (_PAPER, _INK) if contrast(text, color) >= _READABLE), "")


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def style_sheet(color: str) -> str:
    """The portal's colours for this merchant: all that `3-components.css` leaves open. Empty without a colour."""
    if not color:
        return ""
    light, dark = brand_of(color), brand_of(color, dark=True)
    values = {
        "brand": f"light-dark({light.fill},{dark.fill})",
        "on-brand": f"light-dark({light.on_fill},{dark.on_fill})",
        "accent": f"light-dark({light.text},{dark.text})",
        "accent-soft": "color-mix(in oklab,var(--accent) 9%,var(--surface))",
        "chart-1": f"light-dark({light.mark},{dark.mark})",
        "focus": "var(--accent)",
    }
    return ".portal{" + ";".join(f"--{name}:{value}" for name, value in values.items()) + "}"


def digest(color: str) -> str:
    """Names the style sheet of a colour, so that it may be cached for good."""
    return blake2b(style_sheet(color).encode(), digest_size=4).hexdigest()


def legal_lines(merchant: Merchant) -> list[str]:
    """Who the merchant is to the law, for the foot of a page: name, address in one line, tax id; what is given."""
    lines = (merchant.legal_name, ", ".join(merchant.legal_address.splitlines()))
    return [line for line in (*lines, f"Tax ID {merchant.tax_id}" if merchant.tax_id else "") if line]


def _until(color: str, towards: float, *, against: str, ratio: float) -> str:
    """`color` moved as little as it takes to the lightness `towards` (0 is black, 1 white): hue and strength stay."""
    hue, start, saturation = colorsys.rgb_to_hls(*(channel / 255 for channel in _channels(color)))
    shades = (start + (towards - start) * step / _STEPS for step in range(_STEPS + 1))
    mixed = (color if shade == start else _hex(colorsys.hls_to_rgb(hue, shade, saturation)) for shade in shades)
    return next(shade for shade in mixed if contrast(shade, against) >= ratio)


def _hex(channels: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in channels)


def _channels(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def _luminance(color: str) -> float:
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (channel / 255 for channel in _channels(color))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
