"""How a call of an HTTP library ends: read in any encoding, left, dropped, cancelled, cut, refused, redirected, retried."""

import asyncio
import gc
import gzip
import io
import json
import pickle
import urllib.request
import zlib
from collections.abc import Awaitable, Callable, Iterator
from importlib import import_module
from typing import Any, Final

import aiohttp
import brotli  # pyright: ignore[reportMissingTypeStubs] - it has none
import httpx
import lm15.transports
import pytest
import requests
import urllib3
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._clients.drop_watcher import WATCHER
from opentelemetry.instrumentation.openrouter._clients.open_responses import OpenResponse
from requests.adapters import HTTPAdapter

from tests.http_calling_styles import EVENTS, HEADERS, HTTPX, NON_STREAMED, READ, Style, lm15_request, outcome
from tests.simulator import Reply, Simulator
from tests.simulator.canned_reply import Pause
from tests.telemetry import Telemetry

MESSAGES: Final = [{"role": "user", "content": "Say hello."}]
PLAIN: Final[dict[str, Any]] = {"model": "openai/gpt-4o-mini", "messages": MESSAGES}
STREAM: Final[dict[str, Any]] = {**PLAIN, "stream": True}
COST: Final = 0.00014
Url = Callable[[str], str]


@pytest.fixture
def url(openrouter: Simulator) -> Url:
    return lambda scenario: openrouter.base_url(scenario) + "/chat/completions"


def _ends(telemetry: Telemetry) -> tuple[Any, ...]:
    """Return cost, error type and cancellation of the only span."""
    telemetry.tracer_provider.force_flush()  # ends the calls of dropped responses
    attributes = telemetry.one_span().attributes or {}
    return tuple(attributes.get(name) for name in ("gen_ai.usage.cost", "error.type", "openrouter.stream.cancelled"))


def _encoded(openrouter: Simulator, encoding: str, *, streamed: bool) -> str:
    """Add a reply in a content encoding to the simulator; return its scenario."""
    compress = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress}[encoding]
    source = openrouter.base_url("hello") + "/chat/completions"
    body = json.dumps(STREAM if streamed else PLAIN).encode()
    with urllib.request.urlopen(source, body) as response:
        content = compress(response.read())
    content_type = "text/event-stream" if streamed else "application/json"
    name = f"{encoding}-{streamed}"
    openrouter.verbatim[name] = Reply(
        [content[:50], content[50:]], content_type, headers={"content-encoding": encoding}
    )
    return name


@pytest.mark.parametrize("style", [name for name in READ if name.endswith((" read", " aread"))])
@pytest.mark.parametrize("body", [PLAIN, STREAM], ids=["plain", "stream"])
def test_read_that_the_watcher_interrupts(
    telemetry: Telemetry, url: Url, monkeypatch: pytest.MonkeyPatch, style: str, body: dict[str, Any]
) -> None:
    """`read` has dropped its iterator when it reports the body: the thread for dropped responses does not end the call."""
    report = OpenResponse.read

    def read(opened: OpenResponse, content: bytes) -> None:
        WATCHER.end_dropped()
        report(opened, content)

    monkeypatch.setattr(OpenResponse, "read", read)
    outcome(READ[style], url("hello"), body)
    assert _ends(telemetry) == (COST, None, None)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("style", {**NON_STREAMED, **READ, **EVENTS})
def test_every_way_of_reading(
    telemetry: Telemetry, openrouter: Simulator, url: Url, encoding: str, streamed: bool, style: str
) -> None:
    """A body is read in each way, in each encoding, whether the caller decompresses it or the library."""
    if (style in EVENTS and not streamed) or (style.startswith("lm15") and encoding == "br"):
        return  # lm15 refuses Brotli
    scenario = _encoded(openrouter, encoding, streamed=streamed)
    call: Style = {**NON_STREAMED, **READ, **EVENTS}[style]
    result = outcome(call, url(scenario), STREAM if streamed else PLAIN)
    assert _ends(telemetry) == (COST, None, None)
    OpenRouterInstrumentor().uninstrument()
    assert outcome(call, url(scenario), STREAM if streamed else PLAIN) == result


def test_unknown_encoding(telemetry: Telemetry, openrouter: Simulator, url: Url) -> None:
    """A body that cannot be decompressed leaves the data of the headers."""
    openrouter.verbatim["zstd"] = Reply([b"?"], headers={"content-encoding": "zstd", "x-generation-id": "gen-1"})
    with httpx.stream("POST", url("zstd"), json=PLAIN) as response:
        assert b"".join(response.iter_raw()) == b"?"
    assert (telemetry.one_span().attributes or {})["gen_ai.response.id"] == "gen-1"


# Ways of leaving a response before its end; each takes a URL and a body.
def _httpx_break(library: str, target: str, body: dict[str, Any]) -> Any:
    with import_module(library).stream("POST", target, json=body, headers=HEADERS) as response:
        return next(response.iter_lines())


def _httpx_unread(library: str, target: str, body: dict[str, Any]) -> Any:
    with import_module(library).stream("POST", target, json=body, headers=HEADERS) as response:
        return response.status_code


def _httpx_close(library: str, target: str, body: dict[str, Any]) -> Any:
    with import_module(library).Client() as client:
        response = client.send(client.build_request("POST", target, json=body, headers=HEADERS), stream=True)
        lines = response.iter_lines()
        first = next(lines)
        response.close()
        return first


def _httpx_async_break(library: str, target: str, body: dict[str, Any]) -> Any:
    async def main() -> Any:
        async with (
            import_module(library).AsyncClient() as client,
            client.stream("POST", target, json=body, headers=HEADERS) as response,
        ):
            return await anext(response.aiter_lines())

    return asyncio.run(main())


def _requests_break(target: str, body: dict[str, Any]) -> Any:
    with requests.post(target, json=body, headers=HEADERS, stream=True, timeout=30) as response:
        return next(response.iter_lines())


def _requests_unread(target: str, body: dict[str, Any]) -> Any:
    response = requests.post(target, json=body, headers=HEADERS, stream=True, timeout=30)
    response.close()
    return response.status_code


def _requests_drop(target: str, body: dict[str, Any]) -> Any:
    return next(requests.post(target, json=body, headers=HEADERS, stream=True, timeout=30).iter_lines())


def _requests_drop_all_but_raw(target: str, body: dict[str, Any]) -> Any:
    raw = requests.post(target, json=body, headers=HEADERS, stream=True, timeout=30).raw
    gc.collect()
    first = raw.read(3)
    raw.close()
    return first


def _aiohttp_left(leave: Callable[[Any], Any]) -> Style:
    def style(target: str, body: dict[str, Any]) -> Any:
        async def main() -> Any:
            async with aiohttp.ClientSession() as session:
                response = await session.post(target, json=body, headers=HEADERS)
                first = await response.content.readline()
                leave(response)
                return first

        return asyncio.run(main())

    return style


def _aiohttp_drop(target: str, body: dict[str, Any]) -> Any:
    async def main() -> Any:
        async with aiohttp.ClientSession() as session:
            response = await session.post(target, json=body, headers=HEADERS)
            first = await response.content.readline()
            del response
            gc.collect()
            return first

    return asyncio.run(main())


def _aiohttp_with(target: str, body: dict[str, Any]) -> Any:
    async def main() -> Any:
        async with aiohttp.ClientSession() as session, session.post(target, json=body, headers=HEADERS) as response:
            return await anext(response.content.__aiter__())

    return asyncio.run(main())


def _lm15_break(target: str, body: dict[str, Any]) -> Any:
    with lm15.transports.StdlibTransport() as transport, transport.stream(lm15_request(target, body)) as response:
        return next(response.iter_lines())


def _lm15_unread(target: str, body: dict[str, Any]) -> Any:
    with lm15.transports.StdlibTransport() as transport, transport.stream(lm15_request(target, body)) as response:
        return response.status


def _lm15_close(target: str, body: dict[str, Any]) -> Any:
    with lm15.transports.StdlibTransport() as transport:
        response = transport.stream(lm15_request(target, body))
        lines = response.iter_lines()
        first = next(lines)
        response.close()
        return first


def _lm15_drop_lines(target: str, body: dict[str, Any]) -> Any:
    with lm15.transports.StdlibTransport() as transport:
        return next(transport.stream(lm15_request(target, body)).iter_lines())


def _lm15_drop(target: str, body: dict[str, Any]) -> Any:
    with lm15.transports.StdlibTransport() as transport:
        return transport.stream(lm15_request(target, body)).status


def _lm15_async_left(read: Callable[[Any], Awaitable[Any]]) -> Style:
    def style(target: str, body: dict[str, Any]) -> Any:
        async def main() -> Any:
            async with (
                lm15.transports.StdlibAsyncTransport() as transport,
                transport.stream(lm15_request(target, body)) as response,
            ):
                return await read(response)

        return asyncio.run(main())

    return style


async def _status(response: Any) -> Any:
    return response.status


async def _first_line(response: Any) -> Any:
    return await anext(response.aiter_lines())


LEFT: Final[dict[str, Style]] = {
    **{f"{each} break": lambda *given, each=each: _httpx_break(each, *given) for each in HTTPX},
    **{f"{each} unread": lambda *given, each=each: _httpx_unread(each, *given) for each in HTTPX},
    **{f"{each} close": lambda *given, each=each: _httpx_close(each, *given) for each in HTTPX},
    **{f"{each} async break": lambda *given, each=each: _httpx_async_break(each, *given) for each in HTTPX},
    "requests break": _requests_break,
    "requests unread": _requests_unread,
    "requests drop": _requests_drop,
    "requests drop all but raw": _requests_drop_all_but_raw,
    "aiohttp with": _aiohttp_with,
    "aiohttp close": _aiohttp_left(lambda response: response.close()),
    "aiohttp release": _aiohttp_left(lambda response: response.release()),
    "aiohttp drop": _aiohttp_drop,
    "lm15 break": _lm15_break,
    "lm15 unread": _lm15_unread,
    "lm15 close": _lm15_close,
    "lm15 drop": _lm15_drop,
    "lm15 drop lines": _lm15_drop_lines,
    "lm15 async break": _lm15_async_left(_first_line),
    "lm15 async unread": _lm15_async_left(_status),
}


@pytest.mark.filterwarnings("ignore:Unclosed connection:ResourceWarning")
@pytest.mark.parametrize("style", LEFT)
@pytest.mark.parametrize("body", [PLAIN, STREAM], ids=["plain", "stream"])
def test_left(telemetry: Telemetry, url: Url, style: str, body: dict[str, Any]) -> None:
    """A response that the caller leaves ends its call, without a cost, as cancelled."""
    scenario = "slow" if body is STREAM else "long"
    if body is PLAIN and not (style.endswith("unread") or style == "lm15 drop"):
        return  # one line is the whole body
    result = outcome(LEFT[style], url(scenario), body)
    assert not isinstance(result, tuple), result
    gc.collect()
    assert _ends(telemetry) == (None, None, True)
    OpenRouterInstrumentor().uninstrument()
    assert outcome(LEFT[style], url(scenario), body) == result


@pytest.mark.parametrize("style", {**READ})
@pytest.mark.parametrize(
    ("scenario", "streamed", "expected"),
    [
        ("cut", True, (None, "connection", None)),
        ("error_in_stream", True, (COST, "provider_unavailable", None)),
        ("rate_limited", True, (None, "rate_limit_exceeded", None)),
        ("cut_body", False, (None, "connection", None)),
        ("empty_stream", True, (None, "empty_response", None)),
    ],
)
def test_failed(
    telemetry: Telemetry,
    openrouter: Simulator,
    url: Url,
    style: str,
    scenario: str,
    streamed: bool,
    expected: tuple[Any, ...],
) -> None:
    """A stream or a body that fails has the error of the wire, and the caller the library's own exception."""
    openrouter.verbatim["cut_body"] = Reply([b'{"id": "gen-1",'], headers={"content-length": "99"})
    body = STREAM if streamed else PLAIN
    result = outcome(READ[style], url(scenario), body)
    if scenario == "cut_body" and isinstance(result, bytes):  # urllib3 1.26 raises nothing for a body that is too short
        expected = (None, "invalid_response", None)
    assert _ends(telemetry) == expected
    OpenRouterInstrumentor().uninstrument()
    assert _unnumbered(outcome(READ[style], url(scenario), body)) == _unnumbered(result)


def _unnumbered(result: Any) -> Any:
    """Return an outcome without the ids that some exceptions print."""
    return result[0] if isinstance(result, tuple) else result


async def _httpx_cancelled(library: str, target: str, body: dict[str, Any]) -> Any:
    async with import_module(library).AsyncClient() as client, client.stream("POST", target, json=body) as response:
        async for _ in response.aiter_lines():
            pass


async def _httpx_post_cancelled(library: str, target: str, body: dict[str, Any]) -> Any:
    async with import_module(library).AsyncClient() as client:
        await client.post(target, json=body)


async def _aiohttp_cancelled(target: str, body: dict[str, Any]) -> Any:
    async with aiohttp.ClientSession() as session, session.post(target, json=body) as response:
        async for _ in response.content:
            pass


async def _aiohttp_read_cancelled(target: str, body: dict[str, Any]) -> Any:
    async with aiohttp.ClientSession() as session:
        await (await session.post(target, json=body)).read()


async def _lm15_cancelled(target: str, body: dict[str, Any]) -> Any:
    transport = lm15.transports.StdlibAsyncTransport()
    async with transport, transport.stream(lm15_request(target, body)) as response:
        async for _ in response:
            pass


CANCELLED: Final[dict[str, Callable[[str, dict[str, Any]], Awaitable[Any]]]] = {
    **{f"{each} stream": lambda *given, each=each: _httpx_cancelled(each, *given) for each in HTTPX},
    **{f"{each} post": lambda *given, each=each: _httpx_post_cancelled(each, *given) for each in HTTPX},
    "aiohttp stream": _aiohttp_cancelled,
    "aiohttp read": _aiohttp_read_cancelled,
    "lm15 stream": _lm15_cancelled,
}


@pytest.mark.parametrize("style", CANCELLED)
def test_cancelled(telemetry: Telemetry, url: Url, style: str) -> None:
    """A task that is cancelled while it sends or reads."""

    async def main() -> None:
        task = asyncio.ensure_future(CANCELLED[style](url("slow"), STREAM))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    ends = _ends(telemetry)
    assert ends[:2] == (None, "cancelled")


def test_read_goes_on_after_a_timeout_of_the_caller(telemetry: Telemetry, url: Url) -> None:
    """aiohttp: a read that the caller cancels does not end the call, because it may read on."""

    async def main() -> int:
        count = 0
        async with aiohttp.ClientSession() as session, session.post(url("slow"), json=STREAM) as response:
            while True:
                try:
                    line = await asyncio.wait_for(response.content.readline(), 0.01)
                except asyncio.TimeoutError:
                    count += 1
                    continue
                if not line:
                    return count

    assert asyncio.run(main())
    assert _ends(telemetry) == (COST, None, None)


TIMED_OUT: Final[dict[str, Style]] = {
    **{
        f"{each} post": lambda target, body, each=each: import_module(each).post(target, json=body, timeout=0.2)
        for each in HTTPX
    },
    "httpx stream": lambda *given: _httpx_timeout(*given),  # noqa: PLW0108 - it is defined below
    "requests post": lambda target, body: requests.post(target, json=body, timeout=0.2),
    "requests stream": lambda target, body: list(
        requests.post(target, json=body, timeout=0.2, stream=True).iter_lines()
    ),
    "lm15": lambda target, body: (
        lm15.transports.StdlibTransport(read_timeout=0.2).stream(lm15_request(target, body)).read()
    ),
    "lm15 async": lambda target, body: _lm15_timeout(target, body),  # noqa: PLW0108 - it is defined below
    "aiohttp total": lambda target, body: _aiohttp_timeout(target, body, aiohttp.ClientTimeout(total=0.2)),
    "aiohttp socket": lambda target, body: _aiohttp_timeout(target, body, aiohttp.ClientTimeout(sock_read=0.2)),
}


def _httpx_timeout(target: str, body: dict[str, Any]) -> Any:
    with httpx.stream("POST", target, json=body, timeout=0.2) as response:
        return response.read()


def _lm15_timeout(target: str, body: dict[str, Any]) -> Any:
    async def main() -> Any:
        transport = lm15.transports.StdlibAsyncTransport(read_timeout=0.2)
        async with transport, transport.stream(lm15_request(target, body)) as response:
            return await response.read()

    return asyncio.run(main())


def _aiohttp_timeout(target: str, body: dict[str, Any], timeout: aiohttp.ClientTimeout) -> Any:
    async def main() -> Any:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.post(target, json=body) as response:
            return await response.read()

    return asyncio.run(main())


@pytest.mark.parametrize("style", TIMED_OUT)
@pytest.mark.parametrize("scenario", ["hanging", "hanging_later"])
def test_timeout(telemetry: Telemetry, openrouter: Simulator, url: Url, style: str, scenario: str) -> None:
    """A timeout of the library before or after the first byte of the body."""
    openrouter.verbatim["hanging_later"] = Reply([b": OPENROUTER PROCESSING\n\n", Pause(20)], "text/event-stream")
    result = outcome(TIMED_OUT[style], url(scenario), STREAM)
    assert isinstance(result, tuple), result
    assert _ends(telemetry)[:2] == (None, "timeout")


REFUSED: Final[dict[str, Style]] = {
    name: style
    for name, style in {**NON_STREAMED, **READ}.items()
    if name.endswith("post") or name in ("requests content", "aiohttp read", "lm15 read", "lm15 aread")
}


@pytest.mark.parametrize("style", REFUSED)
def test_refused(telemetry: Telemetry, style: str) -> None:
    """A connection that is refused."""
    telemetry.reinstrument(["http://127.0.0.1:9"])
    result = outcome(REFUSED[style], "http://127.0.0.1:9/api/v1/chat/completions", PLAIN)
    assert isinstance(result, tuple)
    assert _ends(telemetry) == (None, "connection", None)


@pytest.mark.parametrize("style", {**NON_STREAMED, **READ})
def test_redirect(telemetry: Telemetry, openrouter: Simulator, url: Url, style: str) -> None:
    """A redirect that the library follows is part of the call; one that it returns ends it."""
    openrouter.verbatim["redirect"] = Reply([b""], status=307, headers={"location": url("hello")})
    outcome({**NON_STREAMED, **READ}[style], url("redirect"), PLAIN)
    follows = not style.startswith(("httpx", "lm15"))
    assert _ends(telemetry) == (COST if follows else None, None, None)


def test_httpx_follows_redirects(telemetry: Telemetry, openrouter: Simulator, url: Url) -> None:
    """A redirect that httpx is asked to follow."""
    openrouter.verbatim["redirect"] = Reply([b""], status=307, headers={"location": url("hello")})
    assert httpx.post(url("redirect"), json=PLAIN, follow_redirects=True).json()["id"]
    assert _ends(telemetry) == (COST, None, None)


def test_retries(telemetry: Telemetry, openrouter: Simulator, url: Url) -> None:
    """A retry by the caller is a call of its own; one by urllib3 is part of its call."""
    busy, hello = Reply([b'{"error":{"message":"busy","code":503}}'], status=503), None
    hello = Reply([requests.post(url("hello"), json=PLAIN, timeout=30).content])
    telemetry.exporter.clear()
    openrouter.verbatim["flaky"] = [busy, hello]
    while requests.post(url("flaky"), json=PLAIN, timeout=30).status_code != 200:
        pass
    found = [(span.attributes or {}).get("error.type") for span in telemetry.raw_spans]
    assert found == ["provider_unavailable", None]
    telemetry.exporter.clear()
    openrouter.verbatim["flaky"] = [busy, hello]
    with requests.Session() as session:
        retry = urllib3.Retry(2, status_forcelist=[503], allowed_methods=None, backoff_factor=0)
        session.mount("http://", HTTPAdapter(max_retries=retry))
        assert session.post(url("flaky"), json=PLAIN).ok
    assert _ends(telemetry) == (COST, None, None)


def _raise_for_status(response: Any, **_: Any) -> None:
    response.raise_for_status()


def _aiohttp_raising(target: str, body: dict[str, Any]) -> Any:
    async def main() -> Any:
        async with aiohttp.ClientSession(raise_for_status=True) as session:
            await session.post(target, json=body)

    return asyncio.run(main())


RAISING: Final[dict[str, Style]] = {
    "httpx": lambda target, body: httpx.Client(event_hooks={"response": [_raise_for_status]}).post(target, json=body),
    "httpx read": lambda target, body: httpx.Client(
        event_hooks={"response": [lambda response: response.read(), _raise_for_status]}
    ).post(target, json=body),
    "requests": lambda target, body: requests.post(target, json=body, hooks={"response": _raise_for_status}),
    "aiohttp": _aiohttp_raising,
}


@pytest.mark.parametrize("style", RAISING)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_raised_by_a_hook(telemetry: Telemetry, url: Url, style: str) -> None:
    """A hook of the caller that raises for an error status: the type is that of the status."""
    result = outcome(RAISING[style], url("rate_limited"), PLAIN)
    assert isinstance(result, tuple)
    assert _ends(telemetry) == (None, "rate_limit_exceeded", None)
    assert (telemetry.one_span().attributes or {})["gen_ai.response.id"] == "gen-1762179802-UN8pkJI4AGZvryk0kFnb"


def _generator(body: dict[str, Any]) -> Iterator[bytes]:
    yield json.dumps(body).encode()


async def _async_generator(body: dict[str, Any]) -> Any:
    yield json.dumps(body).encode()


def test_bodies_that_are_not_read(telemetry: Telemetry, url: Url) -> None:
    """A generator or a form is not read, and is sent as it is; the response has its cost."""
    assert httpx.post(url("hello"), content=_generator(PLAIN), headers=HEADERS).json()["id"]
    assert httpx.post(url("hello"), data={"model": "m"}).json()["id"]
    assert requests.post(url("hello"), data=_generator(PLAIN), timeout=30).json()["id"]

    async def main() -> Any:
        async with aiohttp.ClientSession() as session:
            return await (await session.post(url("hello"), data=_async_generator(PLAIN))).json()

    assert asyncio.run(main())["id"]
    spans = telemetry.raw_spans
    assert [span.name for span in spans] == ["chat"] * 4
    assert [(span.attributes or {})["gen_ai.usage.cost"] for span in spans] == [COST] * 4


def test_responses_stay_what_they_are(telemetry: Telemetry, url: Url) -> None:
    """A response has its own class, attributes and pickle once it has been read."""
    response = requests.post(url("hello"), json=STREAM, stream=True, timeout=30)
    assert isinstance(response.raw, urllib3.HTTPResponse)
    assert type(response.raw).__name__ == "HTTPResponse"
    list(response.iter_lines())
    assert type(response.raw) is urllib3.HTTPResponse
    assert vars(response.raw).keys() == vars(urllib3.HTTPResponse()).keys()
    plain = requests.post(url("hello"), json=PLAIN, timeout=30)
    assert pickle.loads(pickle.dumps(plain)).json() == plain.json()
    assert pickle.loads(pickle.dumps(httpx.post(url("hello"), json=PLAIN))).json() == plain.json()

    async def main() -> Any:
        async with aiohttp.ClientSession() as session, session.post(url("hello"), json=STREAM) as streamed:
            assert isinstance(streamed.content, aiohttp.StreamReader)
            assert repr(streamed.content).startswith("<StreamReader")
            await streamed.read()
            return type(streamed.content)

    assert asyncio.run(main()) is aiohttp.StreamReader


@pytest.mark.parametrize("style", NON_STREAMED)
def test_empty_stream_that_the_library_reads(telemetry: Telemetry, url: Url, style: str) -> None:
    """A stream without events that the library reads at once is an empty response."""
    outcome(NON_STREAMED[style], url("empty_stream"), STREAM)
    assert _ends(telemetry) == (None, "empty_response", None)


def test_methods_of_a_response_that_has_been_read(telemetry: Telemetry, url: Url) -> None:
    """A method that the caller has taken from a response works after its end as before."""
    raw = requests.post(url("hello"), json=STREAM, stream=True, timeout=30).raw
    read, stream, chunks, close = raw.read, raw.stream, raw.read_chunked(5), raw.close
    while raw.read(50):
        pass
    assert _ends(telemetry) == (COST, None, None)
    assert read(5) == b""
    assert list(stream()) == []
    assert list(chunks) == []
    close()
    assert raw.closed


def test_read1(telemetry: Telemetry, url: Url) -> None:
    """`read1` of newer releases of urllib3."""
    pieces: list[bytes] = []
    with requests.post(url("hello"), json=STREAM, stream=True, timeout=30) as response:
        raw = response.raw
        if not hasattr(raw, "read1"):
            pytest.skip("urllib3 has no read1")
        while piece := raw.read1(40):
            pieces.append(piece)
    assert b"[DONE]" in b"".join(pieces)
    assert _ends(telemetry) == (COST, None, None)


class FileAdapter(HTTPAdapter):
    """An adapter whose responses are files, as some test libraries have."""

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        response = requests.Response()
        response.status_code, response.request, response.url = 200, request, str(request.url)
        response.headers["x-generation-id"] = "gen-1"
        response.raw = io.BytesIO(b"{}")
        return response


def test_response_of_another_adapter(telemetry: Telemetry, url: Url) -> None:
    """A body that is not urllib3's leaves the data of the headers."""
    with requests.Session() as session:
        session.mount("http://", FileAdapter())
        assert session.post(url("hello"), json=STREAM, stream=True).json() == {}
    assert (telemetry.one_span().attributes or {})["gen_ai.response.id"] == "gen-1"


async def _read_later(session: aiohttp.ClientSession, target: str) -> Any:
    response = await session.post(target, json=PLAIN)
    return await response.read()


def test_aiohttp_body_that_has_failed_or_is_empty(telemetry: Telemetry, openrouter: Simulator, url: Url) -> None:
    """A body whose failure arrives with the headers, and one without bytes, end the call at once."""
    openrouter.verbatim["nothing"] = Reply([], headers={"content-length": "0"})

    async def main() -> None:
        async with aiohttp.ClientSession() as session:
            assert await _read_later(session, url("nothing")) == b""

    asyncio.run(main())
    assert _ends(telemetry) == (None, "empty_response", None)
    telemetry.exporter.clear()

    class Failing(aiohttp.ClientResponse):
        async def start(self, connection: Any) -> aiohttp.ClientResponse:
            started = await super().start(connection)
            self.content.set_exception(aiohttp.ClientPayloadError("cut"))
            return started

    async def failing() -> None:
        async with aiohttp.ClientSession(response_class=Failing) as session:
            with pytest.raises(aiohttp.ClientPayloadError):
                await _read_later(session, url("hello"))

    asyncio.run(failing())
    assert _ends(telemetry) == (None, "connection", None)
