"""What somebody is signed in on, in words: "Chrome on Windows".

A browser says what it is in a line that has grown for thirty years, so the order matters: Edge says that it is Chrome,
and Chrome that it is Safari. A list of those that people sign in with is enough here; a library that knows all of them
takes 36 MB in every process.
"""

import re

#: The first that is found counts.
_BROWSERS = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"\bEdg(?:e|A|iOS)?/", "Edge"),
        (r"\b(?:OPR|OPT|Opera)/", "Opera"),
        (r"\bSamsungBrowser/", "Samsung Internet"),
        (r"\bVivaldi/", "Vivaldi"),
        (r"\bYaBrowser/", "Yandex Browser"),
        (r"\b(?:DuckDuckGo|Ddg)/", "DuckDuckGo"),
        (r"\b(?:Firefox|FxiOS)/", "Firefox"),
        (r"(?:\bCriOS|Chrome|Chromium)/", "Chrome"),
        (r"\bVersion/\S+ (?:Mobile/\S+ )?Safari/", "Safari"),
    )
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Macintosh", "Mac"),
    ("Linux", "Linux"),
)
#: What a program calls itself: `curl/8.5.0`.
_PROGRAM = re.compile(r"([A-Za-z][\w.-]{0,29})/[\d.]")


def device(user_agent: str) -> str:
    """Browser and system, as far as the browser says. It can say anything: nothing may depend on it."""
    browser = next((name for pattern, name in _BROWSERS if pattern.search(user_agent)), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    if not browser and not user_agent.startswith("Mozilla/"):
        program = _PROGRAM.match(user_agent)
        browser = program[1] if program else ""
    return " on ".join(filter(None, (browser, system))) or "Unknown device"


def is_handheld(user_agent: str) -> bool:
    """Whether it is a phone or a tablet."""
    return any(mark in user_agent for mark in ("iPhone", "iPad", "Android"))
