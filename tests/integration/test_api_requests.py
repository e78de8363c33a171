"""Requests to OpenRouter's own API against servers that misbehave: nothing of the host waits, and connections are closed.

No test measures time: a server misbehaves until the test has ended, so what returns before that did not wait for it.
"""

import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import openai
import pytest
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._api import budget, settlement
from opentelemetry.instrumentation.openrouter._api.request_threads import MAX_THREADS, REQUEST_THREADS

from tests.generation import ID, RECORD
from tests.raw_server import OK, Connection, RawServer
from tests.scenarios import REQUEST
from tests.telemetry import Telemetry, gauges

ROOT: Final = Path(__file__).parents[2]
OUR_THREADS: Final = {"openrouter-request", "openrouter-settlement", "openrouter-budget"}
WAIT: Final = 60.0  # for what happens within a second or two
CHUNK: Final = {
    "id": ID,
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": None}],
}
CHUNKED: Final = OK + b"Transfer-Encoding: chunked\r\n\r\n"
NOT_FOUND: Final = b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n"


def _blanks(connection: Connection) -> None:
    connection.send(CHUNKED)
    connection.trickle(b"1\r\n \r\n")


def _headers(connection: Connection) -> None:
    connection.send(OK + b"X-Slow: ")
    connection.trickle(b"a")


def _silence(connection: Connection) -> None:
    connection.wait_for_hangup()


def _silence_after_headers(connection: Connection) -> None:
    connection.send(CHUNKED)
    connection.wait_for_hangup()


def _endless(connection: Connection) -> None:
    connection.send(CHUNKED)
    while not connection.released.is_set():
        connection.send(b"10000\r\n" + b" " * 65_536 + b"\r\n")


def _endless_error(connection: Connection) -> None:
    connection.send(NOT_FOUND)
    while not connection.released.is_set():
        connection.send(b"10000\r\n" + b" " * 65_536 + b"\r\n")


def _deep(connection: Connection) -> None:
    connection.reply(b'{"data": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")


CLOSED_BY_US: Final = (_blanks, _silence, _silence_after_headers, _endless, _endless_error)


def _name(function: Callable[..., Any]) -> str:
    return function.__name__.strip("_")


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Callable[[Connection], None]], RawServer]]:
    """Returns a factory of servers that answer calls properly and requests of ours with a function."""
    REQUEST_THREADS.reset_after_fork()  # tests of the threads themselves may have left some
    before = set(threading.enumerate())
    monkeypatch.setattr(settlement, "POLL_DELAYS", (0.0,) * 3)
    monkeypatch.setattr(settlement, "FLUSH_TIMEOUT", 1.0)
    monkeypatch.setattr(settlement, "TIMEOUT", 1.0)
    monkeypatch.setattr(budget, "TIMEOUT", 1.0)
    with contextlib.ExitStack() as opened:

        def serve(answer: Callable[[Connection], None]) -> RawServer:
            def handle(connection: Connection) -> None:
                if connection.request.startswith(b"POST"):
                    sse = OK.replace(b"application/json", b"text/event-stream")
                    is_stream = b'"stream":true' in connection.request.replace(b" ", b"")
                    chunk = json.dumps(CHUNK).encode()
                    connection.reply(b"data: " + chunk + b"\n\n" if is_stream else chunk, sse if is_stream else OK)
                else:
                    answer(connection)

            return opened.enter_context(RawServer(handle).running())

        yield serve
        if OpenRouterInstrumentor().is_instrumented_by_opentelemetry:
            OpenRouterInstrumentor().uninstrument()
    _wait_for(lambda: not [each for each in set(threading.enumerate()) - before if each.name in OUR_THREADS])


def _wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + WAIT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def _openai(server: RawServer, before_close: Callable[[], object] = int) -> None:
    with openai.OpenAI(base_url=f"{server.url}/api/v1", api_key="sk-or-canary", max_retries=0) as client:
        stream = client.chat.completions.create(**REQUEST, stream=True)
        next(stream)
        stream.close()
        before_close()


def _own_sdk(server: RawServer, before_close: Callable[[], object] = int) -> None:
    sdk_class = pytest.importorskip("openrouter").OpenRouter
    with sdk_class(api_key="sk-or-canary", server_url=f"{server.url}/api/v1") as sdk:
        with sdk.chat.send(model="m", messages=REQUEST["messages"], stream=True) as stream:
            next(stream)
        before_close()


Serve = Callable[[Callable[[Connection], None]], RawServer]


@pytest.mark.parametrize("call", [_openai, _own_sdk], ids=_name)
@pytest.mark.parametrize("misbehave", [*CLOSED_BY_US, _headers], ids=_name)
def test_flush(
    telemetry: Telemetry, serve: Serve, call: Callable[[RawServer], None], misbehave: Callable[[Connection], None]
) -> None:
    """A flush ends the call without its cost while the server still answers, and the connection is closed."""
    server = serve(misbehave)
    telemetry.reinstrument([server.url], settle=True)
    call(server)
    telemetry.tracer_provider.force_flush()
    span = telemetry.one_span()
    assert "openrouter.settled" not in (span.attributes or {})
    assert any(request.startswith(b"GET /api/v1/generation") for request in server.requests)
    if misbehave is not _headers:  # those are read by the HTTP library, which cannot be interrupted
        assert server.hung_up.wait(WAIT)
        _wait_for(lambda: not server.answering)


@pytest.mark.parametrize("misbehave", [*CLOSED_BY_US, _headers, _deep], ids=_name)
def test_background(
    telemetry: Telemetry, serve: Serve, monkeypatch: pytest.MonkeyPatch, misbehave: Callable[[Connection], None]
) -> None:
    """Without a flush the call ends after its last poll, and further calls end too."""
    server = serve(misbehave)
    monkeypatch.setattr(settlement, "TIMEOUT", 0.2)
    telemetry.reinstrument([server.url], settle=True)
    for _ in range(3):
        _openai(server)
    _wait_for(lambda: len(telemetry.raw_spans) == 3)
    assert not [each for each in telemetry.raw_spans if "openrouter.settled" in (each.attributes or {})]
    threads = [each for each in threading.enumerate() if each.name == "openrouter-request"]
    assert len(threads) <= MAX_THREADS


@pytest.mark.parametrize("call", [_openai, _own_sdk], ids=_name)
def test_redirect(telemetry: Telemetry, serve: Serve, call: Callable[[RawServer], None]) -> None:
    """A redirect is not followed, and not polled again: the key is for one host."""
    other = serve(lambda connection: connection.reply(json.dumps({"data": RECORD}).encode()))
    head = f"HTTP/1.1 302 Found\r\nLocation: {other.url}/api/v1/generation\r\n".encode()
    server = serve(lambda connection: connection.reply(b"", head))
    telemetry.reinstrument([server.url, other.url], settle=True)
    call(server)
    telemetry.tracer_provider.force_flush()
    assert "openrouter.settled" not in (telemetry.one_span().attributes or {})
    assert not other.requests
    assert len([request for request in server.requests if request.startswith(b"GET")]) == 1


@pytest.mark.parametrize("call", [_openai, _own_sdk], ids=_name)
def test_record(telemetry: Telemetry, serve: Serve, call: Callable[[RawServer], None]) -> None:
    """A record that arrives in pieces settles the call; the body may not be compressed."""

    def answer(connection: Connection) -> None:
        body = json.dumps({"data": RECORD}).encode()
        connection.send(CHUNKED)
        for piece in (b" ", body[:100], body[100:]):
            connection.send(b"%x\r\n" % len(piece) + piece + b"\r\n")
        connection.send(b"0\r\n\r\n")

    server = serve(answer)
    telemetry.reinstrument([server.url], settle=True)
    call(server)
    telemetry.tracer_provider.force_flush()
    attributes = telemetry.one_span().attributes or {}
    assert attributes["openrouter.settled"] is True
    assert attributes["gen_ai.usage.cost"] == 0.00014
    (request,) = [each.decode().lower() for each in server.requests if each.startswith(b"GET")]
    assert request.startswith(f"get /api/v1/generation?id={ID.lower()} http/1.1\r\n")
    assert request.count("\r\nauthorization: bearer sk-or-canary\r\n") == 1
    assert request.count("\r\naccept-encoding: identity\r\n") == 1


def test_query_and_headers_of_the_client(telemetry: Telemetry, serve: Serve) -> None:
    """A client's default query and headers are sent too, for example to a gateway."""
    server = serve(lambda connection: connection.reply(json.dumps({"data": RECORD}).encode()))
    telemetry.reinstrument([server.url], settle=True)
    options: dict[str, Any] = {"default_query": {"tenant": "a b"}, "default_headers": {"X-Title": "App"}}
    with openai.OpenAI(base_url=f"{server.url}/api/v1", api_key="sk-or-canary", **options) as client:
        stream = client.chat.completions.create(**REQUEST, stream=True)
        next(stream)
        stream.close()
        telemetry.tracer_provider.force_flush()
    assert "openrouter.settled" in (telemetry.one_span().attributes or {})
    (request,) = [each.decode().lower() for each in server.requests if each.startswith(b"GET")]
    assert f"?id={ID.lower()}&tenant=a+b http/1.1" in request
    assert "\r\nx-title: app\r\n" in request


@pytest.mark.parametrize("misbehave", [*CLOSED_BY_US, _headers, _deep], ids=_name)
def test_collection(telemetry: Telemetry, serve: Serve, misbehave: Callable[[Connection], None]) -> None:
    """A collection has the other metrics of the process while the server still answers `GET /key`."""
    server = serve(misbehave)
    telemetry.reinstrument([server.url], budget=True)
    with openai.OpenAI(base_url=f"{server.url}/api/v1", api_key="sk-or-canary", max_retries=0) as client:
        client.chat.completions.create(**REQUEST)
        _wait_for(lambda: any(request.startswith(b"GET /api/v1/key ") for request in server.requests))
        for _ in range(3):
            assert not any(gauges(telemetry).values())
            assert "gen_ai.client.operation.duration" in telemetry.points()
        if misbehave not in (_headers, _deep):
            assert server.hung_up.wait(WAIT)
    assert len([request for request in server.requests if request.startswith(b"GET")]) <= 2


@pytest.mark.parametrize("own_sdk", [False, True])
def test_client_that_is_closed_meanwhile(telemetry: Telemetry, serve: Serve, own_sdk: bool) -> None:
    """If the caller closes the client during a request of ours, no connection stays open."""
    closed = threading.Event()

    def answer(connection: Connection) -> None:
        body = json.dumps({"data": {"limit": 1}}).encode()
        assert closed.wait(WAIT)
        connection.send(OK + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        connection.wait_for_hangup()

    server = serve(answer)
    telemetry.reinstrument([server.url], budget=True)
    call = _own_sdk if own_sdk else _openai
    call(server, lambda: _wait_for(lambda: len(server.requests) == 2))  # then closes its client
    closed.set()
    assert server.hung_up.wait(WAIT)


EXIT: Final = """
import sys
sys.path.insert(0, {root!r})
from openai import OpenAI
from opentelemetry import trace
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._api import settlement
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
settlement.FLUSH_TIMEOUT = 0.5
OpenRouterInstrumentor().instrument(base_urls=[{url!r}], settle=True, budget=True)
trace.set_tracer_provider(TracerProvider())
one_line = lambda span: str(dict(span.attributes)) + chr(10)
trace.get_tracer_provider().add_span_processor(BatchSpanProcessor(ConsoleSpanExporter(formatter=one_line)))
client = OpenAI(base_url={url!r} + "/api/v1", api_key="sk-or-canary")
request = dict(model="m", messages=[dict(role="user", content="Hello")], stream=True)
stream = client.chat.completions.create(**request)
next(stream)
{end}
"""


@pytest.mark.parametrize(("misbehave", "end"), [(_blanks, "stream.close()"), (_headers, ""), (_silence, "del stream")])
def test_exit(serve: Serve, misbehave: Callable[[Connection], None], end: str) -> None:
    """A process whose stream is closed, open or dropped exits, with its span, while the server still answers; no thread delays it."""
    server = serve(misbehave)
    script = EXIT.format(root=str(ROOT), url=server.url, end=end)
    completed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=WAIT, check=True)
    (line,) = completed.stdout.splitlines()
    assert any(request.startswith(b"GET /api/v1/generation") for request in server.requests)
    assert "'gen_ai.response.model': 'm'" in line
    assert "settled" not in line
    assert "Traceback" not in completed.stderr
