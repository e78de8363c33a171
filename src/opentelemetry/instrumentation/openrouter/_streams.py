"""The only file that touches the SDK's streams and open responses: chunks in, one end out.

A stream has two ends, and both are listened to: its iterator and its response's `close`. The caller keeps the SDK's
own objects. A response that is neither read to its end nor closed is ended when it is gone, or at interpreter exit.
"""

import atexit
import os
import traceback
import weakref
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Final

from openai import AsyncStream, Stream

from ._errors import EMPTY_RESPONSE
from ._guard import guarded, report
from ._operations import Operation
from ._recorder import Call, clock

_MOST_MARKS: Final = 512  # so many chunk times are kept before their gaps are recorded
_MOST_JSON: Final = 65_536  # so much is kept of a JSON body that came in place of a stream


class OpenResponses:
    """The calls whose responses are in their callers' hands, so that none is lost."""

    def __init__(self) -> None:
        self._open: dict[int, Hold] = {}
        # Responses that died unread. A finaliser may run on any line of any thread, also inside a lock of the
        # telemetry SDK, so nothing may be recorded there: the weak reference's callback is this deque's own
        # `append`, and the calls end at the next safe moment.
        self.dead: deque[weakref.ref[Any]] = deque()
        self._exits: set[bool] = set()

    def hold(self, response: Any, call: Call, operation: Operation) -> "Hold":
        """Keep *call* until *response* (the HTTP library's) is read, closed or gone."""
        call.hand_over()
        hold = Hold(response, self.dead.append)
        hold.call, hold.operation, hold.siblings = call, operation, self._open
        hold.headers, hold.process = response.headers, os.getpid()
        hold.iterator, hold.reading = None, False
        self._open[id(hold)] = hold
        self._end_at_exit(call)
        return hold

    @guarded
    def end_dead(self) -> None:
        """End the calls whose responses are gone; called where it is safe to record."""
        while self.dead:
            hold = self.dead.popleft()
            if isinstance(hold, Hold):
                hold.end_when_last_seen()

    @guarded
    def end_all(self) -> None:
        """End what is still open: the interpreter exits."""
        for hold in list(self._open.values()):
            hold.end_when_last_seen()

    def _end_at_exit(self, call: Call) -> None:
        # Exit handlers run last in, first out, and providers flush in theirs. So ours is set up when a call records
        # for the first time, which is after its provider was; and at the first call of all, for metrics alone.
        if call.is_recording not in self._exits:
            self._exits.add(call.is_recording)
            atexit.unregister(self.end_all)
            atexit.register(self.end_all)


class Hold(weakref.ref[Any]):
    """An open response, weakly, and its call. Nothing in it may lead back to the response."""

    __slots__ = ("call", "headers", "iterator", "operation", "process", "reading", "siblings")

    call: Call
    operation: Operation
    headers: Any
    iterator: "weakref.ref[Any] | None"
    """The generator that stands in for the stream's own, once the stream was made."""
    reading: bool
    """The caller is in the response's `read`, which closes the response before it returns."""
    process: int
    siblings: "dict[int, Hold]"

    @guarded
    def read(self, content: bytes) -> None:
        """The whole body was read outside a stream."""
        self.operation.fold_bytes(self.call.answer, content)
        self._end()

    @guarded
    def drained(self, kept: bytes) -> None:
        """The stream came to its end. *kept* is the JSON body that came in place of events, if one did."""
        if not self.call.has_chunks:
            self.operation.fold_bytes(self.call.answer, kept)
            self.call.answer.failure = self.call.answer.failure or EMPTY_RESPONSE
        self._end()

    @guarded
    def failed(self, error: BaseException) -> None:
        """Reading raised: an error event, a cut connection, a cancellation."""
        event = _event_behind(error)
        if event is not None:
            self.operation.fold_error_event(self.call.answer, event, clock())
        self._end(error, left=not isinstance(error, Exception))

    @guarded
    def closed(self, response: Any) -> None:
        """`response.close` was called: by the caller, by the HTTP library at the end of the body, or by a finaliser."""
        iterator = self.iterator() if self.iterator is not None else None
        at_work = self.reading or getattr(iterator, "gi_running", False) or getattr(iterator, "ag_running", False)
        # While the iterator is at work the end is its to tell; and where this reference is dead already, a finaliser
        # closes the response, and the call is among the dead.
        if not at_work and self() is not None:
            self._end(left=iterator is not None or not response.is_stream_consumed)

    def end_when_last_seen(self) -> None:
        """Nobody reads this response any more."""
        if self.siblings.pop(id(self), None) is not None and self.process == os.getpid():
            self.call.read_headers(self.headers)
            self.call.end_when_last_seen()

    def _end(self, error: BaseException | None = None, *, left: bool = False) -> None:
        if self.siblings.pop(id(self), None) is not None:
            self.call.read_headers(self.headers)
            self.call.end(error, left=left)


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
    kept = bytearray()
    is_json = str(stream.response.headers.get("content-type", "")).startswith("application/json")
    if isinstance(stream, AsyncStream):
        if is_json:
            stream.response.aiter_bytes = lambda pieces=stream.response.aiter_bytes: _keeping_async(pieces(), kept)
        stream._iterator = _chunks_async(stream._iterator, hold, kept)
    else:
        if is_json:
            stream.response.iter_bytes = lambda pieces=stream.response.iter_bytes: _keeping(pieces(), kept)
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
        hold.failed(error)
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
        hold.failed(error)
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


def _keeping(pieces: Iterator[bytes], kept: bytearray) -> Iterator[bytes]:
    for piece in pieces:
        kept += piece[: _MOST_JSON - len(kept)]
        yield piece


async def _keeping_async(pieces: AsyncIterator[bytes], kept: bytearray) -> AsyncIterator[bytes]:
    async for piece in pieces:
        kept += piece[: _MOST_JSON - len(kept)]
        yield piece


def _event_behind(error: BaseException) -> object:
    """The event of the stream for which the SDK raised *error* without yielding it: it may tell what the call cost.

    It stands decoded in the frame that raised (openai/_streaming.py, `data` in `__stream__`, 1.26.0 to 3.52.0), so
    that nothing need be kept of the events that are no errors.
    """
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if frame.f_code in _STREAM_CODE:
            event = frame.f_locals.get("data")
            return event if isinstance(event, dict) and event.get("error") else None
    return None


_STREAM_CODE: Final = (Stream.__stream__.__code__, AsyncStream.__stream__.__code__)
