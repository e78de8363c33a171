"""The options of `instrument()` and their environment variables, read once.

A wrong value is one clear warning and the default; nothing here raises.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, cast

from ._endpoints import Endpoints
from ._guard import logger

BASE_URLS_VARIABLE: Final = "OTEL_INSTRUMENTATION_OPENROUTER_BASE_URLS"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user chose."""

    endpoints: Endpoints


def read_settings(*, base_urls: str | Iterable[str] | None = None) -> Settings:
    """Settle each option: the argument where it is given, else the environment, else the default.

    Args:
        base_urls: further base URLs that are OpenRouter (a gateway, a test server); a list, or one comma-separated
            string. `OTEL_INSTRUMENTATION_OPENROUTER_BASE_URLS` is the same as a string.
    """
    return Settings(endpoints=_endpoints(os.environ.get(BASE_URLS_VARIABLE, "") if base_urls is None else base_urls))


def _endpoints(base_urls: object) -> Endpoints:
    if isinstance(base_urls, str):
        base_urls = [url for url in base_urls.split(",") if url.strip()]
    if not isinstance(base_urls, Iterable):
        logger.warning("base_urls must be a list of URLs, not %r; only OpenRouter's own hosts are traced.", base_urls)
        return Endpoints()
    return Endpoints(filter(_is_absolute, map(str, cast("Iterable[object]", base_urls))))


def _is_absolute(url: str) -> bool:
    try:
        Endpoints([url])
    except ValueError:
        logger.warning("base_urls: %r is not an absolute URL; it is left out.", url)
        return False
    return True
