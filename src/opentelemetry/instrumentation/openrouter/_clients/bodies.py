"""Reads the bytes of a response body, whichever HTTP library has them: server-sent events, or JSON.

The bytes pass to the caller unchanged. Of a stream nothing is kept, of JSON all until it is complete.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from .._guard import guarded
from .._operations import Operation
from .._wire.compression import decompressor
from .._wire.errors import EMPTY_RESPONSE, INVALID_RESPONSE
from .._wire.fields import mapping
from .._wire.response import ResponseRecord
from .._wire.sse import EventReader
from .open_responses import OpenResponse
from .streams import OnChunk, chunk_observer

_EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """Status and headers of a response, independent of its HTTP library."""

    status_code: int
    raw: tuple[tuple[bytes, bytes], ...]
    """The headers as `fold_headers` reads them."""
    content_type: str = ""
    content_encoding: str = ""

    @property
    def is_event_stream(self) -> bool:
        """Whether the body is server-sent events."""
        return self.content_type.startswith(_EVENT_STREAM)

    @property
    def headers(self) -> "ResponseHead":
        """The headers, as a response has them."""
        return self


def fold_body(operation: Operation, record: ResponseRecord, head: ResponseHead, content: bytes) -> None:
    """Fold a whole body that the client has read."""
    if not head.is_event_stream:
        operation.fold_bytes(record, content, head.status_code)
        return
    reader = EventReader()
    events = list(reader.read(content))
    for event in events:
        _fold_event(operation, record, event, 0.0)
    record.first_token = None  # the events arrived at times that are not known
    if events:
        operation.fold_end(record)
    else:
        _fold_no_events(record, reader)


def body_observer(content_type: str, opened: OpenResponse) -> tuple[OnChunk, Callable[[], None]]:
    """Return the callbacks for each piece of a body and for its end."""
    if content_type.startswith(_EVENT_STREAM):
        return _event_observer(opened)
    # A JSON body is the whole response, also where a stream was requested: `openrouter` reads it so, and its older
    # releases always do (0.9.2).
    body = bytearray()
    is_json = opened.operation.returns_object or content_type.startswith("application/json")
    on_piece = body.extend if is_json else ignore
    return on_piece, partial(opened.exhausted, body, is_stream=False)


def decompressing(on_piece: OnChunk, content_encoding: str) -> OnChunk:
    """Return the callback for the pieces of a body that the caller reads as they were sent."""
    decompress = decompressor(content_encoding)
    if decompress is None:
        return ignore

    @guarded
    def on_raw_piece(piece: bytes) -> None:
        on_piece(decompress(piece))

    return on_raw_piece


def ignore(_: object) -> None:
    """Ignore a piece."""


def _event_observer(opened: OpenResponse) -> tuple[OnChunk, Callable[[], None]]:
    reader, fold = EventReader(), partial(_fold_event, opened.operation)
    on_event = chunk_observer(opened, fold)

    def on_exhausted() -> None:
        if not opened.call.timer.has_chunks:
            _fold_no_events(opened.call.record, reader)
        opened.exhausted()

    @guarded
    def on_piece(piece: bytes) -> None:
        for event in reader.read(piece):
            on_event(event)
        if reader.done:
            on_exhausted()

    return on_piece, on_exhausted


def _fold_no_events(record: ResponseRecord, reader: EventReader) -> None:
    record.error = record.error or (INVALID_RESPONSE if reader.has_invalid else EMPTY_RESPONSE)


def _fold_event(operation: Operation, record: ResponseRecord, event: Any, now: float) -> None:
    is_error = mapping(event).get("error")
    (operation.fold_error_event if is_error else operation.fold_chunk)(record, event, now)
