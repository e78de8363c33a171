"""The only file that touches the SDK's streams and open responses: chunks in, one end out.

A stream has two ends, and both are listened to: its iterator and its response's `close`. The caller keeps the SDK's
own objects, as lazy as they were.
"""

import traceback
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any, Final

from openai import AsyncStream, Stream

from ._guard import guarded, report
from ._holds import Hold
from ._recorder import clock
from ._wire import members

_MOST_MARKS: Final = 512  # so many chunk times are kept before their gaps are recorded
_MOST_JSON: Final = 65_536  # so much is kept of a JSON body that came in place of a stream


@guarded
def listen(response: Any, hold: Hold) -> None:
    """Hear of the end of a response of the sync client."""
    close: Callable[[], None] = response.close
    read: Callable[[], bytes] = response.read

    def closing() -> None:
        try:
            close()
        finally:
            hold.closed(response)

    def reading() -> bytes:
        hold.reading = True
        try:
            content = read()
        except BaseException as error:
            hold.failed(error)
            raise
        hold.read(content)
        return content

    response.close, response.read = closing, reading


@guarded
def listen_async(response: Any, hold: Hold) -> None:
    """Hear of the end of a response of the async client."""
    close, read = response.aclose, response.aread

    async def closing() -> None:
        try:
            await close()
        finally:
            hold.closed(response)

    async def reading() -> bytes:
        hold.reading = True
        try:
            content: bytes = await read()
        except BaseException as error:
            hold.failed(error)
            raise
        hold.read(content)
        return content

    response.aclose, response.aread = closing, reading


@guarded
def observe(stream: Any, hold: Hold) -> None:
    """Stand in for what *stream* iterates; the stream stays the SDK's own, and as lazy."""
    # `Stream._iterator` is what __next__ and __iter__ read (openai/_streaming.py, 1.26.0 to 3.52.0).
    response, kept = stream.response, bytearray()
    is_json = str(response.headers.get("content-type", "")).startswith("application/json")
    if issubclass(type(stream), AsyncStream):
        if is_json:
            response.aiter_bytes = partial(_keeping_async, kept, response.aiter_bytes)
        stream._iterator = _chunks_async(stream._iterator, hold, kept)
    else:
        if is_json:
            response.iter_bytes = partial(_keeping, kept, response.iter_bytes)
        stream._iterator = _chunks(stream._iterator, hold, kept)
    hold.iterator = weakref.ref(stream._iterator)


def _chunks(chunks: Iterator[Any], hold: Hold, kept: bytearray) -> Iterator[Any]:
    see = _sight(hold)
    try:
        for chunk in chunks:
            see(chunk)
            yield chunk
    except GeneratorExit:  # this generator is finalised: the response's weak reference tells
        raise
    except BaseException as error:
        hold.failed(error, _event_behind(error))
        raise
    hold.drained(kept)


async def _chunks_async(chunks: AsyncIterator[Any], hold: Hold, kept: bytearray) -> AsyncIterator[Any]:
    see = _sight(hold)
    try:
        async for chunk in chunks:
            see(chunk)
            yield chunk
    except GeneratorExit:  # as above
        raise
    except BaseException as error:
        hold.failed(error, _event_behind(error))
        raise
    hold.drained(kept)


def _sight(hold: Hold) -> Callable[[object], None]:
    """What is done for each chunk, between the network and the caller."""
    call = hold.call
    answer, marks, fold = call.answer, call.marks, hold.operation.fold_chunk

    def see(chunk: object) -> None:
        nonlocal fold
        now = clock()
        marks.append(now)
        try:
            fold(answer, chunk, now)
            if len(marks) >= _MOST_MARKS:
                call.flush_marks()
        except Exception:
            report("a chunk")
            fold = _unread  # one chunk that we cannot read is told once, not a thousand times

    return see


def _unread(*_: object) -> None: ...


def _keeping(kept: bytearray, pieces: Callable[..., Iterator[bytes]], *args: Any, **kwargs: Any) -> Iterator[bytes]:
    for piece in pieces(*args, **kwargs):
        kept += piece[: _MOST_JSON - len(kept)]
        yield piece


async def _keeping_async(
    kept: bytearray, pieces: Callable[..., AsyncIterator[bytes]], *args: Any, **kwargs: Any
) -> AsyncIterator[bytes]:
    async for piece in pieces(*args, **kwargs):
        kept += piece[: _MOST_JSON - len(kept)]
        yield piece


@guarded
def _event_behind(error: BaseException) -> object:
    """The event of the stream for which the SDK raised *error* without yielding it: it may tell what the call cost.

    It stands decoded in the frame that raised (openai/_streaming.py, `data` in `__stream__`, 1.26.0 to 3.52.0), so
    that nothing need be kept of the events that are no errors.
    """
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code in _STREAM_CODE:
            event = frame.f_locals.get("data")
            return event if members(event).get("error") else None
    return None


_STREAM_CODE: Final = tuple(vars(kind)["__stream__"].__code__ for kind in (Stream, AsyncStream))
