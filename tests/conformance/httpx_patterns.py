"""The ways of making a request with httpx or httpx2, and of reading its response; a name applies to both clients."""

import copy
import gc
import pickle
from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import Any, Final

from .describe import attempt
from .http_clients import Call
from .http_patterns import Pattern, attempt_async, take
from .sync_async import close, entered, iterate, next_item, resolve


def _prefix(response: Any) -> str:
    return "a" if hasattr(response.stream, "__aiter__") and not hasattr(response.stream, "__iter__") else ""


def _pieces(response: Any, name: str, *args: Any) -> Any:
    return getattr(response, f"{_prefix(response)}iter_{name}")(*args)


async def _read(response: Any) -> bytes:
    return await resolve(getattr(response, f"{_prefix(response)}read")())


async def _whole(call: Call) -> None:
    response, note = await resolve(call.post()), call.note
    note("response", response)
    note("json", attempt(response.json))
    note("text", attempt(lambda: response.text))
    note("raise_for_status", attempt(response.raise_for_status))
    for how, make in _COPIES.items():
        note(how, attempt(partial(make, response)))
    note("response after", response)


async def _whole_again(call: Call) -> None:
    """Iterate over a response that httpx has read, which is allowed."""
    response, note = await resolve(call.post()), call.note
    for name in ("bytes", "text", "lines"):
        note(name, [piece async for piece in iterate(_iterator_of_whole(call, response, name))])
    note("raw", await attempt_async(partial(take, _iterator_of_whole(call, response, "raw"))))
    note("response", response)


def _iterator_of_whole(call: Call, response: Any, name: str) -> Any:
    prefix = "a" if hasattr(call.client, "aclose") else ""
    return getattr(response, f"{prefix}iter_{name}")()


async def _requested(call: Call) -> None:
    call.note("response", await resolve(call.client.request(call.method, call.url, **call.arguments)))


async def _sent(call: Call) -> None:
    request = call.build()
    response = await resolve(call.client.send(request))
    call.note("response", response)
    call.note("is the request", response.request is request)


async def _checked(call: Call) -> None:
    response = await resolve(call.post())
    call.note("checked", response.raise_for_status())


async def _streamed(name: str, args: tuple[Any, ...], call: Call) -> None:
    note = call.note
    async with entered(call.stream()) as response:
        note("response", response)
        note("pieces", [piece async for piece in iterate(_pieces(response, name, *args))])
        note("response after reading", response)
        note("again", await attempt_async(partial(take, _pieces(response, name))))
        note("read", await attempt_async(partial(_read, response)))
    note("response after closing", response)


async def _streamed_read(call: Call) -> None:
    note = call.note
    async with entered(call.stream()) as response:
        note("text before", attempt(lambda: response.text))
        note("content", await _read(response))
        note("read again", await _read(response))
        note("text", response.text)
        note("json", attempt(response.json))
        note("raise_for_status", attempt(response.raise_for_status))
    note("response", response)
    note("pickle", attempt(lambda: pickle.loads(pickle.dumps(response))))


async def _streamed_checked(call: Call) -> None:
    """Raise for the status before the body is read."""
    async with entered(call.stream()) as response:
        response.raise_for_status()
        call.note("content", await _read(response))


async def _sent_unread(call: Call) -> None:
    response = await resolve(call.client.send(call.build(), stream=True))
    call.note("response", response)
    await close(response)
    call.note("closed", response)
    call.note("read", await attempt_async(partial(_read, response)))


async def _sent_by_next(call: Call) -> None:
    response = await resolve(call.client.send(call.build(), stream=True))
    pieces = _pieces(response, "bytes")
    try:
        while True:
            call.note("next", await next_item(pieces))
    except (StopIteration, StopAsyncIteration) as end:
        call.note("end", end)
    call.note("response", response)


async def _broken(name: str, call: Call) -> None:
    async with entered(call.stream()) as response:
        async for piece in iterate(_pieces(response, name)):
            call.note("piece", piece)
            break
        call.note("response", response)
    call.note("response after closing", response)


async def _iterator_closed(call: Call) -> None:
    """Close the iterator and then read on, and close the response twice."""
    async with entered(call.stream()) as response:
        pieces = _pieces(response, "raw")
        call.note("first", await next_item(pieces))
        await resolve(pieces.aclose() if hasattr(pieces, "aclose") else pieces.close())
        call.note("response", response)
        call.note("read", await attempt_async(partial(_read, response)))
        await close(response)
    call.note("response after closing", response)


async def _two_iterators(call: Call) -> None:
    async with entered(call.stream()) as response:
        first = _pieces(response, "lines")
        call.note("first", await next_item(first))
        call.note("second", await attempt_async(partial(take, _pieces(response, "bytes"))))
        call.note("first goes on", await attempt_async(partial(take, first)))
    call.note("response", response)


async def _dropped(call: Call) -> None:
    response = await resolve(call.client.send(call.build(), stream=True))
    pieces = _pieces(response, "bytes")
    call.note("first", await next_item(pieces))
    del response, pieces
    gc.collect()


async def _dropped_unread(call: Call) -> None:
    response = await resolve(call.client.send(call.build(), stream=True))
    call.note("status", response.status_code)
    del response
    gc.collect()


async def _caller_raises(call: Call) -> None:
    """Raise from the caller's code between two pieces."""
    async with entered(call.stream()) as response:
        async for piece in iterate(_pieces(response, "lines")):
            call.note("piece", piece)
            raise LookupError("the caller's own")


async def _wrong_protocol(call: Call) -> None:
    """Read with the methods of the other protocol."""
    async with entered(call.stream()) as response:
        other = "" if _prefix(response) else "a"
        call.note("iterate", await attempt_async(partial(take, getattr(response, f"{other}iter_bytes")())))
        call.note("response", response)
        call.note("read", await attempt_async(lambda: _other_read(response, other)))


async def _other_read(response: Any, prefix: str) -> Any:
    return await resolve(getattr(response, f"{prefix}read")())


_COPIES: Final[dict[str, Callable[[Any], Any]]] = {
    "copy": copy.copy,
    "deep copy": copy.deepcopy,
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),
}
_READERS: Final = {
    "iter_bytes": ("bytes",),
    "iter_bytes by 7": ("bytes", 7),
    "iter_raw": ("raw",),
    "iter_raw by 7": ("raw", 7),
    "iter_text": ("text",),
    "iter_text by 7": ("text", 7),
    "iter_lines": ("lines",),
}


async def _iterated(call: Call) -> AsyncGenerator[Any, None]:
    async with entered(call.stream()) as response:
        async for piece in iterate(_pieces(response, "bytes")):
            yield piece


async def _left_generator(call: Call) -> None:
    """Read within a generator of the caller, which is closed."""
    pieces = _iterated(call)
    call.note("first", await pieces.__anext__())
    await pieces.aclose()


HTTPX_PATTERNS: Final[dict[str, Pattern]] = {
    "post": Pattern(_whole, is_main=True),
    "post, iterated": Pattern(_whole_again),
    "request": Pattern(_requested),
    "send": Pattern(_sent),
    "post, raise_for_status": Pattern(_checked),
    **{
        name: Pattern(partial(_streamed, args[0], args[1:]), is_representative=name in ("iter_lines", "iter_raw"))
        for name, args in _READERS.items()
    },
    "stream, read": Pattern(_streamed_read),
    "stream, raise_for_status": Pattern(_streamed_checked),
    "send, closed unread": Pattern(_sent_unread),
    "send, by next()": Pattern(_sent_by_next),
    "break": Pattern(partial(_broken, "lines")),
    "break, raw": Pattern(partial(_broken, "raw")),
    "iterator closed": Pattern(_iterator_closed),
    "two iterators": Pattern(_two_iterators),
    "dropped": Pattern(_dropped),
    "dropped unread": Pattern(_dropped_unread),
    "caller raises": Pattern(_caller_raises),
    "the other protocol": Pattern(_wrong_protocol),
    "generator of the caller": Pattern(_left_generator),
}
