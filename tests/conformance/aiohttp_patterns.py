"""The ways of making a request with aiohttp, and of reading its response.

Pieces whose sizes depend on how much has arrived are joined before they are compared.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any, Final

from .http_clients import Call
from .http_patterns import Pattern, attempt_async, take

_STEPS: Final = 100


def _note_end(call: Call, name: str, response: Any, *, is_left: bool = False) -> None:
    """Note a response that has been read, released or closed, with its state, which no longer changes.

    How much of the body had arrived when the response was left is not part of it.
    """
    reader = response.content
    call.note(
        name,
        response,
        response.closed,
        response.connection is None,
        sorted(vars(response)),
        None if reader is None else (reader.at_eof(), is_left or reader.is_eof(), repr(reader.exception())),
    )


async def _whole(call: Call) -> None:
    async with call.post() as response:
        call.note("response", response)
        call.note("json", await attempt_async(response.json))
        call.note("text", await attempt_async(response.text))
        call.note("read again", await attempt_async(response.read))
        call.note("raise_for_status", await attempt_async(partial(_raise_for_status, response)))
        _note_end(call, "response after reading", response)
    _note_end(call, "response after closing", response, is_left=True)


async def _raise_for_status(response: Any) -> None:
    response.raise_for_status()


async def _requested(call: Call) -> None:
    """Make the request without a context manager."""
    response = await call.client.request(call.method, call.url, **call.arguments)
    call.note("content", await response.read())
    _note_end(call, "response", response)


async def _checked(call: Call) -> None:
    async with call.post() as response:
        response.raise_for_status()
        call.note("content", await response.read())


async def _checked_by_request(call: Call) -> None:
    async with call.post(raise_for_status=True) as response:
        call.note("content", await response.read())


async def _streamed(read: Callable[[Any], Awaitable[Any]], call: Call) -> None:
    """Read all of a response, then again."""
    async with call.post() as response:
        call.note("pieces", await read(response))
        _note_end(call, "response after reading", response)
        call.note("again", await attempt_async(partial(read, response)))
        call.note("read", await attempt_async(response.read))
    _note_end(call, "response after closing", response, is_left=True)


async def _until_empty(read: Callable[[], Awaitable[bytes]]) -> list[bytes]:
    pieces: list[bytes] = []
    while piece := await read():
        pieces.append(piece)
    return pieces


async def _joined(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


async def _chunks(response: Any) -> Any:
    chunks = [chunk async for chunk in response.content.iter_chunks()]
    return b"".join(piece for piece, _ in chunks)


async def _chunks_by_call(response: Any) -> Any:
    pieces: list[bytes] = []
    while True:
        piece, is_end_of_chunk = await response.content.readchunk()
        if not piece and not is_end_of_chunk:
            return b"".join(pieces)
        pieces.append(piece)


async def _lines(response: Any) -> list[bytes]:
    return await _until_empty(response.content.readline)


async def _by_7(response: Any) -> bytes:
    return b"".join(await _until_empty(partial(response.content.read, 7)))


async def _any(response: Any) -> bytes:
    return b"".join(await _until_empty(response.content.readany))


async def _exactly(response: Any) -> Any:
    """Read exact sizes until there is less: aiohttp raises an error with the rest."""
    pieces: list[Any] = []
    try:
        while True:
            pieces.append(await response.content.readexactly(11))
    except asyncio.IncompleteReadError as error:
        return pieces, error.partial


async def _until_separator(response: Any) -> Any:
    reader = response.content
    if not hasattr(reader, "readuntil"):
        return "missing"
    return await _until_empty(partial(reader.readuntil, b"\n\n"))


async def _unread(response: Any) -> Any:
    """Put bytes back, which aiohttp deprecates, and read on."""
    first = await response.content.readexactly(4)
    response.content.unread_data(first)
    return await response.content.read()


async def _waited(response: Any) -> Any:
    """Wait for the end of the body before reading, then read without waiting."""
    await response.content.wait_eof()
    return response.content.read_nowait()


async def _slowly(response: Any) -> list[bytes]:
    """Read while the body arrives in the background, with a timeout for each read that does not expire."""
    return [await asyncio.wait_for(response.content.readline(), 20) for _ in range(2)] + [await response.content.read()]


_READERS: Final[dict[str, Callable[[Any], Awaitable[Any]]]] = {
    "read": lambda response: response.read(),
    "text": lambda response: response.text(),
    "json": lambda response: attempt_async(partial(response.json, content_type=None)),
    "content.read": lambda response: response.content.read(),
    "content.read by 7": _by_7,
    "readline": _lines,
    "readany": _any,
    "readexactly": _exactly,
    "readuntil": _until_separator,
    "readchunk": _chunks_by_call,
    "for": lambda response: take(response.content),
    "iter_any": lambda response: _joined(response.content.iter_any()),
    "iter_chunked": lambda response: _joined(response.content.iter_chunked(5)),
    "iter_chunks": _chunks,
    "unread_data": _unread,
    "wait_eof": _waited,
    "wait_for": _slowly,
}


async def _broken(call: Call) -> None:
    async with call.post() as response:
        async for line in response.content:
            call.note("line", line)
            break
    _note_end(call, "response after closing", response, is_left=True)


async def _left(leave: str, call: Call) -> None:
    """Leave with a method of the response after the first line, and read on."""
    response = await call.post()
    call.note("line", await response.content.readline())
    result = getattr(response, leave)()
    if hasattr(result, "__await__"):
        await result
    _note_end(call, "response", response, is_left=True)
    call.note("read", await attempt_async(response.read))
    call.note("content.read", await attempt_async(response.content.read))


async def _unread_left(leave: str, call: Call) -> None:
    response = await call.post()
    result = getattr(response, leave)()
    if hasattr(result, "__await__"):
        await result
    call.note("status", response.status)
    call.note("closed", response.closed)


async def _dropped(call: Call) -> None:
    response = await call.post()
    call.note("line", await response.content.readline())
    del response
    gc.collect()
    # The connection is released when the rest of the body has arrived; one that never is stays in use.
    for _ in range(_STEPS):
        await asyncio.sleep(0.01)
        if not call.client._connector._acquired:
            break


async def _caller_raises(call: Call) -> None:
    """Raise from the caller's code between two lines."""
    async with call.post() as response:
        async for line in response.content:
            call.note("line", line)
            raise LookupError("the caller's own")


AIOHTTP_PATTERNS: Final[dict[str, Pattern]] = {
    "post": Pattern(_whole, is_main=True),
    "request": Pattern(_requested),
    "post, raise_for_status": Pattern(_checked),
    "post, raise_for_status of the request": Pattern(_checked_by_request, is_representative=True),
    **{
        name: Pattern(partial(_streamed, read), is_representative=name == "readline") for name, read in _READERS.items()
    },
    "break": Pattern(_broken),
    **{f"{leave} after a line": Pattern(partial(_left, leave)) for leave in ("release", "close")},
    **{f"{leave} unread": Pattern(partial(_unread_left, leave)) for leave in ("release", "close", "wait_for_close")},
    "dropped": Pattern(_dropped),
    "caller raises": Pattern(_caller_raises),
}
