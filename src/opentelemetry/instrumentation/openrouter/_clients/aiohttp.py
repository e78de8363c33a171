"""The HTTP library aiohttp: wraps `ClientSession._request`, which each request uses, redirects inside it."""

import json
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

from .._api.client import Response
from .._guard import guarded
from .._operations import may_be_traced
from .._wire.fields import mapping
from ..package import AIOHTTP
from .aiohttp_bodies import observe_body
from .base import OverrideClose, StartedExchange
from .bodies import ResponseHead
from .http_library import HTTPExchange, HTTPLibrary, UnreadResponse, read_json
from .patching import InnermostWrapper
from .sending import is_sending

_PIECE_BYTES: Final = 65_536


class _AiohttpExchange(HTTPExchange):
    __slots__ = ()

    def _read_result(self, result: Any, streamed: bool) -> None:  # noqa: ARG002 - the response itself is known here
        headers = result.headers
        encoding = "" if self.decompresses else headers.get("Content-Encoding", "")
        head = ResponseHead(result.status, result.raw_headers, headers.get("Content-Type", ""), encoding)
        self._fold_status(head)
        observe_body(result, self._track_by_head(result, head), head)

    def _read_error(self, error: BaseException) -> None:
        status = getattr(error, "status", None)  # `raise_for_status`: the body has not been read
        if isinstance(status, int):
            headers: dict[str, str] = dict(getattr(error, "headers", None) or ())
            raw = tuple((name.encode(), value.encode()) for name, value in headers.items())
            self._read_whole(ResponseHead(status, raw), b"")


class AiohttpInstrumentation(HTTPLibrary):
    """aiohttp's client."""

    requirement = AIOHTTP
    module = "aiohttp.client"
    exchange = _AiohttpExchange

    def _wrap_methods(self, module: Any) -> list[InnermostWrapper]:
        return [InnermostWrapper(module.ClientSession, "_request", self._wrap_request_async)]

    @guarded
    def _start_exchange(
        self, client: Any, args: tuple[Any, ...], kwargs: dict[str, Any], override_close: OverrideClose
    ) -> StartedExchange | None:
        # _request(method, str_or_url, *, ...): aiohttp/client.py, 3.8.0 to 3.14.5
        method: str = (args[0] if args else kwargs["method"]).upper()
        given = args[1] if len(args) > 1 else kwargs["str_or_url"]
        host, path = _host_and_path(given)
        if not may_be_traced(method, path) or is_sending() or host in self.other_hosts:
            return None
        url = client._build_url(given)
        target = self._target(host, f"{url.origin()}{url.path}", method)
        if target is None:
            return None
        data, sent, decompresses = kwargs.get("data"), kwargs.get("json"), kwargs.get("auto_decompress")
        body = read_json(data) if sent is None else mapping(sent)
        started = self._start_request(target, body, _headers(client, kwargs.get("headers")), override_close)
        if started is None:
            return None
        exchange, joined = started
        exchange.decompresses = client.auto_decompress if decompresses is None else decompresses
        if joined is not None:
            kwargs = {**kwargs, **({"data": json.dumps(joined).encode()} if sent is None else {"json": joined})}
        exchange.send()
        return exchange, args, kwargs

    @contextmanager
    def _open(self, url: str, key: str, timeout: float) -> Generator[Response, None, None]:
        # Not aiohttp: the thread that sends has no event loop.
        request = urllib.request.Request(url, headers={"Authorization": key})  # noqa: S310 - the program's own URL
        opener = urllib.request.build_opener(_NoRedirect)
        response: Any
        try:
            response = opener.open(request, timeout=timeout)
        except urllib.error.HTTPError as error:
            response = error  # an error is a response too
        with response:
            yield UnreadResponse(response.status, partial(iter, partial(response.read1, _PIECE_BYTES), b""))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> None:  # noqa: PLR0913, PLR0917 - the signature of the base
        """Follow no redirect: the key is for this host."""


def _host_and_path(url: Any) -> tuple[str | None, str]:
    """Return the host of a string or of a yarl.URL, as it is spelled there, and the path; no host if it is relative."""
    if not isinstance(url, str):
        return url.raw_host, url.path
    scheme, _, rest = url.partition("?")[0].partition("#")[0].partition("://")
    return (rest.partition("/")[0], rest) if rest else (None, scheme)


def _headers(client: Any, given: Any) -> dict[str, str]:
    """Return the headers of a request over those of its session, with lower-case names."""
    own: dict[Any, str] = dict(given or ())
    return {str(name).lower(): value for name, value in (*client.headers.items(), *own.items())}
