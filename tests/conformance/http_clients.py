"""The clients of the HTTP libraries: how one is made, what it has pooled, and how it posts JSON.

A `Call` makes one request with a client. Each library has the same few entrances under its own names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from .leaks import httpx_connections

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

HEADERS: Final = {"Authorization": "Bearer sk-or-canary", "X-Title": "App"}


@dataclass(frozen=True)
class Setup:
    """The parameters of a client."""

    library: str
    url: str
    """The URL of the API."""
    asynchronous: bool
    note: Callable[..., None]

    @property
    def module(self) -> Any:
        """Return the library."""
        return import_module(self.library)

    @property
    def kind(self) -> Any:
        """Return the client class."""
        return getattr(self.module, _CLASSES[self.library][self.asynchronous])

    def make(self, kind: Any = None, **options: Any) -> Any:
        """Return a client of the given class, by default of the library's."""
        return (kind or self.kind)(**options)


_CLASSES: Final[Mapping[str, Mapping[bool, str]]] = {
    "httpx": {False: "Client", True: "AsyncClient"},
    "httpx2": {False: "Client", True: "AsyncClient"},
    "requests": {False: "Session"},
    "aiohttp": {True: "ClientSession"},
}


def is_async_of(library: str) -> list[bool]:
    """Return False, True or both: which clients a library has."""
    return list(_CLASSES[library])


@dataclass(frozen=True)
class Call:
    """One request of a client."""

    client: Any
    url: str
    method: str
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """The body, as `json`, `data`, `content` or `files`, the headers and all others, as the library names them."""
    note: Callable[..., None] = print

    def post(self, **more: Any) -> Any:
        """Send with the method of the verb; of an async client, return an awaitable."""
        verb = getattr(self.client, self.method.lower())
        return verb(self.url, **{**self.arguments, **more})

    def stream(self) -> AbstractContextManager[Any] | Any:
        """Return a context manager of an open response; httpx only."""
        return self.client.stream(self.method, self.url, **self.arguments)

    def build(self) -> Any:
        """Return a request that is not sent; httpx only."""
        return self.client.build_request(self.method, self.url, **self.arguments)


def connections(library: str, client: Any) -> Any:
    """Return the pooled connections of a client."""
    return _CONNECTIONS[library](client)


def _requests_connections(client: Any) -> list[Any]:
    pools = [
        pool
        for adapter in client.adapters.values()
        for manager in [getattr(adapter, "poolmanager", None)]
        if manager is not None
        for pool in manager.pools._container.values()
    ]
    return [
        (
            pool.num_connections,
            pool.num_requests,
            [each is not None and each.sock is not None for each in _queued(pool)],
        )
        for pool in pools
    ]


def _queued(pool: Any) -> list[Any]:
    return list(pool.pool.queue) if pool.pool is not None else []


def _aiohttp_connections(client: Any) -> dict[str, Any]:
    connector = client._connector
    if connector is None:
        return {"connector": None}
    # Whether a connection is pooled depends on how much of its body had arrived when the response was left.
    return {"closed": (client.closed, connector.closed), "in use": len(connector._acquired)}


_CONNECTIONS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "httpx": httpx_connections,
    "httpx2": httpx_connections,
    "requests": _requests_connections,
    "aiohttp": _aiohttp_connections,
}
