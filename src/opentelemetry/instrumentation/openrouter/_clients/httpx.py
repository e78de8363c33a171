"""The HTTP libraries httpx and httpx2: wraps `send` of the sync and the async client, which each request uses.

Redirects and authentication happen inside `send`; the transport, where others instrument httpx, is below it.
"""

from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from .._api.client import Response, open_response
from .._guard import guarded
from .._operations import may_be_traced
from ..package import HTTPX, HTTPX2
from .base import OverrideClose, StartedExchange
from .bodies import ResponseHead
from .http_library import HTTPExchange, HTTPLibrary, read_json
from .httpx_bodies import observe_body
from .patching import InnermostWrapper
from .sending import is_sending


class _HttpxExchange(HTTPExchange):
    __slots__ = ()

    def _read_result(self, result: Any, streamed: bool) -> None:  # noqa: ARG002 - the response itself is known here
        head = _head(result)
        if result.is_closed:
            self._read_whole(head, content(result))
        else:
            self._fold_status(head)
            observe_body(result, self._track(result))

    def _read_error(self, error: BaseException) -> None:
        response = getattr(error, "response", None)  # an event hook of the caller raised for the status
        if response is not None:
            self._read_whole(_head(response), content(response))


class HttpxInstrumentation(HTTPLibrary):
    """httpx."""

    requirement = HTTPX
    module = "httpx"
    exchange = _HttpxExchange

    def _wrap_methods(self, module: Any) -> list[InnermostWrapper]:
        return [
            InnermostWrapper(module.Client, "send", self._wrap_request),
            InnermostWrapper(module.AsyncClient, "send", self._wrap_request_async),
        ]

    @guarded
    def _start_exchange(
        self,
        client: Any,  # noqa: ARG002 - the request has all that is read
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        override_close: OverrideClose,
    ) -> StartedExchange | None:
        request = args[0] if args else kwargs["request"]
        url = request.url
        path: str = url.path
        if not may_be_traced(request.method, path) or is_sending() or url.host in self.other_hosts:
            return None
        target = self._target(url.host, f"{url.scheme}://{url.netloc.decode()}{path}", request.method)
        if target is None:
            return None
        body = read_json(content(request))
        return self._start_with_request(request, target, body, request.headers, with_body, args, kwargs, override_close)

    @contextmanager
    def _open(self, url: str, key: str, timeout: float) -> Generator[Response, None, None]:
        client = import_module(self.module).Client
        with client() as http, open_response(http, url, {"authorization": key}, timeout) as response:
            yield response


class Httpx2Instrumentation(HttpxInstrumentation):
    """httpx2, which has the same classes."""

    requirement = HTTPX2
    module = "httpx2"


def with_body(request: Any, content: bytes) -> Any:
    """Return a copy of *request* with another body."""
    headers = [(name, value) for name, value in request.headers.multi_items() if name != "content-length"]
    return type(request)(request.method, request.url, headers=headers, content=content, extensions=request.extensions)


def _head(response: Any) -> ResponseHead:
    content_type = response.headers.get("content-type", "")
    return ResponseHead(response.status_code, response.headers.raw, content_type)


def content(message: Any) -> bytes:
    """Return the body of a request or a response; empty if it is not in memory."""
    try:
        return message.content
    except RuntimeError:  # httpx.RequestNotRead, httpx.ResponseNotRead
        return b""
