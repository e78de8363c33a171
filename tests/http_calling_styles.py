"""Every way of reading a response of httpx, httpx2, requests, aiohttp and lm15: functions that post JSON.

A style takes a URL and a request body, reads to the end, and returns the bytes that the caller got, so that runs with
and without the instrumentation can be compared.
"""

import asyncio
import gzip
import json
import zlib
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final

import aiohttp
import httpx
import httpx_sse
import lm15.transports
import requests
import yarl

Style = Callable[[str, dict[str, Any]], Any]

HEADERS: Final = {"Authorization": "Bearer sk-or-canary"}
HTTPX: Final = tuple(name for name in ("httpx", "httpx2") if find_spec(name))


def _text(pieces: list[str]) -> bytes:
    return "".join(pieces).encode()


def _lines(lines: list[Any]) -> bytes:
    """Return lines joined: the libraries split them at other places than the wire."""
    return b"".join(line.encode() if isinstance(line, str) else line for line in lines)


def _events(events: list[Any]) -> bytes:
    return b"".join(event.data.encode() for event in events)


# httpx: functions of an open response.
_HTTPX_READERS: Final[Mapping[str, Callable[[Any], bytes]]] = {
    "iter_bytes": lambda response: b"".join(response.iter_bytes()),
    "iter_bytes by 7": lambda response: b"".join(response.iter_bytes(7)),
    "iter_text": lambda response: _text(list(response.iter_text())),
    "iter_lines": lambda response: _lines(list(response.iter_lines())),
    "iter_raw": lambda response: b"".join(response.iter_raw()),
    "read": lambda response: response.read(),
}


async def _collect(iterator: Any) -> list[Any]:
    return [each async for each in iterator]


async def _aiter_text(response: Any) -> bytes:
    return _text(await _collect(response.aiter_text()))


async def _aiter_lines(response: Any) -> bytes:
    return _lines(await _collect(response.aiter_lines()))


async def _aiter_bytes(response: Any) -> bytes:
    return b"".join(await _collect(response.aiter_bytes()))


async def _aiter_raw(response: Any) -> bytes:
    return b"".join(await _collect(response.aiter_raw()))


async def _aread(response: Any) -> bytes:
    return await response.aread()


_HTTPX_ASYNC_READERS: Final[Mapping[str, Callable[[Any], Awaitable[bytes]]]] = {
    "aiter_bytes": _aiter_bytes,
    "aiter_text": _aiter_text,
    "aiter_lines": _aiter_lines,
    "aiter_raw": _aiter_raw,
    "aread": _aread,
}


def _httpx_post(library: str, url: str, body: dict[str, Any]) -> bytes:
    return import_module(library).post(url, json=body, headers=HEADERS).content


def _httpx_client(library: str, url: str, body: dict[str, Any]) -> bytes:
    with import_module(library).Client(headers=HEADERS) as client:
        return client.send(request=client.build_request("POST", url, content=json.dumps(body))).read()


def _httpx_stream(library: str, read: Callable[[Any], bytes], url: str, body: dict[str, Any]) -> bytes:
    with import_module(library).stream("POST", url, json=body, headers=HEADERS) as response:
        return read(response)


def _httpx_sse(url: str, body: dict[str, Any]) -> bytes:
    with httpx.Client() as client, httpx_sse.connect_sse(client, "POST", url, json=body, headers=HEADERS) as source:
        return _events(list(source.iter_sse()))


def _httpx_async_post(library: str, url: str, body: dict[str, Any]) -> bytes:
    async def main() -> bytes:
        async with import_module(library).AsyncClient() as client:
            return (await client.post(url, json=body, headers=HEADERS)).content

    return asyncio.run(main())


def _httpx_async_stream(library: str, read: Callable[[Any], Awaitable[bytes]], url: str, body: dict[str, Any]) -> bytes:
    async def main() -> bytes:
        async with (
            import_module(library).AsyncClient() as client,
            client.stream("POST", url, json=body, headers=HEADERS) as response,
        ):
            return await read(response)

    return asyncio.run(main())


def _httpx_async_sse(url: str, body: dict[str, Any]) -> bytes:
    async def main() -> bytes:
        async with (
            httpx.AsyncClient() as client,
            httpx_sse.aconnect_sse(client, "POST", url, json=body, headers=HEADERS) as source,
        ):
            return _events(await _collect(source.aiter_sse()))

    return asyncio.run(main())


def _read_raw(response: Any) -> bytes:
    """Read urllib3's response in pieces, and decompress as the caller does."""
    pieces: list[bytes] = []
    while piece := response.raw.read(11):
        pieces.append(piece)
    return _decompressed(response, b"".join(pieces))


def _decompressed(response: Any, content: bytes) -> bytes:
    encoding = response.headers.get("content-encoding")
    return {"gzip": gzip.decompress, "deflate": zlib.decompress}.get(encoding, bytes)(content)


_REQUESTS_READERS: Final[Mapping[str, Callable[[Any], bytes]]] = {
    "content": lambda response: response.content,
    "text": lambda response: response.text.encode(),
    "iter_content": lambda response: b"".join(response.iter_content(9)),
    "iter_content None": lambda response: b"".join(response.iter_content(None)),
    "iter_lines": lambda response: _lines(list(response.iter_lines())),
    "iter_lines unicode": lambda response: _lines(list(response.iter_lines(decode_unicode=True))),
    "iter": b"".join,
    "raw.read": lambda response: _decompressed(response, response.raw.read()),
    "raw.read in pieces": _read_raw,
    "raw.read decoded": lambda response: response.raw.read(decode_content=True),
    "raw.stream": lambda response: b"".join(response.raw.stream(decode_content=True)),
    "raw.stream raw": lambda response: _decompressed(response, b"".join(response.raw.stream())),
    "raw iter": lambda response: b"".join(response.raw),
}


def _requests_post(url: str, body: dict[str, Any]) -> bytes:
    return requests.post(url, json=body, headers=HEADERS, timeout=30).content


def _requests_quickstart(url: str, body: dict[str, Any]) -> bytes:
    """OpenRouter's own quickstart posts a string, without a content type."""
    return requests.post(url=url, headers=HEADERS, data=json.dumps(body), timeout=30).content


def _requests_prepared(url: str, body: dict[str, Any]) -> bytes:
    with requests.Session() as session:
        return session.send(request=session.prepare_request(requests.Request("POST", url, HEADERS, json=body))).content


def _requests_stream(read: Callable[[Any], bytes], url: str, body: dict[str, Any]) -> bytes:
    with requests.post(url, json=body, headers=HEADERS, stream=True, timeout=30) as response:
        return read(response)


async def _readline(response: Any) -> bytes:
    lines: list[bytes] = []
    while line := await response.content.readline():
        lines.append(line)
    return b"".join(lines)


async def _readany(response: Any) -> bytes:
    pieces: list[bytes] = []
    while piece := await response.content.readany():
        pieces.append(piece)
    return b"".join(pieces)


async def _iterate(response: Any) -> bytes:
    return b"".join(await _collect(response.content))


async def _iter_any(response: Any) -> bytes:
    return b"".join(await _collect(response.content.iter_any()))


async def _iter_chunked(response: Any) -> bytes:
    return b"".join(await _collect(response.content.iter_chunked(5)))


async def _iter_chunks(response: Any) -> bytes:
    return b"".join([piece for piece, _ in await _collect(response.content.iter_chunks())])


async def _text_of(response: Any) -> bytes:
    return (await response.text()).encode()


async def _content_read(response: Any) -> bytes:
    return await response.content.read()


async def _read(response: Any) -> bytes:
    return await response.read()


_AIOHTTP_READERS: Final[Mapping[str, Callable[[Any], Awaitable[bytes]]]] = {
    "read": _read,
    "text": _text_of,
    "content.read": _content_read,
    "readline": _readline,
    "readany": _readany,
    "async for": _iterate,
    "iter_any": _iter_any,
    "iter_chunked": _iter_chunked,
    "iter_chunks": _iter_chunks,
}


def _aiohttp(read: Callable[[Any], Awaitable[bytes]], url: str, body: dict[str, Any], **options: Any) -> bytes:
    async def main() -> bytes:
        # aiohttp 3.8 raises for a line longer than twice this buffer.
        async with aiohttp.ClientSession(headers=HEADERS, read_bufsize=2**20) as session:
            given = options or {"json": body}
            async with session.post(url, **given) as response:
                return await read(response)

    return asyncio.run(main())


def _aiohttp_data(url: str, body: dict[str, Any]) -> bytes:
    return _aiohttp(_read, url, body, data=json.dumps(body), headers=[("X-Title", "")])


def _aiohttp_base_url(url: str, body: dict[str, Any]) -> bytes:
    base, path = url[: url.index("/", 8)], url[url.index("/", 8) :]

    async def main() -> bytes:
        async with aiohttp.ClientSession(base, headers=HEADERS) as session:
            response = await session.request("post", path, json=body)
            return await response.read()

    return asyncio.run(main())


def _aiohttp_compressed(url: str, body: dict[str, Any]) -> bytes:
    async def main() -> bytes:
        async with (
            aiohttp.ClientSession(headers=HEADERS, auto_decompress=False) as session,
            session.post(yarl.URL(url), json=body) as response,
        ):
            return _decompressed(response, await response.read())

    return asyncio.run(main())


_LM15_READERS: Final[Mapping[str, Callable[[Any], bytes]]] = {
    "read": lambda response: response.read(),
    "iter": b"".join,
    "iter_lines": lambda response: _lines(list(response.iter_lines())),
}


async def _lm15_aiter(response: Any) -> bytes:
    return b"".join(await _collect(response))


async def _lm15_aiter_lines(response: Any) -> bytes:
    return _lines(await _collect(response.aiter_lines()))


_LM15_ASYNC_READERS: Final[Mapping[str, Callable[[Any], Awaitable[bytes]]]] = {
    "aread": _read,
    "aiter": _lm15_aiter,
    "aiter_lines": _lm15_aiter_lines,
}


def lm15_request(url: str, body: dict[str, Any]) -> lm15.transports.TransportRequest:
    """Return a request of lm15, whose headers are pairs."""
    headers = [("Content-Type", "application/json"), *HEADERS.items()]
    return lm15.transports.TransportRequest("POST", url, headers, json.dumps(body).encode())


def _lm15(read: Callable[[Any], bytes], url: str, body: dict[str, Any]) -> bytes:
    with lm15.transports.StdlibTransport() as transport, transport.stream(lm15_request(url, body)) as response:
        return read(response)


def _lm15_async(read: Callable[[Any], Awaitable[bytes]], url: str, body: dict[str, Any]) -> bytes:
    async def main() -> bytes:
        async with (
            lm15.transports.StdlibAsyncTransport() as transport,
            transport.stream(lm15_request(url, body)) as response,
        ):
            return await read(response)

    return asyncio.run(main())


def _lm15_awaited(url: str, body: dict[str, Any]) -> bytes:
    async def main() -> bytes:
        async with lm15.transports.StdlibAsyncTransport() as transport:
            response = await transport.stream(request=lm15_request(url, body))
            return await response.read()

    return asyncio.run(main())


NON_STREAMED: Final[Mapping[str, Style]] = {
    **{f"{each} post": partial(_httpx_post, each) for each in HTTPX},
    **{f"{each} client": partial(_httpx_client, each) for each in HTTPX},
    **{f"{each} async post": partial(_httpx_async_post, each) for each in HTTPX},
    "requests post": _requests_post,
    "requests quickstart": _requests_quickstart,
    "requests prepared": _requests_prepared,
    "aiohttp data": _aiohttp_data,
    "aiohttp base_url": _aiohttp_base_url,
    "lm15 awaited": _lm15_awaited,
}
"""Styles whose library reads the body before the caller has the response, and plain ones of aiohttp and lm15."""

READ: Final[Mapping[str, Style]] = {
    **{f"{each} {name}": partial(_httpx_stream, each, read) for each in HTTPX for name, read in _HTTPX_READERS.items()},
    **{
        f"{each} {name}": partial(_httpx_async_stream, each, read)
        for each in HTTPX
        for name, read in _HTTPX_ASYNC_READERS.items()
    },
    **{f"requests {name}": partial(_requests_stream, read) for name, read in _REQUESTS_READERS.items()},
    **{f"aiohttp {name}": partial(_aiohttp, read) for name, read in _AIOHTTP_READERS.items()},
    "aiohttp compressed": _aiohttp_compressed,
    **{f"lm15 {name}": partial(_lm15, read) for name, read in _LM15_READERS.items()},
    **{f"lm15 {name}": partial(_lm15_async, read) for name, read in _LM15_ASYNC_READERS.items()},
}
"""Styles in which the caller reads the body."""

EVENTS: Final[Mapping[str, Style]] = {"httpx-sse": _httpx_sse, "httpx-sse async": _httpx_async_sse}
"""Styles that read server-sent events only."""


def outcome(style: Style, url: str, body: dict[str, Any]) -> Any:
    """Return the caller's result, or the exception's type and message."""
    try:
        return style(url, body)
    except Exception as error:  # noqa: BLE001 - any exception is an outcome
        return type(error), str(error)
