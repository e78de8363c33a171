"""The only file that touches the OpenAI SDK's streams: it stands in for what they iterate.

Errors inside a stream are told from here too, because the SDK raises for them without yielding the event.
"""

import traceback
import weakref
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any, Final

from openai import AsyncStream, Stream

from .._guard import guarded
from .._wire.fields import members
from .open_responses import Hold
from .streams import sight, watch, watch_async

_MOST_JSON: Final = 65_536  # so much is kept of a JSON body that came in place of a stream


@guarded
def observe(stream: Any, hold: Hold) -> None:
    """Stand in for what *stream* iterates; the stream stays the SDK's own, and as lazy."""
    # `Stream._iterator` is what __next__ and __iter__ read (openai/_streaming.py, 1.26.0 to 3.52.0).
    response, kept, see = stream.response, bytearray(), sight(hold, hold.operation.fold_chunk)
    drained = partial(hold.drained, kept)
    is_json = str(response.headers.get("content-type", "")).startswith("application/json")
    if issubclass(type(stream), AsyncStream):
        if is_json:
            hold.stand_in(response, aiter_bytes=partial(_keeping_async, kept, response.aiter_bytes))
        stream._iterator = watch_async(stream._iterator, hold, see, drained, _event_behind)
    else:
        if is_json:
            hold.stand_in(response, iter_bytes=partial(_keeping, kept, response.iter_bytes))
        stream._iterator = watch(stream._iterator, hold, see, drained, _event_behind)
    hold.iterator = weakref.ref(stream._iterator)


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
