"""The instrumentation does not change the caller's requests, objects, context or exceptions, also when it fails itself."""

import asyncio
import importlib
import inspect
import logging
import traceback
from collections.abc import Callable, Mapping
from typing import Any

import openai
import pydantic
import pytest
from openai._models import FinalRequestOptions
from openai.types.chat import ChatCompletion
from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor, _guard, _operations
from opentelemetry.instrumentation.openrouter._clients import base, open_responses, stainless, stainless_sdk
from opentelemetry.instrumentation.openrouter._telemetry import call, call_context, metrics
from opentelemetry.instrumentation.openrouter._wire import errors, response
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler, SamplingResult

from tests.calling_styles import HAS_HELPERS, NON_STREAMED, OPTIONS, STREAMED, outcome
from tests.scenarios import HELLO, REQUEST
from tests.simulator import CANNED_REPLIES, Chat, Simulator
from tests.telemetry import Telemetry

httpx: Any = importlib.import_module(type(openai.DefaultHttpxClient()).__mro__[1].__module__.partition(".")[0])
"""The HTTP library of the installed SDK: httpx, or httpx2."""

Make = Callable[..., openai.OpenAI]
STYLES = {**NON_STREAMED, **STREAMED}
FULL_REQUEST: dict[str, Any] = {
    **REQUEST,
    "temperature": 0,
    "max_tokens": 7,
    "user": "u-1",
    "extra_headers": {"X-Title": "Test", "x-session-id": "s-1"},
    "extra_body": {"top_k": 4, "provider": {"order": ["azure"], "allow_fallbacks": False}, "usage": {"include": True}},
}


@pytest.mark.parametrize("style", STYLES)
def test_requests_are_byte_identical(telemetry: Telemetry, openrouter: Simulator, style: str) -> None:
    """The request is the same with and without the instrumentation, byte for byte."""
    request = {k: v for k, v in FULL_REQUEST.items() if "post" not in style or not k.startswith("extra_h")}
    openrouter.received.clear()
    STYLES[style](openrouter.base_url("hello"), request)
    OpenRouterInstrumentor().uninstrument()
    STYLES[style](openrouter.base_url("hello"), request)
    instrumented, plain = openrouter.received
    assert instrumented == plain


def test_message_iterators_are_not_consumed(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """Messages in an iterator, which can be read only once, are read by the SDK."""
    openrouter.received.clear()
    messages: Any = (message for message in REQUEST["messages"])
    client("hello").chat.completions.create(model="openai/gpt-4o-mini", messages=messages)
    assert b"Say hello." in openrouter.received[0].body
    telemetry.one_span()


def test_returned_types(telemetry: Telemetry, client: Make, openrouter: Simulator) -> None:
    """The caller gets objects of the same types with and without the instrumentation."""

    def types() -> list[type]:
        completions = client("hello").chat.completions
        stream: Any = completions.create(**REQUEST, stream=True)
        raw = completions.with_raw_response.create(**REQUEST)
        first = [type(completions.create(**REQUEST)), type(stream), type(stream.response), type(stream._iterator)]
        stream.close()
        return [*first, type(raw), type(raw.http_response), type(raw.parse())]

    instrumented = types()
    OpenRouterInstrumentor().uninstrument()
    assert instrumented == types()
    assert openai.Stream in instrumented


def test_laziness(telemetry: Telemetry, openrouter: Simulator) -> None:
    """An async call sends nothing before it is awaited; a stream is not read before the caller iterates over it."""

    async def main() -> None:
        async with openai.AsyncOpenAI(base_url=openrouter.base_url("slow"), **OPTIONS) as client:
            openrouter.received.clear()
            coroutine: Any = client.chat.completions.create(**REQUEST, stream=True)
            assert inspect.iscoroutine(coroutine)
            await asyncio.sleep(0.05)
            assert not openrouter.received
            stream: Any = await coroutine
            assert not stream.response.is_stream_consumed
            await stream.close()
            async with client.chat.completions.with_streaming_response.create(**REQUEST) as response:
                assert not response.http_response.is_stream_consumed

    assert inspect.iscoroutinefunction(openai.AsyncOpenAI.request)
    asyncio.run(main())


def test_span_is_current_for_the_request_only(telemetry: Telemetry, openrouter: Simulator) -> None:
    """HTTP spans are children of our span; while the caller reads the stream, the caller's own span is current."""
    current: list[trace.Span] = []

    class Transport(httpx.Client):  # type: ignore[misc] - one of two libraries
        def send(self, *args: Any, **kwargs: Any) -> Any:
            current.append(trace.get_current_span())
            return super().send(*args, **kwargs)

    tracer = telemetry.tracer_provider.get_tracer("caller")
    with (
        Transport() as transport,
        openai.OpenAI(base_url=openrouter.base_url("hello"), http_client=transport, **OPTIONS) as client,
        tracer.start_as_current_span("caller") as caller,
    ):
        for _ in client.chat.completions.create(**REQUEST, stream=True):
            assert trace.get_current_span() is caller
        assert trace.get_current_span() is caller
    span, _ = telemetry.raw_spans
    assert current[0].get_span_context() == span.get_span_context()
    assert span.parent == caller.get_span_context()


def test_context_after_an_error(telemetry: Telemetry, client: Make) -> None:
    """A call that raises leaves the caller's context as it was."""
    before = otel_context.get_current()
    with pytest.raises(openai.RateLimitError):
        client("rate_limited").chat.completions.create(**REQUEST)
    assert otel_context.get_current() is before


def test_samplers_see_the_request(openrouter: Simulator, client: Make) -> None:
    """The sampler gets all attributes of the request."""
    sampled: list[Mapping[str, Any]] = []

    class RecordingSampler(Sampler):
        def should_sample(self, *args: Any, **kwargs: Any) -> SamplingResult:
            attributes = kwargs.get("attributes") or args[4]
            sampled.append(dict(attributes))
            return ALWAYS_ON.should_sample(*args, **kwargs)

        def get_description(self) -> str:
            return "recording"

    telemetry = Telemetry(RecordingSampler())
    telemetry.instrument([openrouter.url])
    client("hello").chat.completions.create(**FULL_REQUEST)
    OpenRouterInstrumentor().uninstrument()
    (attributes,) = sampled
    assert attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openrouter",
        "server.address": "127.0.0.1",
        "server.port": int(openrouter.url.rpartition(":")[2]),
        "gen_ai.request.model": "openai/gpt-4o-mini",
        "gen_ai.request.temperature": 0.0,
        "gen_ai.request.max_tokens": 7,
        "gen_ai.request.top_k": 4,
        "gen_ai.conversation.id": "s-1",
        "session.id": "s-1",
        "user.id": "u-1",
        "openrouter.app.title": "Test",
        "openrouter.request.provider.order": ("azure",),
        "openrouter.request.provider.allow_fallbacks": False,
    }


def test_client_headers(telemetry: Telemetry, client: Make) -> None:
    """The default headers of the client are read too; headers of the call win."""
    headers = {"HTTP-Referer": "https://app.example", "X-Title": "Client"}
    client("hello", default_headers=headers).chat.completions.create(**REQUEST, extra_headers={"x-title": "Call"})
    attributes = telemetry.one_span().attributes or {}
    assert attributes["openrouter.app.url"] == "https://app.example"
    assert attributes["openrouter.app.title"] == "Call"


def test_suppression(telemetry: Telemetry, client: Make) -> None:
    """Each of the two suppression keys of the context disables the instrumentation for a call."""
    completions = client("hello").chat.completions
    with suppress_instrumentation():
        completions.create(**REQUEST)
    token = otel_context.attach(otel_context.set_value("suppress_language_model_instrumentation", True))
    completions.create(**REQUEST)
    otel_context.detach(token)
    assert not telemetry.raw_spans
    assert not telemetry.points()


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.models.list(),
        lambda client: client.get("/chat/completions", cast_to=object),
    ],
)
def test_other_endpoints(telemetry: Telemetry, client: Make, call: Callable[[openai.OpenAI], Any]) -> None:
    """A path that is not an inference endpoint, or another HTTP method on one, gives no span."""
    call(client("hello"))
    assert not telemetry.raw_spans


def test_other_hosts(openrouter: Simulator, client: Make) -> None:
    """A client of another host gives no spans and no metrics."""
    telemetry = Telemetry()
    telemetry.instrument([])
    client("hello").chat.completions.create(**REQUEST)
    OpenRouterInstrumentor().uninstrument()
    assert not telemetry.raw_spans
    assert not telemetry.points()


def test_absolute_url(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """A `client.post` to an absolute URL is the SDK's call if the URL is below the client's base URL."""
    telemetry.reinstrument([openrouter.url], clients="openai")
    hello = client("hello")
    hello.post(f"{openrouter.base_url('hello')}/chat/completions", cast_to=object, body=REQUEST)
    hello.post(f"{openrouter.base_url('free')}/chat/completions", cast_to=object, body=REQUEST)
    hello.post("chat/completions?x=1", cast_to=object, body=REQUEST)
    assert len(telemetry.raw_spans) == 2


def test_client_copy_and_http_response(telemetry: Telemetry, client: Make) -> None:
    """A `with_options` copy is traced like the original client; a plain HTTP response is read for its usage."""
    copy = client("hello").with_options(timeout=5)
    response = copy.post("/chat/completions", cast_to=httpx.Response, body=REQUEST)
    assert response.json()["usage"]["cost"] == 0.00014
    assert (telemetry.one_span().attributes or {})["gen_ai.usage.cost"] == 0.00014


def test_raw_stream_from_memory(telemetry: Telemetry, openrouter: Simulator) -> None:
    """A transport that responds from memory returns a closed response, which is still traced as a stream."""
    body = b"".join(
        piece for piece in CANNED_REPLIES["hello"].reply(Chat(), stream=True).pieces if isinstance(piece, bytes)
    )
    headers = {"content-type": "text/event-stream"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, headers=headers, content=body))
    with openai.OpenAI(
        base_url=openrouter.base_url("hello"), http_client=httpx.Client(transport=transport), **OPTIONS
    ) as client:
        raw = client.chat.completions.with_raw_response.create(**REQUEST, stream=True)
        assert raw.http_response.is_closed
        assert not telemetry.raw_spans
        assert len(list(raw.parse())) == 4
    assert (telemetry.one_span().attributes or {})["gen_ai.usage.cost"] == 0.00014


def test_options_of_the_caller_are_unchanged(telemetry: Telemetry, client: Make) -> None:
    """Options that the caller passes to `client.request` repeatedly are not modified."""
    hello = client("hello")
    options = FinalRequestOptions.construct(method="post", url="/chat/completions", json_data=REQUEST)
    before = options.post_parser
    for _ in range(2):
        hello.request(ChatCompletion, options)
    hello.request(cast_to=ChatCompletion, options=options)
    assert options.post_parser is before
    assert len(telemetry.raw_spans) == 3


def test_body_that_is_not_an_object(telemetry: Telemetry, client: Make) -> None:
    """A body that is not a JSON object is sent, and gives no request attributes."""
    options = FinalRequestOptions.construct(method="post", url="/chat/completions", json_data=["odd"])
    client("hello").request(ChatCompletion, options)
    span = telemetry.one_span()
    assert span.name == "chat"
    assert (span.attributes or {})["gen_ai.usage.cost"] == 0.00014


def test_uninstrument(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """After `uninstrument()` the SDK's classes are restored, also for existing clients; an open stream still ends its span."""
    hello = client("hello")
    request = hello.request
    stream = hello.chat.completions.create(**REQUEST, stream=True)
    OpenRouterInstrumentor().uninstrument()
    assert "request" not in vars(openai.OpenAI)
    assert "request" not in vars(openai.AsyncOpenAI)
    hello.chat.completions.create(**REQUEST)
    request(ChatCompletion, FinalRequestOptions.construct(method="post", url="/chat/completions", json_data=REQUEST))
    assert not telemetry.raw_spans
    list(stream)
    assert (telemetry.one_span().attributes or {})["gen_ai.usage.cost"] == 0.00014
    telemetry.instrument([openrouter.url])
    hello.chat.completions.create(**REQUEST)
    assert len(telemetry.raw_spans) == 2


def test_uninstrument_below_another_wrapper(
    telemetry: Telemetry, client: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrapper installed above ours stays installed after `uninstrument()`, and ours only calls through."""
    request: Any = openai.OpenAI.request
    calls: list[str] = []

    def other_wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        calls.append("other")
        return request(self, *args, **kwargs)

    monkeypatch.setattr(openai.OpenAI, "request", other_wrapper)
    OpenRouterInstrumentor().uninstrument()
    client("hello").chat.completions.create(**REQUEST)
    assert calls == ["other"]
    assert not telemetry.raw_spans
    monkeypatch.undo()
    monkeypatch.delattr(openai.OpenAI, "request", raising=False)


def test_uninstrument_restores_an_earlier_method(openrouter: Simulator, client: Make) -> None:
    """A `request` method that the class had before is restored."""

    def earlier(self: Any, *args: Any, **kwargs: Any) -> Any:
        parent: Any = super(openai.OpenAI, self)
        return parent.request(*args, **kwargs)

    setattr(openai.OpenAI, "request", earlier)  # noqa: B010 - a method, to the type checker
    telemetry = Telemetry()
    telemetry.instrument([openrouter.url])
    client("hello").chat.completions.create(**REQUEST)
    OpenRouterInstrumentor().uninstrument()
    assert vars(openai.OpenAI)["request"] is earlier
    del openai.OpenAI.request
    telemetry.one_span()


@pytest.mark.skipif(not HAS_HELPERS, reason="this SDK has no chat.completions.parse")
@pytest.mark.parametrize("style", ["parse", "async parse", "helper", "async helper"])
@pytest.mark.parametrize(
    ("scenario", "raised"), [("too_long", "LengthFinishReasonError"), ("filtered", "ContentFilterFinishReasonError")]
)
def test_failed_parse_keeps_the_cost(
    telemetry: Telemetry, openrouter: Simulator, style: str, scenario: str, raised: str
) -> None:
    """A response that `.parse()` rejects has its cost on the span."""
    type_, _, _ = outcome(STYLES[style], openrouter.base_url(scenario), REQUEST)
    assert type_.__name__ == raised
    span = telemetry.one_span()
    attributes = span.attributes or {}
    assert attributes["gen_ai.usage.cost"] == 0.00014
    if "parse" in style:  # the helper raises after the stream has ended without error
        assert attributes["error.type"] == f"openai.{raised}"
        assert span.status.status_code.name == "ERROR"
        assert span.status.description is None


class City(pydantic.BaseModel):
    """The model into which the response is parsed."""

    city: str


@pytest.mark.skipif(not HAS_HELPERS, reason="this SDK has no chat.completions.parse")
def test_parse_error_has_no_content(telemetry: Telemetry, client: Make) -> None:
    """An exception whose text quotes the response is recorded by its type only."""
    with pytest.raises(pydantic.ValidationError, match="Hello"):
        client("hello").chat.completions.parse(**REQUEST, response_format=City)
    span = telemetry.one_span()
    assert (span.attributes or {})["error.type"] == f"{pydantic.ValidationError.__module__}.ValidationError"
    assert span.status.description is None
    assert not span.events


@pytest.mark.skipif(not HAS_HELPERS, reason="this SDK has no chat.completions.parse")
def test_parse_into_a_model(telemetry: Telemetry, client: Make) -> None:
    """The caller's `response_format` is parsed after our parser has read the response."""
    completion = client("answer_as_json").chat.completions.parse(**REQUEST, response_format=City)
    assert completion.choices[0].message.parsed == City(city="Paris")
    assert (telemetry.one_span().attributes or {})["gen_ai.output.type"] == "json"


FAILING: Mapping[str, tuple[Any, str]] = {
    "finding the operation": (stainless, "operation_at"),
    "merging the body": (stainless_sdk.SDK, "merged_body"),
    "starting the call": (base, "start_call"),
    "copying the options": (None, "copy_options"),
    "attaching the context": (base.Exchange, "send"),
    "reading a whole body": (_operations.Operation, "fold_body"),
    "reading a chunk": (_operations.Operation, "fold_chunk"),
    "reading the response": (call, "response_attributes"),
    "reading the usage": (response, "usage_attributes"),
    "reading an error": (call, "error_from_exception"),
    "recording the metrics": (metrics.CallMetrics, "record_end"),
    "reading the context": (call_context.CallContexts, "current"),
    "ending the call": (call.Call, "_finish"),
    "tracking a response": (open_responses.OpenResponses, "track"),
    "reading the headers": (open_responses, "fold_headers"),
    "reading the attributes of an error": (errors.ErrorInfo, "attributes"),
}


@pytest.mark.internal_error
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("step", FAILING)
def test_internal_error_does_not_affect_the_call(
    telemetry: Telemetry,
    openrouter: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    step: str,
    style: str,
) -> None:
    """After an internal error in any step the caller gets the same result as without us, and a warning is logged."""
    scenario = "bad_gateway" if "error" in step else "hello"
    raised = 0

    def broken(*_: Any, **__: Any) -> Any:
        nonlocal raised
        raised += 1
        raise ZeroDivisionError("internal detail")

    owner, name = FAILING[step]
    if owner is None:
        instrumentation: Any = OpenRouterInstrumentor()._instrumentations[0]
        owner = instrumentation._sdk
    monkeypatch.setattr(owner, name, broken)
    result = outcome(STYLES[style], openrouter.base_url(scenario), REQUEST)
    monkeypatch.undo()
    warnings = [
        record for record in caplog.records if record.levelno >= logging.WARNING and "openrouter" in record.name
    ]
    assert len({record.getMessage() for record in warnings}) == len(warnings) <= 2
    assert bool(warnings) is bool(raised)
    assert "internal detail" not in "".join(record.getMessage() for record in warnings)
    OpenRouterInstrumentor().uninstrument()
    assert result == outcome(STYLES[style], openrouter.base_url(scenario), REQUEST)
    assert otel_context.get_current() == {}


@pytest.mark.internal_error
def test_internal_error_in_a_chunk(telemetry: Telemetry, client: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an internal error in a chunk no more chunks are read, and the span keeps the attributes of the headers."""
    calls = 0

    def broken(*_: Any) -> None:
        nonlocal calls
        calls += 1
        raise ZeroDivisionError

    monkeypatch.setattr(_operations.Operation, "fold_chunk", broken)
    chunks = list(client("hello").chat.completions.create(**REQUEST, stream=True))
    assert (len(chunks), calls) == (4, 1)
    attributes = telemetry.one_span().attributes or {}
    assert attributes["gen_ai.response.id"] == HELLO["gen_ai.response.id"]


@pytest.mark.internal_error
def test_internal_error_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """The first internal error of a function logs a warning; later ones, and the traceback, are logged at debug level."""

    @_guard.guarded
    def failing() -> None:
        raise ZeroDivisionError

    for _ in range(3):
        assert failing() is None
    levels = [record.levelname for record in caplog.records if record.name == _guard.logger.name]
    assert levels == ["WARNING", "DEBUG", "DEBUG", "DEBUG"]
    assert "ZeroDivisionError" in caplog.text


def test_uninstrument_without_instrument() -> None:
    """`uninstrument()` without an earlier `instrument()` does nothing."""
    OpenRouterInstrumentor()._uninstrument()


# Tracebacks: docs/compatibility.md names the frames.


def _sync_error(base_url: str, *, stream: bool) -> BaseException:
    with (
        openai.OpenAI(base_url=base_url, **OPTIONS) as client,
        pytest.raises(openai.APIError) as raised,
    ):
        result: Any = client.chat.completions.create(**REQUEST, stream=stream)
        list(result)
    return raised.value


def _async_error(base_url: str, *, stream: bool) -> BaseException:
    async def main() -> None:
        async with openai.AsyncOpenAI(base_url=base_url, **OPTIONS) as client:
            result: Any = await client.chat.completions.create(**REQUEST, stream=stream)
            async for _ in result:
                pass

    with pytest.raises(openai.APIError) as raised:
        asyncio.run(main())
    return raised.value


def _read_error(base_url: str, *, stream: bool) -> BaseException:
    with (
        openai.OpenAI(base_url=base_url, **OPTIONS) as client,
        client.chat.completions.with_streaming_response.create(**REQUEST, stream=stream) as response,
        pytest.raises(httpx.HTTPError) as raised,
    ):
        response.read()
    return raised.value


def _frames(error: BaseException) -> list[tuple[str, str]]:
    return [(frame.filename, frame.name) for frame in traceback.extract_tb(error.__traceback__)]


@pytest.mark.parametrize(
    ("fail", "scenario", "stream", "added"),
    [
        (_sync_error, "rate_limited", False, ["base.py _wrap_request"]),
        (_async_error, "rate_limited", False, ["base.py _wrap_request_async"]),
        (_sync_error, "error_in_stream", True, ["streams.py wrap_iterator"]),
        (_async_error, "error_in_stream", True, ["streams.py wrap_async_iterator"]),
        (_read_error, "cut", False, ["streams.py reading"]),
    ],
    ids=["request", "async request", "stream", "async stream", "body"],
)
def test_added_frames(
    telemetry: Telemetry,
    openrouter: Simulator,
    fail: Callable[..., BaseException],
    scenario: str,
    stream: bool,
    added: list[str],
) -> None:
    """A traceback has one frame of ours, which is documented; the other frames are the same without us."""
    instrumented = _frames(fail(openrouter.base_url(scenario), stream=stream))
    OpenRouterInstrumentor().uninstrument()
    plain = _frames(fail(openrouter.base_url(scenario), stream=stream))
    own = [(file, name) for file, name in instrumented if "instrumentation/openrouter/" in file]
    assert [f"{file.rpartition('/')[2]} {name}" for file, name in own] == added
    assert [frame for frame in instrumented if frame not in own and "wrapt" not in frame[0]] == plain


def test_added_frame_for_another_host(telemetry: Telemetry, openrouter: Simulator) -> None:
    """An exception of a call to another host passes through the same frame."""
    telemetry.reinstrument()
    names = [name for _, name in _frames(_sync_error(openrouter.base_url("rate_limited"), stream=False))]
    assert names.count("_wrap_request") == 1
    assert not telemetry.raw_spans
