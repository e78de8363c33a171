"""lm15, an HTTP client on sockets: DSPy has a copy, its own engine. Wraps the two methods that each request uses.

All readers of a response read its `_chunks`, which are observed.
"""

import dataclasses
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any

from .._api.client import Response
from .._guard import guarded
from .._operations import may_be_traced
from ..package import DSPY, LM15
from .base import OverrideClose, StartedExchange
from .bodies import ResponseHead, body_observer, ignore
from .http_library import HTTPExchange, HTTPLibrary, UnreadResponse, read_json
from .open_responses import OpenResponse
from .patching import InnermostWrapper
from .sending import is_sending
from .streams import wrap_async_iterator, wrap_iterator


class _Lm15Exchange(HTTPExchange):
    __slots__ = ()

    def _read_result(self, result: Any, streamed: bool) -> None:  # noqa: ARG002 - the response itself is known here
        raw = tuple((name.encode("latin-1"), value.encode("latin-1")) for name, value in result.headers)
        head = ResponseHead(result.status, raw, result.header("content-type") or "")
        self._fold_status(head)
        _observe_body(result, self._track_by_head(result, head), head)


class Lm15Instrumentation(HTTPLibrary):
    """lm15. Its private names are the same in 1.0.1 to 1.5.0, and in the copy."""

    requirement = LM15
    module = "lm15.transports"
    exchange = _Lm15Exchange

    def _wrap_methods(self, module: Any) -> list[InnermostWrapper]:
        return [
            InnermostWrapper(module.StdlibTransport, "stream", self._wrap_request),
            # `stream` only returns what can be awaited or entered, and both call this.
            InnermostWrapper(module.StdlibAsyncTransport, "_do_stream", self._wrap_request_async),
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
        url = request.url.partition("?")[0].partition("#")[0]
        if not may_be_traced(request.method, url) or is_sending():
            return None
        target = self._target(None, url, request.method)
        if target is None:
            return None
        headers = {name.lower(): value for name, value in request.headers}
        body = read_json(request.body)
        return self._start_with_request(request, target, body, headers, _with_body, args, kwargs, override_close)

    @contextmanager
    def _open(self, url: str, key: str, timeout: float) -> Generator[Response, None, None]:
        transports = import_module(self.module)
        request = transports.TransportRequest("GET", url, [("authorization", key)])
        with (
            transports.StdlibTransport(connect_timeout=timeout, read_timeout=timeout) as transport,
            transport.stream(request) as response,
        ):
            yield UnreadResponse(response.status, partial(iter, response))


class DSPyInstrumentation(Lm15Instrumentation):
    """The copy of lm15 in DSPy. Older releases of DSPy have none, and send by clients that are instrumented too."""

    requirement = DSPY
    module = "dspy._vendor.lm15.transports"


@guarded
def _observe_body(response: Any, opened: OpenResponse, head: ResponseHead) -> None:
    """Observe the body of *response* until it has been read or is closed."""
    is_async = hasattr(response, "aclose")
    wrap: Any = wrap_async_iterator if is_async else wrap_iterator
    chunks, release_once = response._chunks, response._release_once
    observed = wrap(chunks, opened, *body_observer(head.content_type, opened), ignore)
    opened.set_iterator(observed)
    response._chunks = observed
    del observed  # `_chunks` is the only reference, beside a reader's

    def releasing(*, body_consumed: bool) -> Any:
        # A reader that has been left calls this, perhaps in a finaliser: without `observed`, its call is a dropped one.
        response._chunks = chunks
        return release_once(body_consumed=body_consumed)

    opened.override(response, _release_once=releasing, **_closing(response, opened, is_async=is_async))


def _closing(response: Any, opened: OpenResponse, *, is_async: bool) -> dict[str, Any]:
    """Return the override of the method that closes *response*."""
    close = response.aclose if is_async else response.close

    def closing() -> None:
        try:
            close()
        finally:
            opened.closed(response)

    async def closing_async() -> None:
        try:
            await close()
        finally:
            opened.closed(response)

    return {"aclose": closing_async} if is_async else {"close": closing}


def _with_body(request: Any, content: bytes) -> Any:
    """Return a copy of *request* with another body."""
    headers = [(name, value) for name, value in request.headers if name.lower() != "content-length"]
    return dataclasses.replace(request, body=content, headers=headers)
