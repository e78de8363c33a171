"""Observes the body of an httpx response while the caller reads it: server-sent events, or JSON.

The bytes pass unchanged and nothing is read ahead.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from .._guard import guarded
from .._wire.fields import mapping
from .._wire.response import ResponseRecord
from .._wire.sse import EventReader
from .open_responses import OpenResponse
from .streams import OnChunk, chunk_observer, wrap_async_iterator, wrap_iterator


@guarded
def observe_body(response: Any, opened: OpenResponse) -> None:
    """Override `iter_bytes` and `aiter_bytes` of *response*."""
    on_piece, on_exhausted = _body_observer(str(response.headers.get("content-type", "")), opened)
    iterate, iterate_async = response.iter_bytes, response.aiter_bytes

    def iter_bytes(*args: Any, **kwargs: Any) -> Any:
        wrapped = wrap_iterator(iterate(*args, **kwargs), opened, on_piece, on_exhausted, _ignore)
        opened.set_iterator(wrapped)
        return wrapped

    def aiter_bytes(*args: Any, **kwargs: Any) -> Any:
        wrapped = wrap_async_iterator(iterate_async(*args, **kwargs), opened, on_piece, on_exhausted, _ignore)
        opened.set_iterator(wrapped)
        return wrapped

    opened.override(response, iter_bytes=iter_bytes, aiter_bytes=aiter_bytes)


def _body_observer(content_type: str, opened: OpenResponse) -> tuple[OnChunk, Callable[[], None]]:
    """Return the callbacks for each piece of a body and for its end."""
    if content_type.startswith("text/event-stream"):
        return _sse_observer(opened), opened.exhausted
    # A JSON body is the whole response, also where a stream was requested: `openrouter` reads it so, and its older
    # releases always do (0.9.2).
    body = bytearray()
    is_json = opened.operation.returns_object or content_type.startswith("application/json")
    on_piece = body.extend if is_json else _ignore
    return on_piece, partial(opened.exhausted, body, is_stream=False)


def _sse_observer(opened: OpenResponse) -> OnChunk:
    operation, reader = opened.operation, EventReader()

    def fold(record: ResponseRecord, event: object, now: float) -> None:
        is_error = mapping(event).get("error")
        (operation.fold_error_event if is_error else operation.fold_chunk)(record, event, now)

    on_event = chunk_observer(opened, fold)

    @guarded
    def on_piece(piece: bytes) -> None:
        for event in reader.read(piece):
            on_event(event)
        if reader.done:
            opened.exhausted()

    return on_piece


def _ignore(_: object) -> None: ...
