"""Decides which base URLs are OpenRouter: its own hosts, gateways with a route to it, and URLs that the user adds.

Only URLs are matched here, never a request or a response.
"""

from collections.abc import Iterable
from typing import Final
from urllib.parse import SplitResult, urlsplit

from .. import attributes as names
from .fields import Attributes

_PORTS: Final = {"https": 443, "http": 80}
_MAX_CACHED: Final = 256


class BaseUrls:
    """Matches the base URLs of clients, and caches the results.

    Args:
        user_urls: URLs that the user adds, each matched by scheme, host and port, and by path prefix if it has a path.

    Raises:
        ValueError: a URL of the user has no scheme or no host.
    """

    def __init__(self, user_urls: Iterable[str] = ()) -> None:
        self._user_urls = tuple(_split_url(url) for url in user_urls)
        # Keyed by identity: hashing a client's URL object would build its string each time. The entry keeps the object
        # alive, so that its id is not reused.
        self._cache: dict[int, tuple[object, Attributes | None]] = {}

    def match(self, base_url: object) -> Attributes | None:
        """Return `server.address` and `server.port` of *base_url* if it is OpenRouter, else None.

        Args:
            base_url: a string, or the URL object of the HTTP library.
        """
        cached = self._cache.get(id(base_url))
        if cached is not None and cached[0] is base_url:
            return cached[1]
        server = self._match_url(str(base_url))
        if len(self._cache) >= _MAX_CACHED:  # a client that is copied for each call has a new URL each time
            self._cache.clear()
        self._cache[id(base_url)] = (base_url, server)
        return server

    def _match_url(self, base_url: str) -> Attributes | None:
        try:
            scheme, host, port, path = _split_url(base_url)
        except ValueError:
            return None
        is_openrouter = _is_openrouter(host, path) or any(
            (scheme, host, port) == url[:3] and (path + "/").startswith(url[3].rstrip("/") + "/")
            for url in self._user_urls
        )
        return server_attributes(base_url) if is_openrouter else None


def server_attributes(url: str) -> Attributes | None:
    """Return `server.address` and `server.port` of an absolute URL; None for any other string."""
    try:
        _, host, port, _ = _split_url(url)
    except ValueError:
        return None
    return {names.SERVER_ADDRESS: host} if port is None else {names.SERVER_ADDRESS: host, names.SERVER_PORT: port}


def _is_openrouter(host: str, path: str) -> bool:
    # https://openrouter.ai/docs/guides/features/sovereign-ai documents eu. and us.; the two gateways are
    # https://docs.helicone.ai/getting-started/integration-method/openrouter and
    # https://developers.cloudflare.com/ai-gateway/providers/openrouter/
    return (
        host == "openrouter.ai"
        or host.endswith(".openrouter.ai")
        or host == "openrouter.helicone.ai"
        or (host == "gateway.ai.cloudflare.com" and "openrouter" in path.split("/"))
    )


def _split_url(url: str) -> tuple[str, str, int | None, str]:
    split: SplitResult = urlsplit(url.strip())
    if not split.scheme or not split.hostname:
        raise ValueError(f"not an absolute URL: {url!r}")
    return split.scheme, split.hostname.rstrip("."), split.port or _PORTS.get(split.scheme), split.path
