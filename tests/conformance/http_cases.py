"""The cases of the HTTP libraries: each way of reading each endpoint, with the options that apply to it."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from .aiohttp_patterns import AIOHTTP_PATTERNS
from .case import Case
from .http_clients import HEADERS, Call, Setup, connections, is_async_of
from .http_endpoints import HTTP_ENDPOINTS, HTTPEndpoint
from .http_options import HTTP_OPTIONS, HTTPOption
from .httpx_patterns import HTTPX_PATTERNS
from .requests_patterns import REQUESTS_PATTERNS
from .sync_async import close, resolve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from .http_patterns import Pattern
    from .recording_server import RecordingServer

_PATTERNS: Final[Mapping[str, Mapping[str, Pattern]]] = {
    "httpx": HTTPX_PATTERNS,
    "httpx2": HTTPX_PATTERNS,
    "requests": REQUESTS_PATTERNS,
    "aiohttp": AIOHTTP_PATTERNS,
}
_WITH_OPTIONS: Final = ("chat", "chat, streamed")
"""The endpoints that are combined with options."""


@dataclass(frozen=True)
class HTTPCase(Case):
    """One way of reading a response of one endpoint, with one option."""

    library: str
    endpoint_name: str

    @property
    def conditions(self) -> HTTPOption:
        """Return the options of the client and of the request."""
        return HTTP_OPTIONS[self.option_name]

    @property
    def client_name(self) -> str:
        """Return the library."""
        return self.library

    @property
    def calling_style(self) -> str:
        """Return the name without the option."""
        return f"{'async ' if self.asynchronous else ''}{self.endpoint_name}, {self.pattern_name}"

    @property
    def is_covered(self) -> bool:
        """Return whether the path is instrumented."""
        return self._endpoint.is_covered

    @property
    def _endpoint(self) -> HTTPEndpoint:
        return HTTP_ENDPOINTS[self.endpoint_name]

    def _setup(self, url: str, note: Callable[..., None]) -> Setup:
        return Setup(self.library, self.conditions.url or url, self.asynchronous, note)

    async def open(self, server: RecordingServer, note: Callable[..., None]) -> Any:
        """Return a client that the option makes, and its setup."""
        setup = self._setup(server.base_url(self.conditions.scenario or "hello"), note)
        return _Opened(await resolve(self.conditions.make(setup)), setup)

    async def read(self, client: _Opened, note: Callable[..., None]) -> None:
        """Make the request and read the response by the pattern."""
        option, endpoint, setup = self.conditions, self._endpoint, client.setup
        more = option.arguments(setup) if callable(option.arguments) else option.arguments
        if endpoint.is_form:
            body = _form(setup, endpoint)
        elif endpoint.method == "GET":
            body = {"headers": HEADERS}
        else:
            body = option.send_as(setup, endpoint.body)
        url = self._url(setup.url)
        call = Call(client.client, url, endpoint.method, {**body, **more}, note)
        await _PATTERNS[self.library][self.pattern_name].read(call)

    def _url(self, url: str) -> str:
        if not self.conditions.has_relative_url:
            return url + self._endpoint.path
        return self._endpoint.path if self.library != "aiohttp" else url[url.index("/", 8) :] + self._endpoint.path

    def connections(self, client: _Opened) -> Any:
        """Return the pooled connections; none of the module."""
        return [] if client.client is client.setup.module else connections(self.library, client.client)

    async def close(self, client: _Opened) -> None:
        """Close the client."""
        await (resolve(client.client.aclose()) if hasattr(client.client, "aclose") else close(client.client))


@dataclass(frozen=True)
class _Opened:
    client: Any
    setup: Setup


def _form(setup: Setup, endpoint: HTTPEndpoint) -> dict[str, Any]:
    if setup.library != "aiohttp":
        return {"data": dict(endpoint.body), "files": {"file": ("a.wav", b"RIFF")}, "headers": HEADERS}
    form = setup.module.FormData(dict(endpoint.body))
    form.add_field("file", b"RIFF", filename="a.wav")
    return {"data": form, "headers": HEADERS}


def http_cases(library: str) -> tuple[list[Case], int]:
    """Return the cases of a library, and 0: all ways of reading exist in all releases."""
    importlib.import_module(library)
    found: list[Case] = []
    for asynchronous in is_async_of(library):
        for endpoint_name in HTTP_ENDPOINTS:
            for pattern_name in _PATTERNS[library]:
                options = _options(library, asynchronous, endpoint_name, pattern_name)
                found += (HTTPCase(pattern_name, asynchronous, name, library, endpoint_name) for name in options)
    return found, 0


def _options(library: str, asynchronous: bool, endpoint_name: str, pattern_name: str) -> Iterator[str]:
    pattern, endpoint = _PATTERNS[library][pattern_name], HTTP_ENDPOINTS[endpoint_name]
    if not (endpoint.has_all_patterns or pattern.is_main):
        return
    yield "no option"
    if endpoint_name in _WITH_OPTIONS and (pattern.is_main or pattern.is_representative):
        for name, option in HTTP_OPTIONS.items():
            if name != "no option" and option.applies(library, asynchronous):
                yield name
