"""Decides which base URLs are OpenRouter: its own hosts, gateways with a route to it, and URLs that the user adds.

Only URLs are matched here, never a request or a response.
"""

import re
from collections.abc import Callable, Iterable
from typing import Final
from urllib.parse import SplitResult, urlsplit

from .. import attributes as names
from .fields import Attributes

_PORTS: Final = {"https": 443, "http": 80}
_SCHEME: Final = re.compile(r"\s*[\w+.-]*://")
_MAX_CACHED: Final = 256
_KNOWN_HOSTS: Final = (
    "openrouter.ai",
    "*.openrouter.ai",
    "openrouter.helicone.ai",
    "gateway.ai.cloudflare.com (/openrouter)",
)


class BaseUrls:
    """Matches the base URLs of clients, and caches the results.

    Args:
        user_urls: URLs that the user adds, each matched by scheme, host and port, and by path prefix if it has a path.
        on_other_host: called with the host and port of a URL that does not match, when the result is not cached.

    Raises:
        ValueError: a URL of the user has no scheme or no host.
    """

    def __init__(self, user_urls: Iterable[str] = (), on_other_host: Callable[[str], None] = lambda _: None) -> None:
        self._user_urls = tuple(_split_url(url) for url in user_urls)
        self._on_other_host = on_other_host
        # Keyed by identity: hashing a client's URL object would build its string each time. The entry keeps the object
        # alive, so that its id is not reused.
        self._cache: dict[int, tuple[object, Attributes | None]] = {}

    @property
    def hosts(self) -> tuple[str, ...]:
        """OpenRouter's own hosts, the gateways, and the hosts of the user's URLs: never credentials, path or query."""
        return (*_KNOWN_HOSTS, *dict.fromkeys(_host_and_port(url[1], url[2]) for url in self._user_urls))

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

    def is_other_host(self, url: str) -> bool:
        """Whether no URL of the host of *url* is OpenRouter."""
        try:
            _, host, _, _ = _split_url(url)
        except ValueError:
            return False
        return not _is_openrouter(host, "openrouter") and all(host != each[1] for each in self._user_urls)

    def _match_url(self, base_url: str) -> Attributes | None:
        try:
            scheme, host, port, path = _split_url(base_url)
        except ValueError:
            return None
        is_openrouter = _is_openrouter(host, path) or any(
            (scheme, host, port) == url[:3] and (path + "/").startswith(url[3].rstrip("/") + "/")
            for url in self._user_urls
        )
        if not is_openrouter:
            self._on_other_host(_host_and_port(host, port))
            return None
        return server_attributes(base_url)


def server_attributes(url: str) -> Attributes | None:
    """Return `server.address` and `server.port` of an absolute URL; None for any other string."""
    try:
        _, host, port, _ = _split_url(url)
    except ValueError:
        return None
    return {names.SERVER_ADDRESS: host} if port is None else {names.SERVER_ADDRESS: host, names.SERVER_PORT: port}


def without_secrets(url: str) -> str:
    """Return *url* without credentials, query and fragment; it need not be a valid URL."""
    scheme = _SCHEME.match(url)
    start = scheme.end() if scheme else 0
    return url[:start] + re.split(r"[?#]", url[start:].rpartition("@")[2], maxsplit=1)[0]


def _host_and_port(host: str, port: int | None) -> str:
    return host if port is None else f"{host}:{port}"


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
