"""However a stream or a call ends, its span ends once, with the error or the cancellation that ended it."""

import asyncio
import contextlib
import contextvars
import gc
import threading
from collections.abc import Callable, Generator, Mapping
from types import SimpleNamespace
from typing import Any, Final

import openai
import pytest
from openai._models import FinalRequestOptions
from openai._response import BaseAPIResponse
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from opentelemetry import context as otel_context
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._clients.drop_watcher import WATCHER
from opentelemetry.instrumentation.openrouter._clients.stainless_sdk import SDK
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from tests.calling_styles import OPTIONS
from tests.scenarios import REQUEST
from tests.simulator import CANNED_REPLIES, Chat, Reply, Simulator
from tests.telemetry import Telemetry, tick_at_each_reading

Make = Callable[..., openai.OpenAI]
CANCELLED = "openrouter.stream.cancelled"
HAS_RETRY_COUNT: Final = "retries_taken" in BaseAPIResponse.__annotations__
"""Whether the SDK exposes the number of retries; older releases do not."""


class CallersError(Exception):
    """An exception of the caller's own code."""


def _stream(client: openai.OpenAI) -> openai.Stream[Any]:
    return client.chat.completions.create(**REQUEST, stream=True)


def _open_responses() -> list[Any]:
    return list(WATCHER)


def _attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def _seconds(span: ReadableSpan) -> float:
    assert span.start_time is not None
    assert span.end_time is not None
    return (span.end_time - span.start_time) / 1e9


def _check_cancelled(span: ReadableSpan) -> ReadableSpan:
    """Check the span of a stream that the caller left early: no error, and the attributes of the chunks so far."""
    attributes = _attributes(span)
    assert span.status.status_code.name == "UNSET"
    assert attributes[CANCELLED] is True
    assert attributes["gen_ai.response.id"] == "gen-1762179802-UN8pkJI4AGZvryk0kFnb"
    assert "gen_ai.usage.cost" not in attributes
    was_read = "gen_ai.response.model" in attributes
    assert attributes.get("gen_ai.response.finish_reasons") == (("error",) if was_read else None)
    return span


def _break_in_with(client: openai.OpenAI) -> None:
    with _stream(client) as stream:
        for _ in stream:
            break


def _close(client: openai.OpenAI) -> None:
    stream = _stream(client)
    next(stream)
    stream.close()
    stream.close()


def _close_response(client: openai.OpenAI) -> None:
    stream = _stream(client)
    next(stream)
    stream.response.close()


def _raise_in_with(client: openai.OpenAI) -> None:
    with contextlib.suppress(CallersError), _stream(client) as stream:
        for _ in stream:
            raise CallersError


def _never_read_in_with(client: openai.OpenAI) -> None:
    with _stream(client):
        pass


def _close_callers_generator(client: openai.OpenAI) -> None:
    def chunks() -> Generator[Any]:
        with _stream(client) as stream:
            yield from stream

    generator = chunks()
    next(generator)
    generator.close()


def _close_raw(client: openai.OpenAI) -> None:
    client.chat.completions.with_raw_response.create(**REQUEST, stream=True).http_response.close()


def _never_read_streaming_response(client: openai.OpenAI) -> None:
    with client.chat.completions.with_streaming_response.create(**REQUEST, stream=True):
        pass


@pytest.mark.parametrize(
    "leave",
    [
        _break_in_with,
        _close,
        _close_response,
        _raise_in_with,
        _never_read_in_with,
        _close_callers_generator,
        _close_raw,
        _never_read_streaming_response,
    ],
)
def test_left_early(telemetry: Telemetry, client: Make, leave: Callable[[openai.OpenAI], None]) -> None:
    """A stream that the caller closes early ends its span at once."""
    leave(client("slow"))
    _check_cancelled(telemetry.one_span())


def test_resumed_after_break(telemetry: Telemetry, client: Make) -> None:
    """A stream that the caller goes on reading after a `break` ends its span at its own end, with the usage."""
    stream = _stream(client("hello"))
    for _ in stream:
        break
    rest = list(stream)
    assert len(rest) == 3
    attributes = _attributes(telemetry.one_span())
    assert attributes["gen_ai.usage.cost"] == 0.00014
    assert CANCELLED not in attributes


def test_left_after_the_usage(telemetry: Telemetry, client: Make) -> None:
    """A stream that the caller leaves after the usage chunk is not cancelled, and has its cost."""
    with _stream(client("hello")) as stream:
        for chunk in stream:
            if chunk.usage:
                break
    attributes = _attributes(telemetry.one_span())
    assert attributes["gen_ai.usage.cost"] == 0.00014
    assert CANCELLED not in attributes


def test_lines_of_a_streaming_response(telemetry: Telemetry, client: Make) -> None:
    """A streaming response that is read as raw lines gives a span with the attributes of the headers."""
    with client("served_elsewhere").chat.completions.with_streaming_response.create(**REQUEST, stream=True) as response:
        assert len(list(response.iter_lines())) > 3
    attributes = _attributes(telemetry.one_span())
    assert attributes["gen_ai.response.id"] == "gen-1762179802-UN8pkJI4AGZvryk0kFnb"
    assert attributes["openrouter.provider.name"] == "DeepInfra"
    assert CANCELLED not in attributes


def test_body_read_in_pieces(telemetry: Telemetry, client: Make) -> None:
    """A JSON body in place of a stream can be read in pieces of the caller's size."""
    stream = _stream(client("error_instead_of_stream"))
    pieces = list(stream.response.iter_bytes(10))
    assert {len(piece) for piece in pieces[:-1]} == {10}
    stream.close()
    telemetry.one_span()


def test_broken_connection(telemetry: Telemetry, client: Make) -> None:
    """A connection that breaks within a stream is an error with the type `connection`."""
    with pytest.raises(Exception, match=r"."):
        list(_stream(client("cut")))
    span = telemetry.one_span()
    assert span.status.status_code.name == "ERROR"
    attributes = _attributes(span)
    assert attributes["error.type"] == "connection"
    assert attributes["gen_ai.response.model"] == "openai/gpt-4o-mini"
    assert attributes["gen_ai.response.finish_reasons"] == ("error",)
    assert CANCELLED not in attributes


@pytest.mark.parametrize("streaming_response", [False, True])
def test_broken_connection_in_a_body(telemetry: Telemetry, client: Make, streaming_response: bool) -> None:
    """A connection that breaks within a body is an error, also if the caller reads the body later."""
    completions = client("cut").chat.completions
    with pytest.raises(Exception, match=r"."):
        if streaming_response:
            with completions.with_streaming_response.create(**REQUEST) as response:
                response.parse()
        else:
            completions.create(**REQUEST)
    span = telemetry.one_span()
    assert _attributes(span)["error.type"] == "connection"
    assert span.status.status_code.name == "ERROR"


def test_unreachable_server(telemetry: Telemetry, openrouter: Simulator) -> None:
    """An unreachable server gives a connection error, with the SDK's constant message."""
    OpenRouterInstrumentor().uninstrument()
    telemetry.instrument(["http://127.0.0.1:9"])
    with (
        openai.OpenAI(base_url="http://127.0.0.1:9/api/v1", **OPTIONS) as client,
        pytest.raises(openai.APIConnectionError) as raised,
    ):
        client.chat.completions.create(**REQUEST)
    span = telemetry.one_span()
    assert _attributes(span)["error.type"] == "connection"
    assert span.status.description == raised.value.message == "Connection error."


def test_client_timeout(telemetry: Telemetry, client: Make) -> None:
    """A timeout of the client gives an error with the type `timeout`."""
    with pytest.raises(openai.APITimeoutError):
        client("hanging").chat.completions.create(**REQUEST, timeout=0.1)
    assert _attributes(telemetry.one_span())["error.type"] == "timeout"


RETRIED_STYLES: Final[Mapping[str, Callable[[openai.OpenAI], object]]] = {
    "plain": lambda client: client.chat.completions.create(**REQUEST),
    "raw": lambda client: client.chat.completions.with_raw_response.create(**REQUEST).parse(),
    "raw unparsed": lambda client: client.chat.completions.with_raw_response.create(**REQUEST),
    "stream": lambda client: list(client.chat.completions.create(**REQUEST, stream=True)),
    "raw stream": lambda client: list(client.chat.completions.with_raw_response.create(**REQUEST, stream=True).parse()),
    "post": lambda client: client.post("/chat/completions", cast_to=object, body=REQUEST),
}


@pytest.mark.parametrize("style", RETRIED_STYLES.values(), ids=RETRIED_STYLES)
def test_retries_are_one_call(
    telemetry: Telemetry, client: Make, openrouter: Simulator, style: Callable[[openai.OpenAI], object]
) -> None:
    """The SDK's retries are part of one call: one span with the retry count, and no error if a retry succeeds."""
    openrouter.verbatim["flaky"] = [
        CANNED_REPLIES["internal"].reply(Chat(), stream=False),
        CANNED_REPLIES["hello"].reply(Chat(), stream=style in (RETRIED_STYLES["stream"], RETRIED_STYLES["raw stream"])),
    ]
    style(client("flaky", max_retries=1))
    span = telemetry.one_span()
    assert span.status.status_code.name == "UNSET"
    assert _attributes(span)["gen_ai.usage.cost"] == 0.00014
    assert _attributes(span).get("openrouter.request.retry_count") == (1 if HAS_RETRY_COUNT else None)


def test_failed_retries(telemetry: Telemetry, client: Make, openrouter: Simulator) -> None:
    """The span of a call that fails after its retries has the retry count."""
    with pytest.raises(openai.InternalServerError):
        client("internal", max_retries=1).chat.completions.create(**REQUEST)
    assert _attributes(telemetry.one_span()).get("openrouter.request.retry_count") == (1 if HAS_RETRY_COUNT else None)
    with pytest.raises(openai.APIConnectionError):
        client("cut", max_retries=1).chat.completions.create(**REQUEST)
    attributes = _attributes(telemetry.raw_spans[-1])
    assert attributes["error.type"] == "connection"
    assert attributes.get("openrouter.request.retry_count") == (1 if HAS_RETRY_COUNT else None)


def _async_client(openrouter: Simulator, scenario: str) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=openrouter.base_url(scenario), **OPTIONS)


@pytest.mark.parametrize("how", ["close", "response", "with", "raise", "unread"])
def test_async_left_early(telemetry: Telemetry, openrouter: Simulator, how: str) -> None:
    """An async stream that the caller leaves early ends its span at once."""

    async def main() -> None:
        async with _async_client(openrouter, "slow") as client:
            stream = await client.chat.completions.create(**REQUEST, stream=True)
            if how == "unread":
                await stream.close()
                return
            await stream.__anext__()
            if how == "close":
                await stream.close()
            elif how == "response":
                await stream.response.aclose()
            elif how == "with":
                async with stream:
                    async for _ in stream:
                        break
            else:
                with contextlib.suppress(CallersError):
                    async with stream:
                        raise CallersError
            assert not telemetry.started.open

    asyncio.run(main())
    _check_cancelled(telemetry.one_span())


@pytest.mark.parametrize("phase", ["request", "stream"])
def test_cancelled_task(telemetry: Telemetry, openrouter: Simulator, phase: str) -> None:
    """The call of a cancelled task ends with the error type `cancelled`, and the cancellation is raised."""
    responded = asyncio.Event()

    async def call() -> None:
        async with _async_client(openrouter, "hanging") as client:
            if phase == "request":
                await client.chat.completions.create(**REQUEST)
            else:
                stream = await client.chat.completions.create(**REQUEST, stream=True)
                responded.set()
                async for _ in stream:
                    pass

    async def main() -> None:
        openrouter.received.clear()
        task = asyncio.create_task(call())
        while not (openrouter.received if phase == "request" else responded.is_set()):  # noqa: ASYNC110 - another thread sets it
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)  # the task now waits for the response or for the first chunk
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    span = telemetry.one_span()
    assert span.status.status_code.name == "ERROR"
    attributes = _attributes(span)
    assert attributes["error.type"] == "cancelled"
    assert attributes.get(CANCELLED, False) is (phase == "stream")


def test_fifty_concurrent_streams(telemetry: Telemetry, openrouter: Simulator) -> None:
    """Concurrent streams of one client have separate spans, each with its own cost."""

    async def one(client: openai.AsyncOpenAI) -> None:
        async for _ in await client.chat.completions.create(**REQUEST, stream=True):
            pass

    async def main() -> None:
        async with _async_client(openrouter, "hello") as client:
            await asyncio.gather(*(one(client) for _ in range(50)))

    asyncio.run(main())
    assert not telemetry.started.open
    assert len(telemetry.raw_spans) == 50
    assert {span.parent for span in telemetry.raw_spans} == {None}
    assert [_attributes(span)["gen_ai.usage.cost"] for span in telemetry.raw_spans] == [0.00014] * 50


def test_threads(telemetry: Telemetry, client: Make) -> None:
    """Threads that share a client have separate spans, and the metrics count all calls."""
    hello = client("hello")

    def work() -> None:
        for _ in range(5):
            hello.chat.completions.create(**REQUEST)
            list(_stream(hello))

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not telemetry.started.open
    assert len(telemetry.raw_spans) == 160
    ((_, count, total),) = telemetry.points()["gen_ai.usage.cost"]
    assert count == 160
    assert total == pytest.approx(160 * 0.00014)


class CollectingProcessor(SpanProcessor):
    """Runs the garbage collector while it holds a non-reentrant lock, as can happen anywhere in an exporter."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def on_end(self, span: ReadableSpan) -> None:
        with self._lock:
            gc.collect()


def test_finaliser_while_the_sdk_holds_a_lock(telemetry: Telemetry, client: Make) -> None:
    """The finaliser of a stream, which may run while the telemetry SDK holds a lock, does not need that lock."""
    telemetry.tracer_provider.add_span_processor(CollectingProcessor())
    slow, hello = client("slow"), client("hello")

    def main() -> None:
        next(_stream(slow))  # not referenced any more, but part of a reference cycle
        hello.chat.completions.create(**REQUEST)  # collects it when the span of this call ends
        hello.chat.completions.create(**REQUEST)  # ends its span

    gc.collect()
    gc.disable()
    thread = threading.Thread(target=main, daemon=True)
    thread.start()
    thread.join(60)
    gc.enable()
    assert not thread.is_alive(), "deadlock"
    assert not telemetry.started.open
    assert len(telemetry.raw_spans) == 3


def test_long_stream_uses_bounded_memory(telemetry: Telemetry, client: Make) -> None:
    """The number of stored chunk times is bounded in a long stream, and every gap is recorded."""
    largest = 0
    for _ in _stream(client("long")):
        (opened,) = _open_responses()
        largest = max(largest, len(opened.call.timer.chunk_times))
    assert largest < 1202 / 2
    ((_, count, _),) = telemetry.points()["gen_ai.client.operation.time_per_output_chunk"]
    assert count == 1201
    assert not _open_responses()


def test_open_streams_at_interpreter_exit(telemetry: Telemetry, client: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that is open when the interpreter exits ends its span at the last chunk; later reads change nothing."""
    tick_at_each_reading(monkeypatch)
    stream = _stream(client("slow"))
    next(stream)
    instrumentation: Any = OpenRouterInstrumentor()._instrumentations[0]
    (opened,) = _open_responses()
    instrumentation.responses.end_all()
    assert _seconds(_check_cancelled(telemetry.one_span())) == 2
    instrumentation.responses.end_all()
    opened.end_at_last_activity()
    next(stream)
    stream.close()
    telemetry.one_span()


def test_callers_parser_raises_for_a_stream(telemetry: Telemetry, client: Make) -> None:
    """A parser of the caller that raises for a stream ends the call with an error; the end of the stream adds nothing."""

    def failing_parser(_: Any) -> Any:
        raise CallersError

    options = FinalRequestOptions.construct(
        method="post", url="/chat/completions", json_data={**REQUEST, "stream": True}
    )
    options.post_parser = failing_parser
    with pytest.raises(CallersError):
        client("slow").request(ChatCompletionChunk, options, stream=True, stream_cls=openai.Stream[ChatCompletionChunk])
    assert _attributes(telemetry.one_span())["error.type"] == "tests.integration.test_stream_endings.CallersError"
    gc.collect()
    client("hello").chat.completions.create(**REQUEST)
    assert len(telemetry.raw_spans) == 2


def test_async_broken_connection_in_a_body(telemetry: Telemetry, openrouter: Simulator) -> None:
    """A connection that breaks while the caller reads the body is an error of the call, in the async client too."""

    async def main() -> None:
        async with (
            _async_client(openrouter, "cut") as client,
            client.chat.completions.with_streaming_response.create(**REQUEST) as response,
        ):
            await response.parse()

    with pytest.raises(Exception, match=r"."):
        asyncio.run(main())
    assert _attributes(telemetry.one_span())["error.type"] == "connection"


@pytest.mark.parametrize("other_context", [False, True])
def test_closed_coroutine(
    telemetry: Telemetry, openrouter: Simulator, caplog: pytest.LogCaptureFixture, other_context: bool
) -> None:
    """A coroutine that is closed before the response ends its call as cancelled and restores the context."""

    async def main() -> None:
        async with _async_client(openrouter, "hanging") as client:
            coroutine: Any = client.chat.completions.create(**REQUEST)
            context = otel_context.get_current()
            started_in = contextvars.copy_context() if other_context else None
            started_in.run(coroutine.send, None) if started_in is not None else coroutine.send(None)
            coroutine.close()
            assert otel_context.get_current() == context

    asyncio.run(main())
    assert _attributes(telemetry.one_span())["error.type"] == "cancelled"
    assert "detach" not in caplog.text


def test_error_event_of_another_exception() -> None:
    """An exception that was not raised by a stream has no error event."""
    assert SDK("openai", ("OpenAI", "AsyncOpenAI"), "data").error_event(CallersError()) is None


class UnreadableError(Exception):
    """An exception whose attributes raise, as httpx exceptions without a request do."""

    @property
    def request(self) -> Any:
        raise RuntimeError("The .request property has not been set.")

    response = request


@pytest.mark.internal_error
def test_exception_that_cannot_be_read(telemetry: Telemetry, client: Make) -> None:
    """An exception whose attributes raise ends the call, and the caller gets the same exception object."""

    def failing_parser(_: object) -> object:
        raise error

    error = UnreadableError("mine")
    options = FinalRequestOptions.construct(method="post", url="/chat/completions", json_data=REQUEST)
    options.post_parser = failing_parser
    with pytest.raises(UnreadableError) as raised:
        client("hello").request(ChatCompletion, options)
    assert raised.value is error
    span = telemetry.one_span()
    assert _attributes(span)["error.type"] == f"{UnreadableError.__module__}.UnreadableError"
    assert _attributes(span)["gen_ai.usage.cost"] == 0.00014


class UnreadResponseError(Exception):
    """An exception of the caller with a response, as the SDK's exceptions have, that was not read."""

    response: Any = SimpleNamespace(headers=None, is_stream_consumed=False)


def test_exception_with_an_unread_response(telemetry: Telemetry, client: Make) -> None:
    """The instrumentation does not read the unread response of an exception."""
    options = FinalRequestOptions.construct(method="post", url="/chat/completions", json_data=REQUEST)

    def failing_parser(_: object) -> object:
        raise UnreadResponseError

    options.post_parser = failing_parser
    with pytest.raises(UnreadResponseError):
        client("hello").request(ChatCompletion, options)
    assert _attributes(telemetry.one_span())["error.type"] == f"{UnreadResponseError.__module__}.UnreadResponseError"


DEEP: Final[Any] = "[" * 2000 + "]" * 2000
ANSWER: Final = '{"choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": %s}}]}'


@pytest.mark.parametrize("capture", ["no_content", "span_only"])
@pytest.mark.parametrize("field", ["content", "tool_calls", "annotations"])
def test_deep_content_keeps_the_span(
    telemetry: Telemetry, openrouter: Simulator, client: Make, capture: str, field: str
) -> None:
    """A message that is nested deeper than Python can recurse ends its span, whether or not content is captured."""
    telemetry.reinstrument([openrouter.url], capture_content=capture)
    body = ANSWER % f'"Hi", "{field}": [{{"type": "file", "file": {{"content": {DEEP}}}}}]'
    openrouter.verbatim["deep"] = Reply([body.encode()])
    with contextlib.suppress(RecursionError):  # newer interpreters parse it
        client("deep").chat.completions.with_raw_response.create(**REQUEST)
    assert "gen_ai.request.model" in _attributes(telemetry.one_span())
