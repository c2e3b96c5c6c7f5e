"""Who is not a person: crawlers, previews and prefetches are redirected like anybody, and are no click."""

from collections.abc import Mapping
from functools import lru_cache

from crawlerdetect import CrawlerDetect

_detector = CrawlerDetect()
_PREFETCH_HEADERS = ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ")


def is_bot(environ: Mapping[str, str]) -> bool:
    """Whether a request, by its WSGI environment, is no person following a link."""
    if environ.get("REQUEST_METHOD") == "HEAD":
        return True
    if any("prefetch" in environ.get(name, "") or "preview" in environ.get(name, "") for name in _PREFETCH_HEADERS):
        return True
    return _is_crawler(environ.get("HTTP_USER_AGENT", "")[:512])


@lru_cache(maxsize=8192)
def _is_crawler(user_agent: str) -> bool:
    """Hundreds of patterns: asked once for each user agent a process sees."""
    return not user_agent or bool(_detector.isCrawler(user_agent))
