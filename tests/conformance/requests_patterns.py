"""The ways of making a request with requests, and of reading its response."""

import gc
import io
import pickle
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from .describe import attempt
from .http_clients import Call
from .http_patterns import Pattern


async def _whole(call: Call) -> None:
    response, note = call.post(), call.note
    note("response", response)
    note("json", attempt(response.json))
    note("text", response.text)
    note("content", response.content)
    note("pieces", list(response.iter_content(7)))
    note("lines", list(response.iter_lines()))
    note("raise_for_status", attempt(response.raise_for_status))
    note("pickle", attempt(lambda: pickle.loads(pickle.dumps(response))))
    note("raw", attempt(response.raw.read))
    note("response after", response)


async def _requested(call: Call) -> None:
    call.note("response", call.client.request(call.method, call.url, **call.arguments))


async def _sent(call: Call) -> None:
    from requests import Request  # noqa: PLC0415 - only where requests is installed

    arguments = {name: value for name, value in call.arguments.items() if name in ("json", "data", "headers", "files")}
    prepared = call.client.prepare_request(Request(call.method, call.url, **arguments))
    response = call.client.send(prepared)
    call.note("response", response)
    call.note("is the request", response.request is prepared)


async def _checked(call: Call) -> None:
    response = call.post()
    call.note("checked", response.raise_for_status())


async def _streamed(read: Callable[[Any], Any], call: Call) -> None:
    """Read all of an open response, then again."""
    note = call.note
    with call.post(stream=True) as response:
        note("response", response)
        note("pieces", read(response))
        note("response after reading", response)
        note("again", attempt(lambda: read(response)))
        note("content", attempt(lambda: response.content))
        note("raise_for_status", attempt(response.raise_for_status))
    note("response after closing", response)
    note("pickle", attempt(lambda: pickle.loads(pickle.dumps(response))))


async def _streamed_checked(call: Call) -> None:
    """Raise for the status before the body is read."""
    with call.post(stream=True) as response:
        response.raise_for_status()
        call.note("content", response.content)


def _until_empty(read: Callable[[], bytes]) -> list[bytes]:
    pieces: list[bytes] = []
    while piece := read():
        pieces.append(piece)
    return pieces


def _read1(response: Any) -> Any:
    read1 = getattr(response.raw, "read1", None)
    return b"".join(_until_empty(partial(read1, 5))) if read1 is not None else "missing"


def _some_each(response: Any) -> list[Any]:
    """Read with several methods of urllib3's response in turn."""
    raw = response.raw
    return [raw.read(3), next(raw.stream(4)), raw.read(2, decode_content=True), raw.read()]


def _read_into(response: Any) -> list[Any]:
    buffer = bytearray(9)
    pieces: list[bytes] = []
    while count := response.raw.readinto(buffer):
        pieces.append(bytes(buffer[:count]))
    return pieces


def _release(response: Any) -> None:
    response.raw.release_conn()


def _drain(response: Any) -> Any:
    return attempt(response.raw.drain_conn) if hasattr(response.raw, "drain_conn") else "missing"


_READERS: Final[dict[str, Callable[[Any], Any]]] = {
    "content": lambda response: response.content,
    "text": lambda response: response.text,
    "json": lambda response: attempt(response.json),
    "iter_content by 1": lambda response: list(response.iter_content()),
    "iter_content by 9": lambda response: list(response.iter_content(9)),
    "iter_content as it comes": lambda response: list(response.iter_content(None)),
    "iter_content as text": lambda response: list(response.iter_content(16, decode_unicode=True)),
    "iter_lines": lambda response: list(response.iter_lines()),
    "iter_lines as text": lambda response: list(response.iter_lines(decode_unicode=True)),
    "iter_lines by a delimiter": lambda response: list(response.iter_lines(delimiter=b"\n\n")),
    "for": list,
    "raw.read": lambda response: response.raw.read(),
    "raw.read, decoded": lambda response: response.raw.read(decode_content=True),
    "raw.read by 11": lambda response: _until_empty(partial(response.raw.read, 11)),
    "raw.read by 11, decoded": lambda response: _until_empty(partial(response.raw.read, 11, True)),
    "raw.read, cached": lambda response: response.raw.read(cache_content=True),
    "raw.data": lambda response: response.raw.data,
    "raw.read1": _read1,
    "raw.readinto": _read_into,
    "raw.stream": lambda response: list(response.raw.stream()),
    "raw.stream by 5, decoded": lambda response: list(response.raw.stream(5, decode_content=True)),
    "raw.read_chunked": lambda response: attempt(lambda: list(response.raw.read_chunked())),
    "raw for": lambda response: list(response.raw),
    "raw, buffered": lambda response: attempt(lambda: io.BufferedReader(response.raw).read()),
    "raw, lines of text": lambda response: attempt(lambda: list(io.TextIOWrapper(response.raw))),
    "raw, methods in turn": _some_each,
    "raw.release_conn": _release,
    "raw.drain_conn": _drain,
}


async def _broken(read: Callable[[Any], Iterator[Any]], call: Call) -> None:
    with call.post(stream=True) as response:
        for piece in read(response):
            call.note("piece", piece)
            break
        call.note("response", response)
    call.note("response after closing", response)


async def _broken_then_read(call: Call) -> None:
    """Leave an iteration and read the rest."""
    with call.post(stream=True) as response:
        pieces = response.iter_content(5)
        call.note("first", next(pieces))
        pieces.close()
        call.note("response", response)
        call.note("rest", attempt(lambda: list(response.iter_content(5))))
        call.note("rest of raw", attempt(response.raw.read))
    call.note("response after closing", response)


async def _closed_unread(call: Call) -> None:
    response = call.post(stream=True)
    response.close()
    response.close()
    call.note("response", response)
    call.note("content", attempt(lambda: response.content))


async def _raw_closed(call: Call) -> None:
    response = call.post(stream=True)
    call.note("some", response.raw.read(4))
    response.raw.close()
    call.note("response", response)
    call.note("more", attempt(lambda: response.raw.read(4)))
    response.close()


async def _by_next(call: Call) -> None:
    response = call.post(stream=True)
    lines = response.iter_lines()
    try:
        while True:
            call.note("next", next(lines))
    except StopIteration as end:
        call.note("end", end)
    call.note("response", response)


async def _dropped(call: Call) -> None:
    response = call.post(stream=True)
    lines = response.iter_lines()
    call.note("first", next(lines, None))
    del response, lines
    gc.collect()


async def _dropped_unread(call: Call) -> None:
    response = call.post(stream=True)
    call.note("status", response.status_code)
    del response
    gc.collect()


async def _only_raw_kept(call: Call) -> None:
    raw = call.post(stream=True).raw
    call.note("content", raw.read())
    call.note("raw", raw)


async def _caller_raises(call: Call) -> None:
    """Raise from the caller's code between two pieces."""
    with call.post(stream=True) as response:
        for line in response.iter_lines():
            call.note("line", line)
            raise LookupError("the caller's own")


REQUESTS_PATTERNS: Final[dict[str, Pattern]] = {
    "post": Pattern(_whole, is_main=True),
    "request": Pattern(_requested),
    "send": Pattern(_sent),
    "post, raise_for_status": Pattern(_checked),
    **{
        name: Pattern(partial(_streamed, read), is_representative=name in ("iter_lines", "raw.read by 11"))
        for name, read in _READERS.items()
    },
    "stream, raise_for_status": Pattern(_streamed_checked),
    "break": Pattern(partial(_broken, lambda response: response.iter_lines())),
    "break, raw": Pattern(partial(_broken, lambda response: response.raw.stream(8))),
    "break, then read": Pattern(_broken_then_read),
    "closed unread": Pattern(_closed_unread),
    "raw closed": Pattern(_raw_closed),
    "by next()": Pattern(_by_next),
    "dropped": Pattern(_dropped),
    "dropped unread": Pattern(_dropped_unread),
    "only raw kept": Pattern(_only_raw_kept),
    "caller raises": Pattern(_caller_raises),
}
