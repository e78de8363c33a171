"""The only file that knows OpenRouter's own SDK (PyPI `openrouter`): `BaseSDK.do_request`, through which all goes.

Its models drop the provider and the native finish reason, so the wire is read: the bytes of the HTTP request and of the
response. What the SDK makes of them later, such as an exception for a body that does not fit its models, is not seen.
"""

import contextlib
import json
import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from .._api.client import Account
from .._guard import guarded
from .._operations import Operation, operation_at
from .._wire.base_urls import server_of
from .._wire.fields import members
from .._wire.response import Answer, fold_refusal
from .._wire.sse import EventReader
from .base import Begun, Exchange, Listener, Seam
from .open_responses import Hold
from .patching import Entrance, when_imported
from .streams import sight, watch, watch_async


class OpenRouterSeam(Seam):
    """OpenRouter's own SDK; whatever it talks to is OpenRouter."""

    def _place(self) -> list[Entrance]:
        # It takes half a second to import, and many programs have it that do not use it.
        entrances: list[Entrance] = []

        @guarded
        def place(module: Any) -> None:
            if self.active:
                entrances.append(Entrance(module.BaseSDK, "do_request", self._request))
                entrances.append(Entrance(module.BaseSDK, "do_request_async", self._request_async))

        when_imported("openrouter.basesdk", place)
        return entrances

    @guarded
    def _begin(self, client: Any, args: tuple[Any, ...], kwargs: dict[str, Any], listener: Listener) -> Begun | None:
        # do_request(*, hook_ctx, request, ...), always by keyword: openrouter/chat.py, 0.9.2 to 1.3.84
        request, base_url = kwargs["request"], kwargs["hook_ctx"].base_url
        operation = operation_at(str(request.url), base_url)
        if operation is None or request.method != "POST" or not self.active:
            return None
        body = _body(request)
        call = self._start(operation, server_of(base_url) or {}, body, request.headers)
        if call is None:
            return None
        exchange = _OpenRouterExchange(call, operation, self.responses, listener)
        if self._asks:
            key = request.headers.get("authorization", "")
            self._will_ask(exchange, _account(client.sdk_configuration, base_url, key))
        if self._joins and body and (trace := self._trace_to_send(call, body)) is not None:
            kwargs = {**kwargs, "request": _with_body(request, {**body, "trace": trace})}
        exchange.send()
        return exchange, args, kwargs


class _OpenRouterExchange(Exchange):
    __slots__ = ()

    def _look_at(self, result: Any, streamed: bool) -> None:  # noqa: ARG002 - the response tells it better
        status: int = result.status_code
        if status >= 400:  # noqa: PLR2004 - the SDK raises only after this
            self._operation = _refused(self._operation, status)
            self._operation.fold_whole(self._call.answer, None)
        if result.is_closed:
            self._read(result)
        else:
            _observe(result, self._hold_open(result))


def _account(configuration: Any, base_url: str, key: str) -> Account:
    """What the SDK's client asks for itself, through its own HTTP client or, when that is closed, another."""
    own: weakref.ref[Any] = weakref.ref(configuration)

    def get(path: str, timeout: float) -> object:
        import httpx  # noqa: PLC0415 - comes with this SDK, and need not be there without it

        alive = own()
        with contextlib.ExitStack() as opened:
            http = getattr(alive, "client", None) or opened.enter_context(httpx.Client())
            request = http.build_request(
                "GET", base_url.rstrip("/") + path, headers={"authorization": key}, timeout=timeout
            )
            return http.send(request, follow_redirects=False).raise_for_status().json()

    return Account(base_url, key, get)


def _refused(operation: Operation, status: int) -> Operation:
    """The same operation, whose whole body tells why it failed."""

    def fold(answer: Answer, body: object) -> None:
        fold_refusal(answer, status, body)

    return replace(operation, fold_whole=fold)


def _body(request: Any) -> Mapping[str, object]:
    """What is sent; nothing where it is a form, or still unread."""
    if not str(request.headers.get("content-type", "")).startswith("application/json"):
        return {}
    return members(json.loads(request.content))


def _with_body(request: Any, body: Mapping[str, object]) -> Any:
    """The same request with another body; the SDK's own is left as it is."""
    headers = [(name, value) for name, value in request.headers.multi_items() if name != "content-length"]
    content = json.dumps(body).encode()
    return type(request)(request.method, request.url, headers=headers, content=content, extensions=request.extensions)


@guarded
def _observe(response: Any, hold: Hold) -> None:
    """Stand in for what the response gives of its bytes."""
    see, drained = _sight_of_bytes(str(response.headers.get("content-type", "")), hold)
    given, given_async = response.iter_bytes, response.aiter_bytes

    def iter_bytes(*args: Any, **kwargs: Any) -> Any:
        watched = watch(given(*args, **kwargs), hold, see, drained, _nothing)
        hold.iterator = weakref.ref(watched)
        return watched

    def aiter_bytes(*args: Any, **kwargs: Any) -> Any:
        watched = watch_async(given_async(*args, **kwargs), hold, see, drained, _nothing)
        hold.iterator = weakref.ref(watched)
        return watched

    hold.stand_in(response, iter_bytes=iter_bytes, aiter_bytes=aiter_bytes)


def _sight_of_bytes(kind: str, hold: Hold) -> tuple[Callable[[bytes], None], Callable[[], None]]:
    """What is done for each piece of a body, and at its end."""
    if kind.startswith("text/event-stream"):
        return _by_event(hold), hold.drained
    # JSON is the answer, also where a stream was asked for: the SDK reads it so, older ones always (0.9.2).
    body = bytearray()
    see = body.extend if kind.startswith("application/json") else _nothing
    return see, partial(hold.drained, body, is_stream=False)


def _by_event(hold: Hold) -> Callable[[bytes], None]:
    operation, reader = hold.operation, EventReader()

    def fold(answer: Answer, event: object, now: float) -> None:
        failed = members(event).get("error")
        (operation.fold_error_event if failed else operation.fold_chunk)(answer, event, now)

    see = sight(hold, fold)

    @guarded
    def see_bytes(piece: bytes) -> None:
        for event in reader.read(piece):
            see(event)
        if reader.done:
            hold.drained()

    return see_bytes


def _nothing(_: object) -> None: ...
