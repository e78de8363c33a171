"""Any JSON, any division into pieces, any encoding, any interruption: the caller of an HTTP library notices no difference.

The responses of httpx, httpx2 and requests are made in this process; aiohttp reads from a socket. `test_http_transparency`
has bytes that are no events and no JSON.
"""

import asyncio
import gzip
import itertools
import json
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final

import aiohttp
import brotli  # pyright: ignore[reportMissingTypeStubs] - it has none
import pytest
import requests
import urllib3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry import context as otel_context
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from requests.adapters import BaseAdapter, HTTPAdapter

from tests.http_calling_styles import HTTPX
from tests.json_strategies import bodies
from tests.raw_server import Connection, RawServer
from tests.simulator import CANNED_REPLIES, Chat
from tests.simulator.canned_reply import Endpoint
from tests.simulator.messages import Messages
from tests.telemetry import Telemetry, span_data

URL: Final = "https://openrouter.ai/api/v1"
REQUEST: Final[dict[str, Any]] = {"model": "openai/gpt-4o-mini", "messages": [], "stream": True}
EVENTS: Final = "text/event-stream"


@dataclass(frozen=True)
class Wire:
    """A response on the wire."""

    pieces: list[bytes]
    content_type: str = EVENTS
    encoding: str = ""
    status: int = 200
    error: Callable[[], BaseException] | None = None
    """Raised when the pieces have been read."""
    request: Mapping[str, Any] = field(default_factory=lambda: REQUEST)
    path: str = "/chat/completions"

    @property
    def sent(self) -> bytes:
        """Return the body of the request: of the JSON that Python can write, more than httpx encodes itself."""
        return json.dumps(self.request).encode()

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers, with the encoding if there is one."""
        return {"content-type": self.content_type, **({"content-encoding": self.encoding} if self.encoding else {})}

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces and raise the error."""
        yield from self.pieces
        if self.error is not None:
            raise self.error()

    def close(self) -> None:
        """Do nothing: httpx closes its streams."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the pieces, each in another step of the event loop."""
        for piece in self:
            await asyncio.sleep(0)
            yield piece

    async def aclose(self) -> None:
        """Do nothing, as above."""


Caller = Callable[[Wire, str], Any]
"""Takes the response and the name of a way of reading, and returns all that its caller observes."""


def _read(wire: Wire, pieces: Iterator[Any], sent: list[bytes]) -> Any:
    """Return the pieces before an exception, the exception, and the body that was sent."""
    taken: list[Any] = []
    try:
        taken.extend(pieces)
    except BaseException as error:  # noqa: BLE001 - any exception is an outcome
        return taken, type(error), str(error), sent
    return taken, None, wire.status, sent


def _httpx(library: str) -> Caller:
    module = import_module(library)

    def call(wire: Wire, way: str) -> Any:
        sent: list[bytes] = []

        class Stream(module.SyncByteStream):
            __iter__, close = wire.__iter__, wire.close

        def respond(request: Any) -> Any:
            sent.append(request.content)
            return module.Response(wire.status, headers=wire.headers, stream=Stream())

        def pieces() -> Iterator[Any]:
            with module.Client(transport=module.MockTransport(respond)) as client:
                if way == "whole":
                    yield client.post(URL + wire.path, content=wire.sent).content
                    return
                with client.stream("POST", URL + wire.path, content=wire.sent) as response:
                    yield from getattr(response, f"iter_{way}")()

        return _read(wire, pieces(), sent)

    return call


def _httpx_async(library: str) -> Caller:
    module = import_module(library)

    def call(wire: Wire, way: str) -> Any:
        sent: list[bytes] = []
        taken: list[Any] = []

        async def main() -> None:
            async for piece in _httpx_pieces(module, wire, way, sent):
                taken.append(piece)  # noqa: PERF401 - those before an exception are compared

        try:
            asyncio.run(main())
        except BaseException as error:  # noqa: BLE001 - any exception is an outcome
            return taken, type(error), str(error), sent
        return taken, None, wire.status, sent

    return call


async def _httpx_pieces(module: Any, wire: Wire, way: str, sent: list[bytes]) -> AsyncIterator[Any]:
    class Stream(module.AsyncByteStream):
        __aiter__, aclose = wire.__aiter__, wire.aclose

    async def respond(request: Any) -> Any:
        await asyncio.sleep(0)
        sent.append(request.content)
        return module.Response(wire.status, headers=wire.headers, stream=Stream())

    async with module.AsyncClient(transport=module.MockTransport(respond)) as client:
        if way == "whole":
            yield (await client.post(URL + wire.path, content=wire.sent)).content
            return
        async with client.stream("POST", URL + wire.path, content=wire.sent) as response:
            async for piece in getattr(response, f"aiter_{way}")():
                yield piece


class File:
    """What urllib3 reads: a file that returns pieces, and an exception in place of the end."""

    closed = False

    def __init__(self, wire: Wire) -> None:
        self._pieces, self._rest = iter(wire), b""

    def read(self, amt: int | None = None) -> bytes:
        """Return at most *amt* bytes of the next piece."""
        if amt is None:
            return self._rest + b"".join(self._pieces)
        self._rest = self._rest or next(self._pieces, b"")
        piece, self._rest = self._rest[:amt], self._rest[amt:]
        return piece

    def close(self) -> None:
        """Note that the file is closed."""
        self.closed = True


class Adapter(BaseAdapter):
    """Responds without a connection."""

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self._wire = wire
        self.sent: list[Any] = []

    def send(self, request: Any, **_: Any) -> Any:  # type: ignore[override] - the other arguments are not used
        """Return a response whose body has not been read."""
        self.sent.append(request.body)
        body: Any = File(self._wire)
        raw = urllib3.HTTPResponse(body, self._wire.headers, self._wire.status, preload_content=False)
        return HTTPAdapter().build_response(request, raw)

    def close(self) -> None:
        """Do nothing: there is no connection."""


def _requests(wire: Wire, way: str) -> Any:
    adapter = Adapter(wire)
    ways: dict[str, Callable[[Any], Any]] = {
        "bytes": lambda response: response.iter_content(7),
        "lines": lambda response: response.iter_lines(),
        "raw": lambda response: response.raw.stream(9),
        "text": lambda response: [response.text],
        "whole": lambda response: [response.content],
    }

    def pieces() -> Iterator[Any]:
        with requests.Session() as session:
            session.trust_env = False
            session.mount(URL, adapter)
            with session.post(URL + wire.path, data=wire.sent, stream=way != "whole") as response:
                yield from ways[way](response)

    return _read(wire, pieces(), adapter.sent)


CALLERS: Final[dict[str, Caller]] = {
    **{name: _httpx(name) for name in HTTPX},
    **{f"{name} async": _httpx_async(name) for name in HTTPX},
    "requests": _requests,
}
WAYS: Final = ("bytes", "lines", "raw", "text", "whole")
ENCODE: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
}


def _streamed(name: str, endpoint: Endpoint) -> bytes:
    pieces = CANNED_REPLIES[name].reply(endpoint, stream=True).pieces
    return b"".join(piece for piece in pieces if isinstance(piece, bytes))


STREAMS: Final[dict[str, bytes]] = {
    "/chat/completions": _streamed("every_part", Chat()),
    "/messages": _streamed("every_part", Messages()),
}
ERRORS: Final = {"/chat/completions": _streamed("error_in_stream", Chat()), "/messages": _streamed("hello", Messages())}
PROPERTY: Final = settings(
    max_examples=15,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
SIZES: Final = st.lists(st.integers(1, 200), min_size=1, max_size=6)


def _cut(content: bytes, sizes: list[int]) -> list[bytes]:
    """Cut *content* into pieces of these sizes, which are repeated."""
    pieces: list[bytes] = []
    for size in itertools.cycle(sizes):
        if not content:
            return pieces
        pieces.append(content[:size])
        content = content[size:]
    raise AssertionError


def _compared(telemetry: Telemetry, caller: Caller, wire: Wire, way: str, base_urls: tuple[str, ...] = ()) -> Any:
    """Call without and with the instrumentation, compare what the caller observes, and return the span."""
    OpenRouterInstrumentor().uninstrument()
    telemetry.exporter.clear()
    expected = caller(wire, way)
    assert not telemetry.raw_spans
    telemetry.instrument(base_urls, capture_content="span_only")
    before = otel_context.get_current()
    assert caller(wire, way) == expected
    assert otel_context.get_current() == before
    return telemetry.one_span()


@pytest.mark.parametrize("caller", CALLERS)
@PROPERTY
@given(
    request=bodies,
    response=bodies | st.lists(bodies, max_size=2) | st.none(),
    status=st.sampled_from([200, 200, 201, 402, 429, 529]),
    way=st.sampled_from(WAYS),
    path=st.sampled_from(["/chat/completions", "/messages", "/responses", "/embeddings", "/rerank", "/audio/speech"]),
)
def test_any_json(
    telemetry: Telemetry, caller: str, request: dict[str, Any], response: Any, status: int, way: str, path: str
) -> None:
    """The bodies of request and response may be any JSON."""
    content = json.dumps(response).encode()
    _compared(telemetry, CALLERS[caller], Wire([content], "application/json", "", status, None, request, path), way)


@pytest.mark.parametrize("caller", CALLERS)
@PROPERTY
@given(events=st.lists(bodies, max_size=4), done=st.booleans(), sizes=SIZES, way=st.sampled_from(WAYS))
def test_any_events(
    telemetry: Telemetry, caller: str, events: list[dict[str, Any]], done: bool, sizes: list[int], way: str
) -> None:
    """The events of a stream may be any JSON."""
    content = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
    _compared(telemetry, CALLERS[caller], Wire(_cut(content + b"data: [DONE]\n\n" * done, sizes)), way)


@pytest.mark.parametrize("caller", CALLERS)
@PROPERTY
@given(
    path=st.sampled_from(sorted(STREAMS)),
    encoding=st.sampled_from(sorted(ENCODE)),
    sizes=SIZES,
    way=st.sampled_from(WAYS),
)
def test_any_chunking(telemetry: Telemetry, caller: str, path: str, encoding: str, sizes: list[int], way: str) -> None:
    """The span does not depend on how the network divides a stream, nor on its encoding."""
    encoded = ENCODE[encoding](STREAMS[path])
    wire = Wire(_cut(encoded, sizes), encoding=encoding, path=path)
    span = span_data(_compared(telemetry, CALLERS[caller], wire, way))
    assert span["status"] == "UNSET"
    assert "gen_ai.output.messages" in span["attributes"]
    assert span == span_data(_compared(telemetry, CALLERS[caller], Wire([STREAMS[path]], path=path), way))


RAISED: Final[list[Callable[[], BaseException]]] = [ConnectionError, TimeoutError, KeyboardInterrupt, MemoryError]


@pytest.mark.parametrize("caller", CALLERS)
@PROPERTY
@given(
    path=st.sampled_from(sorted(ERRORS)),
    encoding=st.sampled_from(sorted(ENCODE)),
    sizes=SIZES,
    at=st.integers(0, 2000),
    error=st.none() | st.sampled_from(RAISED),
    way=st.sampled_from(WAYS),
)
def test_any_end(
    telemetry: Telemetry,
    caller: str,
    path: str,
    encoding: str,
    sizes: list[int],
    at: int,
    error: Callable[[], BaseException] | None,
    way: str,
) -> None:
    """A stream may end or fail at any byte, in any encoding."""
    content = ENCODE[encoding](ERRORS[path])
    wire = Wire(_cut(content[:at], sizes), encoding=encoding, error=error, path=path)
    _compared(telemetry, CALLERS[caller], wire, way)


@pytest.mark.parametrize("library", HTTPX)
@PROPERTY
@given(sizes=SIZES, step=st.integers(3, 40), way=st.sampled_from(WAYS))
def test_any_cancellation(telemetry: Telemetry, library: str, sizes: list[int], step: int, way: str) -> None:
    """A task that is cancelled at any step of the event loop ends as without the instrumentation."""

    def cancelled(wire: Wire, way: str) -> Any:
        taken: list[Any] = []
        sent: list[bytes] = []

        async def read() -> None:
            async for piece in _httpx_pieces(import_module(library), wire, way, sent):
                taken.append(piece)  # noqa: PERF401 - those before the cancellation are compared

        async def main() -> Any:
            task = asyncio.create_task(read())
            for _ in range(step):
                await asyncio.sleep(0)
            requested = task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return requested, task.cancelled(), taken, sent

        return asyncio.run(main())

    _compared(telemetry, cancelled, Wire(_cut(STREAMS["/chat/completions"], sizes)), way)


@pytest.mark.parametrize("is_cancelled", [False, True])
@settings(PROPERTY, max_examples=8)
@given(
    encoding=st.sampled_from(sorted(ENCODE)),
    size=st.integers(20, 400),
    way=st.sampled_from(["read", "readline", "iter_chunked"]),
    count=st.integers(0, 6),
)
def test_aiohttp(telemetry: Telemetry, is_cancelled: bool, encoding: str, size: int, way: str, count: int) -> None:
    """aiohttp: any division into pieces, any encoding; a task is cancelled when it waits after a number of pieces."""
    content = ENCODE[encoding](STREAMS["/chat/completions"])
    pieces = _cut(content, [size])
    sent = pieces[:count] if is_cancelled else pieces

    def handle(connection: Connection) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n"
        encoded = f"Content-Encoding: {encoding}\r\n".encode() if encoding else b""
        connection.send(head + encoded + b"\r\n")
        for piece in sent:
            connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        if is_cancelled:
            connection.wait_for_hangup()
        else:
            connection.send(b"0\r\n\r\n")

    with RawServer(handle).running() as server:

        def call(wire: Wire, way: str) -> Any:
            return asyncio.run(_read_aiohttp(server.url, wire, way, sum(map(len, sent)) if is_cancelled else None))

        span = span_data(_compared(telemetry, call, Wire(sent), way, (server.url,)))
    if not is_cancelled:
        assert "gen_ai.output.messages" in span["attributes"]


async def _read_aiohttp(url: str, wire: Wire, way: str, cancel_at: int | None) -> Any:
    """Return what was read; cancel when all that the server sends has arrived."""
    taken: list[bytes] = []

    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/api/v1{wire.path}", json=wire.request) as response,
    ):

        async def read() -> None:
            if way == "read":
                taken.append(await response.read())
            elif way == "readline":
                while line := await response.content.readline():
                    taken.append(line)
            else:
                async for piece in response.content.iter_chunked(7):
                    taken.append(piece)  # noqa: PERF401 - those before the cancellation are compared

        task = asyncio.create_task(read())
        if cancel_at is not None:
            # All has arrived when nothing more is read for some steps: the server is on this machine.
            previous, still = -1, 0
            while still < 20:  # steps of the event loop
                await asyncio.sleep(0.0005)
                now = response.content.total_bytes
                still = still + 1 if now == previous else 0
                previous = now
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return b"".join(taken), task.cancelled(), response.status
