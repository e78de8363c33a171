"""The only file that touches what an SDK iterates and its HTTP response: chunks in, one end out.

A stream has two ends, and both are listened to: its iterator and its response's `close`. The caller keeps the SDK's
own objects, as lazy as they were. What an SDK's chunks and errors are, is said by the SDK's own file.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Final

from .._guard import guarded, report
from .._telemetry.call import clock
from .open_responses import Hold

See = Callable[[Any], None]
Behind = Callable[[BaseException], object]

_MOST_MARKS: Final = 512  # so many chunk times are kept before their gaps are recorded


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

    hold.stand_in(response, close=closing, read=reading)


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

    hold.stand_in(response, aclose=closing, aread=reading)


def watch(chunks: Iterator[Any], hold: Hold, see: See, drained: Callable[[], None], behind: Behind) -> Iterator[Any]:
    """Hand on what *chunks* gives, and tell *hold* of its end.

    Args:
        chunks: what the SDK or its HTTP library iterates.
        hold: the open response.
        see: is shown each chunk before the caller gets it.
        drained: tells the hold that all was read.
        behind: the event of the stream that an exception was made from.
    """
    try:
        for chunk in chunks:
            see(chunk)
            yield chunk
    except GeneratorExit:  # this generator is finalised: the response's weak reference tells
        raise
    except BaseException as error:
        hold.failed(error, behind(error))
        raise
    drained()


async def watch_async(
    chunks: AsyncIterator[Any], hold: Hold, see: See, drained: Callable[[], None], behind: Behind
) -> AsyncIterator[Any]:
    """The same for an async iterator."""
    try:
        async for chunk in chunks:
            see(chunk)
            yield chunk
    except GeneratorExit:  # as above
        raise
    except BaseException as error:
        hold.failed(error, behind(error))
        raise
    drained()


def sight(hold: Hold, fold: Callable[[Any, Any, float], None]) -> See:
    """What is done for each chunk, between the network and the caller: it is marked, and folded with *fold*."""
    call = hold.call
    answer, marks, joins = call.answer, call.marks, call.joins

    def see(chunk: object) -> None:
        nonlocal fold
        now = clock()
        marks.append(now)
        try:
            fold(answer, chunk, now)
            if joins and answer.usage is not None:
                hold.tell_neighbour()
            if len(marks) >= _MOST_MARKS:
                call.flush_marks()
        except Exception:
            report("a chunk")
            fold = _unread  # one chunk that we cannot read is told once, not a thousand times

    return see


def _unread(*_: object) -> None: ...
