"""The HTTP library requests: wraps `Session.send`, which each request uses, redirects inside it.

A body that is not read yet is observed at urllib3's response, `Response.raw`, which all methods of both classes read.
"""

from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any, Final

from .._api.client import Response
from .._guard import guarded
from .._operations import may_be_traced
from .._wire.response import fold_headers
from ..package import REQUESTS
from .base import OverrideClose, StartedExchange
from .bodies import ResponseHead
from .http_library import HTTPExchange, HTTPLibrary, UnreadResponse, read_json
from .patching import InnermostWrapper
from .sending import is_sending
from .urllib3_bodies import can_observe, observe_body

_PIECE_BYTES: Final = 256  # urllib3 waits until it has received so many, and the deadline applies after each piece


class _RequestsExchange(HTTPExchange):
    __slots__ = ()

    def _read_result(self, result: Any, streamed: bool) -> None:  # noqa: ARG002 - the response itself is known here
        head = _head(result)
        if isinstance(result._content, bytes):
            self._read_whole(head, result._content)
            return
        self._fold_status(head)
        if can_observe(result.raw):
            # Not `result` itself: the caller may keep only its `raw`.
            observe_body(result.raw, self._track_by_head(result.raw, head), head)
        else:
            fold_headers(self.call.record, head)

    def _read_error(self, error: BaseException) -> None:
        response = getattr(error, "response", None)  # a hook of the caller raised for the status
        if response is not None:
            self._read_whole(_head(response), response._content or b"")


class RequestsInstrumentation(HTTPLibrary):
    """requests."""

    requirement = REQUESTS
    module = "requests.sessions"
    exchange = _RequestsExchange

    def _wrap_methods(self, module: Any) -> list[InnermostWrapper]:
        return [InnermostWrapper(module.Session, "send", self._wrap_request)]

    @guarded
    def _start_exchange(
        self,
        client: Any,  # noqa: ARG002 - the request has all that is read
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        override_close: OverrideClose,
    ) -> StartedExchange | None:
        request = args[0] if args else kwargs["request"]
        url = str(request.url).partition("?")[0].partition("#")[0]
        if not may_be_traced(request.method, url) or is_sending():
            return None
        target = self._target(None, url, request.method)
        if target is None:
            return None
        body = read_json(request.body)
        return self._start_with_request(
            request, target, body, request.headers, _with_body, args, kwargs, override_close
        )

    @contextmanager
    def _open(self, url: str, key: str, timeout: float) -> Generator[Response, None, None]:
        headers = {"Authorization": key, "Accept-Encoding": "identity"}
        get = import_module("requests").get  # the program has imported it
        with get(url, headers=headers, timeout=timeout, allow_redirects=False, stream=True) as response:
            pieces = partial(response.raw.stream, _PIECE_BYTES, decode_content=False)
            yield UnreadResponse(response.status_code, pieces)


def _with_body(request: Any, content: bytes) -> Any:
    """Return a copy of *request* with another body."""
    copied = request.copy()
    copied.body = content
    copied.headers["Content-Length"] = str(len(content))
    return copied


def _head(response: Any) -> ResponseHead:
    headers = response.headers
    raw = tuple(
        (name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in headers.items()
    )
    return ResponseHead(response.status_code, raw, headers.get("content-type", ""), headers.get("content-encoding", ""))
