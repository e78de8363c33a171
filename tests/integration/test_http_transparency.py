"""Any bytes, cut anywhere, left anywhere: the caller of an HTTP library gets what it gets without the instrumentation."""

import asyncio
from collections.abc import AsyncIterator, Callable
from importlib import import_module
from typing import Any, Final, NamedTuple

import aiohttp
import lm15.transports
import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor

from tests.http_calling_styles import HTTPX, lm15_request
from tests.simulator import Reply, Simulator
from tests.simulator.canned_reply import Cut, Piece
from tests.telemetry import Telemetry

BODY: Final[dict[str, Any]] = {"model": "openai/gpt-4o-mini", "messages": [], "stream": True}
Reading = tuple[str, int]
"""The name of a method, and the number of pieces after which the caller leaves."""


def _take(pieces: Any, count: int) -> Any:
    """Return *count* pieces, or those before an exception, and its type."""
    taken: list[Any] = []
    try:
        for piece in pieces:
            taken.append(piece)
            if len(taken) >= count:
                break
    except Exception as error:  # noqa: BLE001 - any exception is an outcome
        return taken, type(error)
    return taken, None


async def _take_async(pieces: Any, is_enough: Callable[[list[Any]], bool]) -> Any:
    """Return the pieces until they are enough, or those before an exception, and its type."""
    taken: list[Any] = []
    try:
        async for piece in pieces:
            taken.append(piece)
            if is_enough(taken):
                break
    except Exception as error:  # noqa: BLE001 - any exception is an outcome
        return taken, type(error)
    return taken, None


def _attempt(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except Exception as error:  # noqa: BLE001 - any exception is an outcome
        return type(error)


def _httpx(library: str, url: str, reading: Reading) -> Any:
    method, count = reading
    with import_module(library).Client() as client:
        response = client.send(client.build_request("POST", url, json=BODY), stream=True)
        result = _take(getattr(response, f"iter_{method}")(), count)
        before = (response.is_closed, response.is_stream_consumed, response.num_bytes_downloaded)
        again = _attempt(response.read)
        response.close()
        connections = [repr(each) for each in client._transport._pool.connections]
        return result, before, again, response.is_closed, connections, sorted(vars(response))


def _httpx_async(library: str, url: str, reading: Reading) -> Any:
    method, count = reading

    async def main() -> Any:
        async with import_module(library).AsyncClient() as client:
            response = await client.send(client.build_request("POST", url, json=BODY), stream=True)
            result = await _take_async(getattr(response, f"aiter_{method}")(), lambda taken: len(taken) >= count)
            before = (response.is_closed, response.is_stream_consumed, response.num_bytes_downloaded)
            await response.aclose()
            connections = [repr(each) for each in client._transport._pool.connections]
            return result, before, response.is_closed, connections, sorted(vars(response))

    return asyncio.run(main())


def _requests(url: str, reading: Reading) -> Any:
    method, count = reading
    with requests.Session() as session:
        response = session.post(url, json=BODY, stream=True, timeout=30)
        raw = response.raw
        pieces: dict[str, Callable[[], Any]] = {
            "bytes": lambda: _take(response.iter_content(7), count),
            "lines": lambda: _take(response.iter_lines(), count),
            "raw": lambda: [raw.read(5) for _ in range(count)],
            "text": lambda: [response.text],
        }
        result = _attempt(pieces[method])
        before = (response._content_consumed, raw.closed, raw.tell())
        again = _attempt(lambda: response.content)
        response.close()
        adapter: Any = session.get_adapter(url)
        pools = [pool.num_connections for pool in adapter.poolmanager.pools._container.values()]
        return result, before, again, raw.closed, raw._connection is None, pools


class Arrival(NamedTuple):
    """What a caller of aiohttp got, which reads while the body arrives or when all has been received."""

    is_received: bool
    content: bytes
    error: type[BaseException] | None
    state: tuple[Any, ...] = ()
    """Of the response; empty if there is none, because the request raised."""
    exception: type | None = None
    """The exception of the reader in the end."""

    def agrees_with(self, other: "Arrival") -> bool:
        """Whether both callers got the same, however the kernel split the response.

        A broken body makes aiohttp discard what the caller has not read, and a compressed one that is broken makes the
        request raise if it arrives with the headers: how much a caller gets before depends on the moment of arrival.
        """
        has_responses = bool(self.state and other.state)
        is_broken = not self.exception is other.exception is aiohttp.ClientConnectionError
        if has_responses and (self.is_received or not is_broken):
            return self == other
        shorter, longer = sorted((self.content, other.content), key=len)
        errors = {self.error, other.error} - {None, aiohttp.ClientResponseError}
        is_same_state = not has_responses or self.state[-2:] == other.state[-2:]
        return longer.startswith(shorter) and len(errors) <= 1 and is_same_state


async def _read_aiohttp(url: str, reading: Reading, *, is_received: bool) -> Arrival:
    method, count = reading
    async with aiohttp.ClientSession() as session:
        try:
            response = await session.post(url, json=BODY)
        except aiohttp.ClientResponseError as error:
            return Arrival(is_received, b"", type(error))
        content = response.content
        connection = response.connection
        while is_received and not (content.is_eof() or content.exception()):
            if connection is None or connection.protocol is None or not connection.protocol.is_connected():
                break  # aiohttp 3.8 keeps some broken bodies open
            await asyncio.sleep(0.001)

        async def once(read: Callable[[], Any]) -> AsyncIterator[bytes]:
            yield await read()

        # A piece of `iter_chunked` is shorter if no more has arrived.
        enough = 7 * count
        taken, error = await {
            "bytes": lambda: _take_async(content.iter_chunked(7), lambda taken: len(b"".join(taken)) >= enough),
            "lines": lambda: _take_async(content, lambda taken: len(taken) >= count),
            "raw": lambda: _take_async(once(lambda: content.readexactly(count)), bool),
            "text": lambda: _take_async(once(response.read), bool),
        }[method]()
        joined = b"".join(taken)
        read = joined[:enough] if method == "bytes" else joined
        before = (response.closed, response.connection is None, type(content.exception())) if is_received else ()
        response.release()
        return Arrival(
            is_received, read, error, (before, response.closed, response.connection), type(content.exception())
        )


def _aiohttp(url: str, reading: Reading) -> Arrival:
    return asyncio.run(_read_aiohttp(url, reading, is_received=False))


def _aiohttp_received(url: str, reading: Reading) -> Arrival:
    return asyncio.run(_read_aiohttp(url, reading, is_received=True))


def _lm15(url: str, reading: Reading) -> Any:
    method, count = reading
    with lm15.transports.StdlibTransport() as transport:
        response = transport.stream(lm15_request(url, BODY))
        pieces: dict[str, Callable[[], Any]] = {
            "bytes": lambda: b"".join(response),
            "lines": lambda: _take(response.iter_lines(), count),
            "raw": lambda: next(iter(response))[:1],  # the kernel splits the pieces
            "text": response.read,
        }
        result = _attempt(pieces[method])
        before = (response._released, response._complete, transport.pool_stats())
        # What can be read of a body that was left depends on what has arrived.
        again = _attempt(response.read) if response._complete else None
        response.close()
        return result, before, again, transport.pool_stats(), sorted(vars(response))


def _lm15_async(url: str, reading: Reading) -> Any:
    method, count = reading

    async def main() -> Any:
        async with lm15.transports.StdlibAsyncTransport() as transport:
            response = await transport.stream(lm15_request(url, BODY))
            if method == "text":
                result: Any = await _take_async(response, lambda _: False)
                result = b"".join(result[0]), result[1]
            elif method == "lines":
                result = await _take_async(response.aiter_lines(), lambda taken: len(taken) >= count)
            else:  # the kernel splits the pieces
                taken, error = await _take_async(response, bool)
                result = b"".join(taken)[:1], error
            before = (response._released, response._complete, transport.pool_stats())
            await response.aclose()
            return result, before, transport.pool_stats(), sorted(vars(response))

    return asyncio.run(main())


CALLERS: Final[dict[str, Callable[[str, Reading], Any]]] = {
    **{each: lambda *given, each=each: _httpx(each, *given) for each in HTTPX},
    **{f"{each} async": lambda *given, each=each: _httpx_async(each, *given) for each in HTTPX},
    "requests": _requests,
    "aiohttp": _aiohttp,
    "aiohttp received": _aiohttp_received,
    "lm15": lambda *given: _attempt(lambda: _lm15(*given)),
    "lm15 async": lambda *given: _attempt(lambda: _lm15_async(*given)),
}

_EVENTS: Final = st.sampled_from(
    [
        b": comment\n\n",
        b'data: {"choices": [{"delta": {"content": "a"}}]}\n\n',
        b"data: [DONE]\n\n",
        b'data: {"error"',
        b"\r\n",
    ]
)
_PIECES: Final = st.lists(st.one_of(_EVENTS, st.binary(min_size=1, max_size=30)), min_size=1, max_size=5)


@pytest.mark.parametrize("caller", CALLERS)
@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    pieces=_PIECES,
    is_cut=st.booleans(),
    status=st.sampled_from([200, 200, 429]),
    content_type=st.sampled_from(["text/event-stream", "application/json", "audio/mpeg"]),
    encoding=st.sampled_from(["", "", "gzip", "deflate"]),
    method=st.sampled_from(["bytes", "lines", "raw", "text"]),
    count=st.integers(1, 4),
)
def test_any_bytes(
    telemetry: Telemetry,
    openrouter: Simulator,
    caller: str,
    pieces: list[bytes],
    is_cut: bool,
    status: int,
    content_type: str,
    encoding: str,
    method: str,
    count: int,
) -> None:
    """Bytes, exceptions, and the state of the response and its connection are equal; the span always ends."""
    body: list[Piece] = [*pieces, *([Cut()] if is_cut else [])]
    headers = {"content-encoding": encoding} if encoding else {}
    openrouter.verbatim["any"] = Reply(body, content_type, status, headers)
    url = openrouter.base_url("any") + "/chat/completions"
    telemetry.exporter.clear()
    OpenRouterInstrumentor().uninstrument()
    expected = CALLERS[caller](url, (method, count))
    assert not telemetry.raw_spans
    telemetry.instrument([openrouter.url])
    outcome = CALLERS[caller](url, (method, count))
    assert outcome == expected or (isinstance(outcome, Arrival) and outcome.agrees_with(expected))
    assert telemetry.one_span()
