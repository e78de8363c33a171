"""Observes a stream through its two ends: the iterator that the SDK reads, and the response's `close` and `read`.

The caller keeps the SDK's own objects, as lazy as they were. The SDK's own file knows its chunks and its errors.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from typing import Any, Final

from .._guard import guarded, report
from .._telemetry.chunk_timer import clock
from .open_responses import OpenResponse

OnChunk = Callable[[Any], None]
FindErrorEvent = Callable[[BaseException], object]

_MAX_CHUNK_TIMES: Final = 512  # arrival times kept before their gaps are recorded


@guarded
def override_close(response: Any, opened: OpenResponse) -> None:
    """Report `close` and `read` of a sync client's response to *opened*."""
    close: Callable[[], None] = response.close
    read: Callable[[], bytes] = response.read

    def closing() -> None:
        try:
            close()
        finally:
            opened.closed(response)

    def reading() -> bytes:
        opened.is_reading = True
        try:
            content = read()
        except BaseException as error:
            opened.failed(error)
            raise
        opened.read(content)
        return content

    opened.override(response, close=closing, read=reading)


@guarded
def override_close_async(response: Any, opened: OpenResponse) -> None:
    """Report `aclose` and `aread` of an async client's response to *opened*."""
    close, read = response.aclose, response.aread

    async def closing() -> None:
        try:
            await close()
        finally:
            opened.closed(response)

    async def reading() -> bytes:
        opened.is_reading = True
        try:
            content: bytes = await read()
        except BaseException as error:
            opened.failed(error)
            raise
        opened.read(content)
        return content

    opened.override(response, aclose=closing, aread=reading)


def wrap_iterator(
    chunks: Iterator[Any],
    opened: OpenResponse,
    on_chunk: OnChunk,
    on_exhausted: Callable[[], None],
    find_error_event: FindErrorEvent,
) -> Iterator[Any]:
    """Yield what *chunks* yields, and report its end to *opened*.

    Args:
        chunks: the iterator of the SDK or of its HTTP library.
        opened: the open response.
        on_chunk: called with each chunk before the caller gets it.
        on_exhausted: called when *chunks* is exhausted.
        find_error_event: returns the event of the stream for which an exception was raised.
    """
    opened.has_started = True
    try:
        for chunk in chunks:
            on_chunk(chunk)
            yield chunk
    except GeneratorExit:  # this generator is closed or finalised: its weak reference reports it
        raise
    except BaseException as error:
        opened.failed(error, find_error_event(error))
        raise
    on_exhausted()


async def wrap_async_iterator(  # noqa: PLR0913 - as `wrap_iterator`, and how it ends
    chunks: AsyncIterator[Any],
    opened: OpenResponse,
    on_chunk: OnChunk,
    on_exhausted: Callable[[], None],
    find_error_event: FindErrorEvent,
    *,
    closes: bool = False,
) -> AsyncIterator[Any]:
    """The async twin of `wrap_iterator`.

    With *closes*, closing it closes *chunks* before `aclose` returns. Otherwise the event loop closes *chunks*, as it
    closes the iterators below. At its shutdown it closes all of them at the same time, and logs an error for one that
    is being closed already.
    """
    opened.has_started = True
    try:
        async for chunk in chunks:
            on_chunk(chunk)
            yield chunk
    except GeneratorExit:  # as above
        if closes and isinstance(chunks, AsyncGenerator):
            await chunks.aclose()
        raise
    except BaseException as error:
        opened.failed(error, find_error_event(error))
        raise
    on_exhausted()


def chunk_observer(opened: OpenResponse, fold: Callable[[Any, Any, float], None]) -> OnChunk:
    """Return the per-chunk callback: it records the arrival time and folds the chunk into the record with *fold*."""
    call = opened.call
    record, chunk_times, has_enclosing_span = call.record, call.timer.chunk_times, call.has_enclosing_span

    def on_chunk(chunk: object) -> None:
        nonlocal fold
        now = clock()
        chunk_times.append(now)
        try:
            fold(record, chunk, now)
            if has_enclosing_span and record.usage is not None:
                opened.update_enclosing_span()
            if len(chunk_times) >= _MAX_CHUNK_TIMES:
                call.record_gaps()
        except Exception:
            report("a chunk")
            fold = _ignore  # one unreadable chunk is logged once, not a thousand times

    return on_chunk


def _ignore(*_: object) -> None: ...
