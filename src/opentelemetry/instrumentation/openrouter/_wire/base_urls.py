"""Which base URLs are OpenRouter: its own hosts, the gateways that name it, and what the user adds.

Only the matching of URLs lives here; it never looks at a request or a response.
"""

from collections.abc import Iterable
from typing import Final
from urllib.parse import SplitResult, urlsplit

from .. import attributes as names
from .fields import Attributes

_PORTS: Final = {"https": 443, "http": 80}
_REMEMBERED: Final = 256


class Endpoints:
    """Answers whether a client's base URL is OpenRouter's, from memory after the first time.

    Args:
        added: URLs of the user's own, each matched by scheme, host and port, and by path prefix where it has a path.

    Raises:
        ValueError: an added URL has no scheme or no host.
    """

    def __init__(self, added: Iterable[str] = ()) -> None:
        self._added = tuple(_parts(url) for url in added)
        # By identity: hashing a client's URL object would build its string each time. The entry keeps the object
        # alive, so that no other can take its id.
        self._remembered: dict[int, tuple[object, Attributes | None]] = {}

    def of(self, base_url: object) -> Attributes | None:
        """`server.address` and `server.port` of *base_url* where it is OpenRouter's, else None.

        Args:
            base_url: a string, or the URL object of the HTTP library.
        """
        remembered = self._remembered.get(id(base_url))
        if remembered is not None and remembered[0] is base_url:
            return remembered[1]
        server = self._match(str(base_url))
        if len(self._remembered) >= _REMEMBERED:  # a client copied for each call brings a new URL each time
            self._remembered.clear()
        self._remembered[id(base_url)] = (base_url, server)
        return server

    def _match(self, base_url: str) -> Attributes | None:
        try:
            scheme, host, port, path = _parts(base_url)
        except ValueError:
            return None
        ours = _is_openrouter(host, path) or any(
            (scheme, host, port) == added[:3] and (path + "/").startswith(added[3].rstrip("/") + "/")
            for added in self._added
        )
        return server_of(base_url) if ours else None


def server_of(url: str) -> Attributes | None:
    """`server.address` and `server.port` of any absolute URL."""
    try:
        _, host, port, _ = _parts(url)
    except ValueError:
        return None
    return {names.SERVER_ADDRESS: host} if port is None else {names.SERVER_ADDRESS: host, names.SERVER_PORT: port}


def _is_openrouter(host: str, path: str) -> bool:
    # https://openrouter.ai/docs/guides/features/sovereign-ai names eu. and us.; the two gateways are
    # https://docs.helicone.ai/getting-started/integration-method/openrouter and
    # https://developers.cloudflare.com/ai-gateway/providers/openrouter/
    return (
        host == "openrouter.ai"
        or host.endswith(".openrouter.ai")
        or host == "openrouter.helicone.ai"
        or (host == "gateway.ai.cloudflare.com" and "openrouter" in path.split("/"))
    )


def _parts(url: str) -> tuple[str, str, int | None, str]:
    split: SplitResult = urlsplit(url.strip())
    if not split.scheme or not split.hostname:
        raise ValueError(f"not an absolute URL: {url!r}")
    return split.scheme, split.hostname.rstrip("."), split.port or _PORTS.get(split.scheme), split.path
