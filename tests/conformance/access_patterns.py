"""The access patterns of a call: through which view it is made, and how its result is read, copied or closed.

A pattern receives the bound call and notes everything that the caller observes, as plain data.
"""

import copy
import gc
import pickle
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from .describe import attempt, describe
from .methods import Method
from .sync_async import close, entered, iterate, next_item, resolve

Call = Callable[..., Any]
"""`call(view, **arguments)` returns the SDK's result."""
Note = Callable[..., None]


@dataclass(frozen=True)
class AccessPattern:
    """One access pattern."""

    read: Callable[[Call, Note], Awaitable[None]]
    applies: Callable[[Method], bool]
    view: str = ""
    """The view of the resource through which the call is made."""
    is_main: bool = False
    """Whether this is how most callers use the method."""


async def _plain(call: Call, note: Note) -> None:
    result = await resolve(call(""))
    note("result", result)
    if hasattr(result, "get_next_page") or hasattr(result, "has_next_page"):
        note("page", [describe(item) async for item in iterate(result)])


async def _copied(call: Call, note: Note) -> None:
    result = await resolve(call(""))
    _note_copies(note, result)
    note("result", result)


async def _raw(call: Call, note: Note) -> None:
    response = await resolve(call("with_raw_response"))
    note("response", response)
    parsed = await resolve(response.parse())
    note("parsed", parsed)
    note("parsed again", await resolve(response.parse()) is parsed)
    note("text", await resolve(response.text() if callable(response.text) else response.text))
    note("response after", response)


async def _raw_unparsed(call: Call, note: Note) -> None:
    response = await resolve(call("with_raw_response"))
    note("content", response.http_response.content)
    _note_copies(note, response.http_response)
    note("copy of the response", attempt(lambda: copy.copy(response)))


async def _raw_to(call: Call, note: Note) -> None:
    response = await resolve(call("with_raw_response"))
    note("as a mapping", await resolve(response.parse(to=dict[str, Any])))
    note("as text", await resolve(response.parse(to=str)))
    note("as the default type", await resolve(response.parse()))


async def _streaming(call: Call, note: Note) -> None:
    async with entered(call("with_streaming_response")) as response:
        note("response", response)
        parsed = await resolve(response.parse())
        note("parsed", parsed)
        note("parsed again", await resolve(response.parse()) is parsed)
        note("response after reading", response)
    note("response after closing", response)
    _note_copies(note, response.http_response)


async def _streaming_read(call: Call, note: Note) -> None:
    async with entered(call("with_streaming_response")) as response:
        note("read", await resolve(response.read()))
        note("text", attempt(lambda: response.http_response.text))
        note("read again", await resolve(response.read()))
    note("response", response)


async def _streaming_pieces(by: str, call: Call, note: Note) -> None:
    async with entered(call("with_streaming_response")) as response:
        note("pieces", [piece async for piece in iterate(getattr(response, by)())])
        note("is closed", response.is_closed)
    note("response", response)


async def _streaming_unread(call: Call, note: Note) -> None:
    async with entered(call("with_streaming_response")) as response:
        note("response", response)
    note("response after closing", response)


async def _streaming_closed(call: Call, note: Note) -> None:
    async with entered(call("with_streaming_response")) as response:
        await close(response)
        note("closed", response)
        await resolve(response.read())


async def _streamed(call: Call, note: Note) -> None:
    stream = await resolve(call("", stream=True))
    note("stream", stream)
    note("chunks", [describe(chunk) async for chunk in iterate(stream)])
    note("again", [describe(chunk) async for chunk in iterate(stream)])
    note("stream after reading", stream)
    _note_copies(note, stream.response)
    note("copy", attempt(lambda: copy.copy(stream)))
    note("deep copy", attempt(lambda: copy.deepcopy(stream)))


async def _streamed_by_next(call: Call, note: Note) -> None:
    stream = await resolve(call("", stream=True))
    note("first", await next_item(stream))
    note("stream", stream)
    try:
        while True:
            note("next", await next_item(stream))
    except (StopIteration, StopAsyncIteration) as end:
        note("end", end)


async def _streamed_with(call: Call, note: Note) -> None:
    async with entered(await resolve(call("", stream=True))) as stream:
        async for chunk in iterate(stream):
            note("chunk", chunk)
            break
    note("stream after closing", stream)
    await close(stream)
    note("stream closed again", stream)


async def _streamed_unread(call: Call, note: Note) -> None:
    stream = await resolve(call("", stream=True))
    await close(stream)
    note("stream", stream)


async def _streamed_dropped(call: Call, note: Note) -> None:
    stream = await resolve(call("", stream=True))
    note("first", await next_item(stream))
    del stream
    gc.collect()


async def _streamed_caller_raises(call: Call, note: Note) -> None:
    """Raise from the caller's code between two chunks."""
    async with entered(await resolve(call("", stream=True))) as stream:
        async for chunk in iterate(stream):
            note("chunk", chunk)
            raise LookupError("the caller's own")


async def _streamed_raw_bytes(call: Call, note: Note) -> None:
    stream = await resolve(call("", stream=True))
    read = getattr(stream.response, "aread", None) if hasattr(stream, "__anext__") else stream.response.read
    note("body", await resolve(read()) if read is not None else None)
    note("stream", stream)


async def _raw_streamed(call: Call, note: Note) -> None:
    response = await resolve(call("with_raw_response", stream=True))
    note("response", response)
    stream = await resolve(response.parse())
    note("parsed again", await resolve(response.parse()) is stream)
    note("chunks", [describe(chunk) async for chunk in iterate(stream)])
    note("response after", response)
    _note_copies(note, response.http_response)


async def _streaming_streamed(call: Call, note: Note) -> None:
    async with entered(call("with_streaming_response", stream=True)) as response:
        note("response", response)
        note("chunks", [describe(chunk) async for chunk in iterate(await resolve(response.parse()))])
    note("response after", response)


async def _streaming_streamed_lines(call: Call, note: Note) -> None:
    async with entered(call("with_streaming_response", stream=True)) as response:
        note("lines", [line async for line in iterate(response.iter_lines())])
    note("response", response)


async def _helper(call: Call, note: Note) -> None:
    async with entered(call("")) as stream:
        note("stream", type(stream).__qualname__)
        note("events", [describe(event) async for event in iterate(stream)])
        final = next(name for name in _FINAL if hasattr(stream, name))
        note("final", await resolve(getattr(stream, final)()))
    note("response", attempt(lambda: stream._response))


async def _helper_closed_early(call: Call, note: Note) -> None:
    async with entered(call("")) as stream:
        async for event in iterate(stream):
            note("event", event)
            break


_FINAL: Final = ("get_final_response", "get_final_completion", "get_final_message")


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


ACCESS_PATTERNS: Final[Mapping[str, AccessPattern]] = {
    "plain": AccessPattern(_plain, _is_whole, is_main=True),
    "copied": AccessPattern(_copied, _is_whole),
    "raw": AccessPattern(_raw, _is_whole, "with_raw_response"),
    "raw, unparsed": AccessPattern(_raw_unparsed, _is_whole, "with_raw_response"),
    "raw, parsed to a type": AccessPattern(_raw_to, _is_whole, "with_raw_response"),
    "streaming": AccessPattern(_streaming, _is_whole, "with_streaming_response"),
    "streaming, read": AccessPattern(_streaming_read, _is_whole, "with_streaming_response"),
    "streaming, lines": AccessPattern(partial(_streaming_pieces, "iter_lines"), _is_whole, "with_streaming_response"),
    "streaming, bytes": AccessPattern(partial(_streaming_pieces, "iter_bytes"), _is_whole, "with_streaming_response"),
    "streaming, text": AccessPattern(partial(_streaming_pieces, "iter_text"), _is_whole, "with_streaming_response"),
    "streaming, unread": AccessPattern(_streaming_unread, _is_whole, "with_streaming_response"),
    "streaming, closed": AccessPattern(_streaming_closed, _is_whole, "with_streaming_response"),
    "exhausted": AccessPattern(_streamed, _is_streamed, is_main=True),
    "by next()": AccessPattern(_streamed_by_next, _is_streamed),
    "closed early": AccessPattern(_streamed_with, _is_streamed),
    "closed unread": AccessPattern(_streamed_unread, _is_streamed),
    "dropped": AccessPattern(_streamed_dropped, _is_streamed),
    "caller raises": AccessPattern(_streamed_caller_raises, _is_streamed),
    "read as bytes": AccessPattern(_streamed_raw_bytes, _is_streamed),
    "by raw": AccessPattern(_raw_streamed, _is_streamed, "with_raw_response"),
    "by streaming": AccessPattern(_streaming_streamed, _is_streamed, "with_streaming_response"),
    "by streaming, lines": AccessPattern(_streaming_streamed_lines, _is_streamed, "with_streaming_response"),
    "helper": AccessPattern(_helper, _is_helper, is_main=True),
    "helper, closed early": AccessPattern(_helper_closed_early, _is_helper),
}
