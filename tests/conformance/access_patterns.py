"""The manners of a call: by which view it is made, and how its answer is read, kept, copied or left.

A manner is given the bound call and notes all that the caller sees, as plain data.
"""

import copy
import gc
import pickle
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from openai._legacy_response import LegacyAPIResponse

from .describe import attempt, describe
from .methods import Method
from .sync_async import closed, each, entered, following, held

Call = Callable[..., Any]
"""`call(view, **more)` gives what the SDK gives."""
Note = Callable[..., None]


@dataclass(frozen=True)
class Manner:
    """One manner."""

    read: Callable[[Call, Note], Awaitable[None]]
    suits: Callable[[Method], bool]
    view: str = ""
    """The view of a resource that it goes by."""
    is_main: bool = False
    """Whether it is how most call."""


async def _plain(call: Call, note: Note) -> None:
    answer = await held(call(""))
    note("answer", answer)
    if hasattr(answer, "get_next_page") or hasattr(answer, "has_next_page"):
        note("page", [describe(item) async for item in each(answer)])


async def _copied(call: Call, note: Note) -> None:
    answer = await held(call(""))
    _note_copies(note, answer)
    note("answer", answer)


async def _raw(call: Call, note: Note) -> None:
    reply = await held(call("with_raw_response"))
    note("reply", reply)
    parsed = await held(reply.parse())
    note("parsed", parsed)
    note("parsed again", await held(reply.parse()) is parsed)
    note("text", reply.text if isinstance(reply, LegacyAPIResponse) else await held(reply.text()))
    note("reply after", reply)


async def _raw_unparsed(call: Call, note: Note) -> None:
    reply = await held(call("with_raw_response"))
    note("content", reply.http_response.content)
    _note_copies(note, reply.http_response)
    note("copies of the reply", attempt(lambda: copy.copy(reply)))


async def _raw_to(call: Call, note: Note) -> None:
    reply = await held(call("with_raw_response"))
    note("as a mapping", await held(reply.parse(to=dict[str, Any])))
    note("as text", await held(reply.parse(to=str)))
    note("as it is", await held(reply.parse()))


async def _streaming(call: Call, note: Note) -> None:
    async with entered(call("with_streaming_response")) as reply:
        note("reply", reply)
        parsed = await held(reply.parse())
        note("parsed", parsed)
        note("parsed again", await held(reply.parse()) is parsed)
        note("reply read", reply)
    note("reply left", reply)
    _note_copies(note, reply.http_response)


async def _streaming_read(call: Call, note: Note) -> None:
    async with entered(call("with_streaming_response")) as reply:
        note("read", await held(reply.read()))
        note("text", attempt(lambda: reply.http_response.text))
        note("read again", await held(reply.read()))
    note("reply", reply)


async def _streaming_pieces(by: str, call: Call, note: Note) -> None:
    async with entered(call("with_streaming_response")) as reply:
        note("pieces", [piece async for piece in each(getattr(reply, by)())])
        note("is closed", reply.is_closed)
    note("reply", reply)


async def _streaming_left(call: Call, note: Note) -> None:
    async with entered(call("with_streaming_response")) as reply:
        note("reply", reply)
    note("reply left", reply)


async def _streaming_closed(call: Call, note: Note) -> None:
    async with entered(call("with_streaming_response")) as reply:
        await closed(reply)
        note("closed", reply)
        await held(reply.read())


async def _streamed(call: Call, note: Note) -> None:
    stream = await held(call("", stream=True))
    note("stream", stream)
    note("chunks", [describe(chunk) async for chunk in each(stream)])
    note("again", [describe(chunk) async for chunk in each(stream)])
    note("stream read", stream)
    _note_copies(note, stream.response)
    note("copy", attempt(lambda: copy.copy(stream)))
    note("deep copy", attempt(lambda: copy.deepcopy(stream)))


async def _streamed_by_next(call: Call, note: Note) -> None:
    stream = await held(call("", stream=True))
    note("first", await following(stream))
    note("stream", stream)
    try:
        while True:
            note("next", await following(stream))
    except (StopIteration, StopAsyncIteration) as end:
        note("end", end)


async def _streamed_with(call: Call, note: Note) -> None:
    async with entered(await held(call("", stream=True))) as stream:
        async for chunk in each(stream):
            note("chunk", chunk)
            break
    note("stream left", stream)
    await closed(stream)
    note("stream closed again", stream)


async def _streamed_unread(call: Call, note: Note) -> None:
    stream = await held(call("", stream=True))
    await closed(stream)
    note("stream", stream)


async def _streamed_dropped(call: Call, note: Note) -> None:
    stream = await held(call("", stream=True))
    note("first", await following(stream))
    del stream
    gc.collect()


async def _streamed_raised(call: Call, note: Note) -> None:
    """The caller's own code raises between two chunks."""
    async with entered(await held(call("", stream=True))) as stream:
        async for chunk in each(stream):
            note("chunk", chunk)
            raise LookupError("the caller's own")


async def _streamed_raw_bytes(call: Call, note: Note) -> None:
    stream = await held(call("", stream=True))
    read = getattr(stream.response, "aread", None) if hasattr(stream, "__anext__") else stream.response.read
    note("body", await held(read()) if read is not None else None)
    note("stream", stream)


async def _raw_streamed(call: Call, note: Note) -> None:
    reply = await held(call("with_raw_response", stream=True))
    note("reply", reply)
    stream = await held(reply.parse())
    note("parsed again", await held(reply.parse()) is stream)
    note("chunks", [describe(chunk) async for chunk in each(stream)])
    note("reply after", reply)
    _note_copies(note, reply.http_response)


async def _streaming_streamed(call: Call, note: Note) -> None:
    async with entered(call("with_streaming_response", stream=True)) as reply:
        note("reply", reply)
        note("chunks", [describe(chunk) async for chunk in each(await held(reply.parse()))])
    note("reply after", reply)


async def _streaming_streamed_lines(call: Call, note: Note) -> None:
    async with entered(call("with_streaming_response", stream=True)) as reply:
        note("lines", [line async for line in each(reply.iter_lines())])
    note("reply", reply)


async def _helped(call: Call, note: Note) -> None:
    async with entered(call("")) as stream:
        note("stream", type(stream).__qualname__)
        note("events", [describe(event) async for event in each(stream)])
        final = "get_final_response" if hasattr(stream, "get_final_response") else "get_final_completion"
        note("final", await held(getattr(stream, final)()))
    note("response", attempt(lambda: stream._response))


async def _helped_left(call: Call, note: Note) -> None:
    async with entered(call("")) as stream:
        async for event in each(stream):
            note("event", event)
            break


def _note_copies(note: Note, value: Any) -> None:
    for how, make in _COPIES.items():
        note(how, attempt(partial(make, value)))


_COPIES: Final[Mapping[str, Callable[[Any], Any]]] = {
    "copy": copy.copy,
    "deep copy": copy.deepcopy,
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),
}


def _is_whole(method: Method) -> bool:
    return not method.streams and not method.is_helper


def _is_streamed(method: Method) -> bool:
    return method.streams


def _is_helper(method: Method) -> bool:
    return method.is_helper


MANNERS: Final[Mapping[str, Manner]] = {
    "plain": Manner(_plain, _is_whole, is_main=True),
    "copied": Manner(_copied, _is_whole),
    "raw": Manner(_raw, _is_whole, "with_raw_response"),
    "raw, unparsed": Manner(_raw_unparsed, _is_whole, "with_raw_response"),
    "raw, parsed to": Manner(_raw_to, _is_whole, "with_raw_response"),
    "streaming": Manner(_streaming, _is_whole, "with_streaming_response"),
    "streaming, read": Manner(_streaming_read, _is_whole, "with_streaming_response"),
    "streaming, lines": Manner(partial(_streaming_pieces, "iter_lines"), _is_whole, "with_streaming_response"),
    "streaming, bytes": Manner(partial(_streaming_pieces, "iter_bytes"), _is_whole, "with_streaming_response"),
    "streaming, text": Manner(partial(_streaming_pieces, "iter_text"), _is_whole, "with_streaming_response"),
    "streaming, left": Manner(_streaming_left, _is_whole, "with_streaming_response"),
    "streaming, closed": Manner(_streaming_closed, _is_whole, "with_streaming_response"),
    "to its end": Manner(_streamed, _is_streamed, is_main=True),
    "by next": Manner(_streamed_by_next, _is_streamed),
    "left": Manner(_streamed_with, _is_streamed),
    "closed unread": Manner(_streamed_unread, _is_streamed),
    "dropped": Manner(_streamed_dropped, _is_streamed),
    "raised between": Manner(_streamed_raised, _is_streamed),
    "read as a body": Manner(_streamed_raw_bytes, _is_streamed),
    "by raw": Manner(_raw_streamed, _is_streamed, "with_raw_response"),
    "by streaming": Manner(_streaming_streamed, _is_streamed, "with_streaming_response"),
    "by streaming, lines": Manner(_streaming_streamed_lines, _is_streamed, "with_streaming_response"),
    "helped": Manner(_helped, _is_helper, is_main=True),
    "helped, left": Manner(_helped_left, _is_helper),
}
