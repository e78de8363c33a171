"""SDKs, HTTP libraries and the HTTP instrumentations of OpenTelemetry together: one inference span for each request."""

import asyncio
import inspect
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextvars import ContextVar, Token
from typing import Any, Final

import aiohttp
import httpx
import lm15.transports
import openai
import opentelemetry.instrumentation.httpx
import pytest
import requests
from opentelemetry import baggage, trace
from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.instrumentation.aiohttp_client import AioHttpClientInstrumentor
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.instrumentation.utils import suppress_instrumentation

from tests.http_calling_styles import NON_STREAMED, READ, Style, lm15_request, outcome
from tests.simulator import Reply, Simulator
from tests.telemetry import Telemetry, gauges, wait_for_budget

MESSAGES: Final[Any] = [{"role": "user", "content": "Say hello."}]
PLAIN: Final[dict[str, Any]] = {"model": "openai/gpt-4o-mini", "messages": MESSAGES}
STREAM: Final[dict[str, Any]] = {**PLAIN, "stream": True}
LIBRARIES: Final = ["httpx", "requests", "aiohttp", "dspy"]
STYLES: Final[dict[str, Style]] = {
    **{
        name: NON_STREAMED[name]
        for name in ("httpx post", "httpx2 post", "httpx async post", "requests post")
        if name in NON_STREAMED
    },
    "aiohttp data": NON_STREAMED["aiohttp data"],
    "aiohttp read": READ["aiohttp read"],
    "lm15 read": READ["lm15 read"],
    "lm15 aread": READ["lm15 aread"],
}


def _url(openrouter: Simulator, scenario: str = "hello") -> str:
    return openrouter.base_url(scenario) + "/chat/completions"


def test_an_sdk_without_its_instrumentation(telemetry: Telemetry, openrouter: Simulator) -> None:
    """An SDK that is not instrumented, or whose version is not supported, is seen at its HTTP library."""
    for clients, spans in (("httpx", 1), ("openai, httpx", 1), ("openai", 1), ("requests,aiohttp", 0)):
        telemetry.exporter.clear()
        telemetry.reinstrument([openrouter.url], clients=clients)
        with openai.OpenAI(base_url=openrouter.base_url("hello"), api_key="k", max_retries=0) as client:
            client.chat.completions.create(model="openai/gpt-4o-mini", messages=MESSAGES)
            list(client.chat.completions.create(model="openai/gpt-4o-mini", messages=MESSAGES, stream=True))
        found = [(span.attributes or {})["gen_ai.usage.cost"] for span in telemetry.raw_spans]
        assert found == [0.00014] * 2 * spans, clients


class SpanOnlyContext:
    """A context of OpenTelemetry that keeps only the span, as that of ddtrace does."""

    def __init__(self) -> None:
        self._current: ContextVar[Context] = ContextVar("current")
        self._current.set(Context())

    def attach(self, context: Context) -> Token[Context]:
        return self._current.set(trace.set_span_in_context(trace.get_current_span(context), Context()))

    def get_current(self) -> Context:
        return self._current.get()

    def detach(self, token: Token[Context]) -> None:
        self._current.reset(token)


def test_context_that_keeps_only_the_span(
    telemetry: Telemetry, openrouter: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that an SDK sends is not traced twice where OpenTelemetry's context has been replaced."""
    monkeypatch.setattr(otel_context, "_RUNTIME_CONTEXT", SpanOnlyContext())
    with openai.OpenAI(base_url=openrouter.base_url("hello"), api_key="k", max_retries=0) as client:
        client.chat.completions.create(model="openai/gpt-4o-mini", messages=MESSAGES)
    assert telemetry.one_span()


@pytest.mark.parametrize("style", STYLES)
def test_clients(telemetry: Telemetry, openrouter: Simulator, style: str) -> None:
    """Only the chosen clients are instrumented."""
    name = style.partition(" ")[0].rstrip("2").replace("lm15", "dspy")
    telemetry.reinstrument([openrouter.url], clients=[name])
    STYLES[style](_url(openrouter), PLAIN)
    assert telemetry.one_span()
    telemetry.reinstrument([openrouter.url], clients=[each for each in ["openai", *LIBRARIES] if each != name])
    STYLES[style](_url(openrouter), PLAIN)
    assert len(telemetry.raw_spans) == 1


class ByRequests(httpx.BaseTransport):
    """A transport that sends by another library, as LiteLLM's does by aiohttp."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = requests.post(str(request.url), data=request.read(), headers=dict(request.headers), timeout=30)
        return httpx.Response(
            response.status_code, content=response.content, headers={"content-type": "application/json"}
        )


def test_one_library_over_another(telemetry: Telemetry, openrouter: Simulator) -> None:
    """A library that sends by another one is one call."""
    with httpx.Client(transport=ByRequests()) as client:
        assert client.post(_url(openrouter), json=PLAIN).json()["id"]
    assert (telemetry.one_span().attributes or {})["gen_ai.usage.cost"] == 0.00014


HTTP_INSTRUMENTORS: Final[dict[str, Callable[[], BaseInstrumentor]]] = {
    "httpx": HTTPXClientInstrumentor,
    # Its releases since 0.66 have one for httpx2.
    "httpx2": getattr(opentelemetry.instrumentation.httpx, "HTTPX2ClientInstrumentor", HTTPXClientInstrumentor),
    "requests": RequestsInstrumentor,
    "aiohttp": AioHttpClientInstrumentor,
}


HAS_HTTPX2: Final = HTTP_INSTRUMENTORS["httpx2"] is not HTTPXClientInstrumentor


@pytest.fixture(params=["ours first", "ours last"])
def http_instrumented(request: pytest.FixtureRequest, telemetry: Telemetry, openrouter: Simulator) -> Iterator[None]:
    """OpenTelemetry's HTTP instrumentations, enabled before ours or after it."""
    if request.param == "ours last":
        OpenRouterInstrumentor().uninstrument()
    for create in {*HTTP_INSTRUMENTORS.values()}:
        create().instrument(tracer_provider=telemetry.tracer_provider)
    if request.param == "ours last":
        telemetry.instrument([openrouter.url])
    yield
    for create in {*HTTP_INSTRUMENTORS.values()}:
        create().uninstrument()


@pytest.mark.usefixtures("http_instrumented")
@pytest.mark.parametrize(
    "style", [name for name in STYLES if not name.startswith("lm15") and ("httpx2" not in name or HAS_HTTPX2)]
)
@pytest.mark.parametrize("streamed", [False, True])
def test_http_instrumentations(telemetry: Telemetry, openrouter: Simulator, style: str, streamed: bool) -> None:
    """One inference span. The HTTP span is its child, but where `requests` is instrumented at the same method."""
    STYLES[style](_url(openrouter), STREAM if streamed else PLAIN)
    first, second = sorted(telemetry.raw_spans, key=lambda span: span.start_time or 0)
    outer, inner = (second, first) if style.startswith("requests") else (first, second)
    assert outer.name == "chat openai/gpt-4o-mini"
    assert (outer.attributes or {})["gen_ai.usage.cost"] == 0.00014
    assert inner.name == "POST"
    assert first.context is not None
    assert second.parent is not None
    assert second.parent.span_id == first.context.span_id
    assert not telemetry.started.open


@pytest.mark.usefixtures("http_instrumented")
def test_http_instrumentations_with_an_sdk(telemetry: Telemetry, openrouter: Simulator) -> None:
    """The OpenAI SDK's call has one inference span, and the HTTP span of its library below it, if it is httpx."""
    with openai.OpenAI(base_url=openrouter.base_url("hello"), api_key="k", max_retries=0) as client:
        client.chat.completions.create(model="openai/gpt-4o-mini", messages=MESSAGES)
    names = [span.name for span in telemetry.raw_spans]
    assert names.count("chat openai/gpt-4o-mini") == 1
    assert set(names) <= {"chat openai/gpt-4o-mini", "POST"}


def test_http_instrumentation_can_be_removed(telemetry: Telemetry, openrouter: Simulator) -> None:
    """OpenTelemetry's instrumentation of `requests` can be disabled before ours and after it."""
    RequestsInstrumentor().instrument(tracer_provider=telemetry.tracer_provider)
    RequestsInstrumentor().uninstrument()
    requests.post(_url(openrouter), json=PLAIN, timeout=30)
    assert len(telemetry.raw_spans) == 1
    RequestsInstrumentor().instrument(tracer_provider=telemetry.tracer_provider)
    OpenRouterInstrumentor().uninstrument()
    requests.post(_url(openrouter), json=PLAIN, timeout=30)
    assert [span.name for span in telemetry.raw_spans[1:]] == ["POST"]
    RequestsInstrumentor().uninstrument()  # leaves our wrapper, which passes requests through
    requests.post(_url(openrouter), json=PLAIN, timeout=30)
    assert len(telemetry.raw_spans) == 2
    requests.Session.send = inspect.unwrap(requests.Session.send)


@pytest.mark.parametrize("style", STYLES)
def test_secrets(telemetry: Telemetry, openrouter: Simulator, style: str) -> None:
    """Neither headers nor the query are recorded, whatever is captured."""
    telemetry.reinstrument([openrouter.url], capture_content="span_and_event")
    outcome(STYLES[style], _url(openrouter) + "?key=canary_query#canary_fragment", PLAIN)
    span = telemetry.one_span()
    assert (span.attributes or {})["gen_ai.usage.cost"] == 0.00014
    assert "canary" not in str(span.to_json())
    assert "canary" not in str([vars(record) for record in telemetry.emitted.records])


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("streamed", [False, True])
def test_content_baggage_and_metrics(telemetry: Telemetry, openrouter: Simulator, style: str, streamed: bool) -> None:
    """Content, baggage and metrics are those of an SDK's call."""
    telemetry.reinstrument([openrouter.url], capture_content="span_and_event")
    token = otel_context.attach(baggage.set_baggage("user.id", "u-1"))
    STYLES[style](_url(openrouter, "reasoning"), STREAM if streamed else PLAIN)
    otel_context.detach(token)
    attributes = telemetry.one_span().attributes or {}
    assert attributes["user.id"] == "u-1"
    assert json.loads(str(attributes["gen_ai.input.messages"]))[0]["parts"][0]["content"] == "Say hello."
    parts = json.loads(str(attributes["gen_ai.output.messages"]))[0]["parts"]
    assert [part["type"] for part in parts] == ["reasoning", "text"]
    assert len(telemetry.emitted.records) == 1
    points = telemetry.points()
    assert {"gen_ai.client.operation.duration", "gen_ai.client.token.usage", "gen_ai.usage.cost"} <= points.keys()
    assert [(count, total) for _, count, total in points["gen_ai.usage.cost"]] == [(1, 0.00051)]


@pytest.mark.parametrize("style", STYLES)
def test_join(telemetry: Telemetry, openrouter: Simulator, style: str) -> None:
    """`broadcast="join"` adds the ids of the span to a JSON body, and changes nothing else."""
    telemetry.reinstrument([openrouter.url], broadcast="join")
    before = len(openrouter.received)
    STYLES[style](_url(openrouter), PLAIN)
    span = telemetry.one_span()
    (received,) = openrouter.received[before:]
    body = json.loads(received.body)
    assert span.context is not None
    assert body.pop("trace")["parent_span_id"] == f"{span.context.span_id:016x}"
    assert body == PLAIN
    assert received.headers["content-length"] == str(len(received.body))


def test_join_leaves_other_bodies(telemetry: Telemetry, openrouter: Simulator) -> None:
    """A body that is not JSON is sent as it is."""
    telemetry.reinstrument([openrouter.url], broadcast="join")
    before = len(openrouter.received)
    requests.post(_url(openrouter), data=iter([json.dumps(PLAIN).encode()]), timeout=30)
    httpx.post(_url(openrouter), data={"model": "m"})
    first, second = openrouter.received[before:]
    assert json.loads(first.body) == PLAIN
    assert second.body == b"model=m"


def _aiohttp_left(url: str) -> None:
    async def main() -> None:
        async with aiohttp.ClientSession() as session:
            headers = {"authorization": "Bearer sk-or-settle"}
            async with session.post(url, json=STREAM, headers=headers) as response:
                while b"data:" not in await response.content.readline():
                    pass

    asyncio.run(main())


def _httpx_left(url: str) -> None:
    headers = {"authorization": "Bearer sk-or-settle"}
    with httpx.stream("POST", url, json=STREAM, headers=headers) as response:
        next(line for line in response.iter_lines() if line.startswith("data:"))


def _requests_left(url: str) -> None:
    headers = {"x-api-key": "sk-or-settle"}
    with requests.post(url, json=STREAM, headers=headers, stream=True, timeout=30) as response:
        next(line for line in response.iter_lines() if line.startswith(b"data:"))


def _lm15_left(url: str) -> None:
    request = lm15_request(url, STREAM)
    request.headers[:] = [("Authorization", "Bearer sk-or-settle")]
    with lm15.transports.StdlibTransport() as transport, transport.stream(request) as response:
        next(line for line in response.iter_lines() if line.startswith(b"data:"))


LEFT: Final = {"httpx": _httpx_left, "requests": _requests_left, "aiohttp": _aiohttp_left, "lm15": _lm15_left}


@pytest.mark.parametrize("library", LEFT)
def test_settle(telemetry: Telemetry, openrouter: Simulator, library: str) -> None:
    """The cost of a stream that was left is fetched by a request of its own, which is not traced."""
    telemetry.reinstrument([openrouter.url], settle=True)
    before = len(openrouter.received)
    LEFT[library](_url(openrouter, "slow"))
    telemetry.tracer_provider.force_flush()
    assert (telemetry.one_span().attributes or {})["gen_ai.usage.cost"] == 0.00014
    posted, *asked = openrouter.received[before:]
    assert posted.method == "POST"
    assert {each.path for each in asked} == {"/slow/api/v1/generation"}
    assert {each.headers["authorization"] for each in asked} == {"Bearer sk-or-settle"}


@pytest.mark.parametrize("style", STYLES)
def test_budget(telemetry: Telemetry, openrouter: Simulator, style: str) -> None:
    """The limit of the request's own key is fetched when metrics are collected."""
    telemetry.reinstrument([openrouter.url], budget=True)
    STYLES[style](_url(openrouter), PLAIN)
    wait_for_budget()
    assert [value for _, value in gauges(telemetry)["openrouter.key.limit"]] == [10]


@pytest.mark.parametrize("style", STYLES)
def test_suppressed_and_uninstrumented(telemetry: Telemetry, openrouter: Simulator, style: str) -> None:
    """A suppressed request is not traced, nor one after `uninstrument()`, which restores each class."""
    with suppress_instrumentation():
        STYLES[style](_url(openrouter), PLAIN)
    OpenRouterInstrumentor().uninstrument()
    STYLES[style](_url(openrouter), PLAIN)
    assert not telemetry.raw_spans
    sync, not_sync = lm15.transports.StdlibTransport.stream, lm15.transports.StdlibAsyncTransport._do_stream
    httpx_methods = (httpx.Client.send, httpx.AsyncClient.send)
    for method in (*httpx_methods, requests.Session.send, aiohttp.ClientSession._request, sync, not_sync):
        assert not hasattr(method, "__wrapped__")


@pytest.mark.parametrize("style", STYLES)
def test_other_hosts_and_paths(telemetry: Telemetry, openrouter: Simulator, style: str) -> None:
    """Requests to other hosts, and to other paths, are not traced, however often they are sent."""
    STYLES[style](openrouter.base_url("hello") + "/models", PLAIN)
    telemetry.reinstrument(["http://openrouter.test/api"])
    for _ in range(2):
        STYLES[style](_url(openrouter), PLAIN)
    assert not telemetry.raw_spans


LAZY: Final = """
import sys
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
before = set(sys.modules)
OpenRouterInstrumentor().instrument()
imported = {name.partition(".")[0] for name in set(sys.modules) - before}
assert not imported & {"openai", "openrouter", "httpx", "httpx2", "requests", "aiohttp", "urllib3", "lm15", "dspy"}, imported
import httpx, requests, aiohttp, lm15.transports
http = (httpx.Client.send, httpx.AsyncClient.send, requests.Session.send, aiohttp.ClientSession._request)
for method in (*http, lm15.transports.StdlibTransport.stream, lm15.transports.StdlibAsyncTransport._do_stream):
    assert hasattr(method, "__wrapped__")
assert "openai" not in sys.modules
import openai
assert hasattr(openai.OpenAI.request, "__wrapped__")
"""


def test_nothing_is_imported_by_instrument() -> None:
    """`instrument()` imports no client; each is patched when the program imports it."""
    completed = subprocess.run([sys.executable, "-c", LAZY], capture_output=True, text=True, timeout=60, check=False)
    assert completed.returncode == 0, completed.stderr


@pytest.mark.parametrize("library", LEFT)
def test_settle_follows_no_redirect(telemetry: Telemetry, openrouter: Simulator, library: str) -> None:
    """The key is for the host of the request: a redirect of OpenRouter's API is not followed."""
    openrouter.verbatim["slow/generation"] = Reply([b""], status=302, headers={"location": f"{openrouter.url}/moved"})
    telemetry.reinstrument([openrouter.url], settle=True)
    before = len(openrouter.received)
    LEFT[library](_url(openrouter, "slow"))
    telemetry.tracer_provider.force_flush()
    del openrouter.verbatim["slow/generation"]
    assert "gen_ai.usage.cost" not in (telemetry.one_span().attributes or {})
    assert {each.path for each in openrouter.received[before + 1 :]} == {"/slow/api/v1/generation"}
