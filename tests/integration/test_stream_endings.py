"""Every way a stream or a call can end gives one ended span, and says truly how it ended."""

import asyncio
import contextlib
import contextvars
import gc
import threading
import time
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
from opentelemetry.instrumentation.openrouter._clients import stainless
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from tests.calling_styles import OPTIONS
from tests.scenarios import REQUEST
from tests.simulator import CANNED_REPLIES, Chat, Simulator
from tests.telemetry import Telemetry

Make = Callable[..., openai.OpenAI]
LEFT = "openrouter.stream.cancelled"
TELLS_RETRIES: Final = "retries_taken" in BaseAPIResponse.__annotations__
"""Older SDKs do not tell how often they tried."""


class CallersError(Exception):
    """What the caller's own code raises."""


def _stream(client: openai.OpenAI) -> openai.Stream[Any]:
    return client.chat.completions.create(**REQUEST, stream=True)


def _attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


def _ended_before(span: ReadableSpan, wall: int) -> bool:
    """Whether the span ended before the wall clock showed *wall*, within what two clocks may differ by."""
    assert span.end_time is not None
    return span.end_time < wall + 10_000_000


def _left_early(span: ReadableSpan) -> ReadableSpan:
    """The caller left, which is no error, and what was known is kept."""
    attributes = _attributes(span)
    assert span.status.status_code.name == "UNSET"
    assert attributes[LEFT] is True
    assert attributes["gen_ai.response.id"] == "gen-1762179802-UN8pkJI4AGZvryk0kFnb"
    assert "gen_ai.usage.cost" not in attributes
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
    def words() -> Generator[Any]:
        with _stream(client) as stream:
            yield from stream

    generator = words()
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
    """A stream that its caller closes is ended at once."""
    leave(client("slow"))
    _left_early(telemetry.one_span())


def _hold_and_read_one(client: openai.OpenAI) -> object:
    stream = _stream(client)
    for _ in stream:
        break
    return stream


def _hold_unread(client: openai.OpenAI) -> object:
    return _stream(client)


def _hold_raw(client: openai.OpenAI) -> object:
    return client.chat.completions.with_raw_response.create(**REQUEST, stream=True)


def _hold_parsed_raw(client: openai.OpenAI) -> object:
    stream: Any = client.chat.completions.with_raw_response.create(**REQUEST, stream=True).parse()
    next(stream)
    return stream


@pytest.mark.parametrize("hold", [_hold_and_read_one, _hold_unread, _hold_raw, _hold_parsed_raw])
def test_dropped(telemetry: Telemetry, client: Make, hold: Callable[[openai.OpenAI], object]) -> None:
    """A stream that is left and dropped is ended by the next call, as of its last chunk."""
    slow = client("slow")
    held = hold(slow)
    last_seen = time.time_ns()
    time.sleep(0.2)
    gc.collect()
    client("hello").chat.completions.create(**REQUEST)
    assert len(telemetry.raw_spans) == 1, "held by its caller: it may still be read"
    del held
    gc.collect()
    client("hello").chat.completions.create(**REQUEST)
    assert not telemetry.started.open
    _, dropped, _ = telemetry.raw_spans
    assert _ended_before(_left_early(dropped), last_seen)


def test_resumed_after_break(telemetry: Telemetry, client: Make) -> None:
    """A loop that is left may be taken up again: the span waits, and is whole."""
    stream = _stream(client("hello"))
    for _ in stream:
        break
    rest = list(stream)
    assert len(rest) == 3
    attributes = _attributes(telemetry.one_span())
    assert attributes["gen_ai.usage.cost"] == 0.00014
    assert LEFT not in attributes


def test_left_after_the_usage(telemetry: Telemetry, client: Make) -> None:
    """Who leaves when all is said has lost nothing."""
    with _stream(client("hello")) as stream:
        for chunk in stream:
            if chunk.usage:
                break
    attributes = _attributes(telemetry.one_span())
    assert attributes["gen_ai.usage.cost"] == 0.00014
    assert LEFT not in attributes


def test_lines_of_a_streaming_response(telemetry: Telemetry, client: Make) -> None:
    """Who reads the lines alone gets a span with what the headers tell."""
    with client("served_elsewhere").chat.completions.with_streaming_response.create(**REQUEST, stream=True) as response:
        assert len(list(response.iter_lines())) > 3
    attributes = _attributes(telemetry.one_span())
    assert attributes["gen_ai.response.id"] == "gen-1762179802-UN8pkJI4AGZvryk0kFnb"
    assert attributes["openrouter.provider.name"] == "DeepInfra"
    assert LEFT not in attributes


def test_body_read_by_hand(telemetry: Telemetry, client: Make) -> None:
    """A body that is no stream can still be read piece by piece, of the caller's own size."""
    stream = _stream(client("error_instead_of_stream"))
    pieces = list(stream.response.iter_bytes(10))
    assert {len(piece) for piece in pieces[:-1]} == {10}
    stream.close()
    telemetry.one_span()


def test_cut_connection(telemetry: Telemetry, client: Make) -> None:
    """A connection that breaks in a stream is an error of the call."""
    with pytest.raises(Exception, match=r"."):
        list(_stream(client("cut")))
    span = telemetry.one_span()
    assert span.status.status_code.name == "ERROR"
    attributes = _attributes(span)
    assert attributes["error.type"] == "connection"
    assert attributes["gen_ai.response.model"] == "openai/gpt-4o-mini"
    assert LEFT not in attributes


@pytest.mark.parametrize("streaming_response", [False, True])
def test_cut_whole_answer(telemetry: Telemetry, client: Make, streaming_response: bool) -> None:
    """A connection that breaks in a whole answer is an error too, also where the caller reads it late."""
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


def test_no_server(telemetry: Telemetry, openrouter: Simulator) -> None:
    """A server that cannot be reached is a connection error, with the SDK's own constant words."""
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
    """A timeout of the client is a timeout."""
    with pytest.raises(openai.APITimeoutError):
        client("hanging").chat.completions.create(**REQUEST, timeout=0.1)
    assert _attributes(telemetry.one_span())["error.type"] == "timeout"


FLAKY: Final[Mapping[str, Callable[[openai.OpenAI], object]]] = {
    "plain": lambda client: client.chat.completions.create(**REQUEST),
    "raw": lambda client: client.chat.completions.with_raw_response.create(**REQUEST).parse(),
    "raw unparsed": lambda client: client.chat.completions.with_raw_response.create(**REQUEST),
    "stream": lambda client: list(client.chat.completions.create(**REQUEST, stream=True)),
    "raw stream": lambda client: list(client.chat.completions.with_raw_response.create(**REQUEST, stream=True).parse()),
    "post": lambda client: client.post("/chat/completions", cast_to=object, body=REQUEST),
}


@pytest.mark.parametrize("way", FLAKY.values(), ids=FLAKY)
def test_retries_are_one_call(
    telemetry: Telemetry, client: Make, openrouter: Simulator, way: Callable[[openai.OpenAI], object]
) -> None:
    """The SDK's retries happen inside the call: one span that tells how many, and a recovered error is none."""
    openrouter.verbatim["flaky"] = [
        CANNED_REPLIES["internal"].reply(Chat(), stream=False),
        CANNED_REPLIES["hello"].reply(Chat(), stream=way in (FLAKY["stream"], FLAKY["raw stream"])),
    ]
    way(client("flaky", max_retries=1))
    span = telemetry.one_span()
    assert span.status.status_code.name == "UNSET"
    assert _attributes(span)["gen_ai.usage.cost"] == 0.00014
    assert _attributes(span).get("openrouter.request.retry_count") == (1 if TELLS_RETRIES else None)


def test_retries_in_vain(telemetry: Telemetry, client: Make, openrouter: Simulator) -> None:
    """A call that failed in the end tells how often it was tried again."""
    with pytest.raises(openai.InternalServerError):
        client("internal", max_retries=1).chat.completions.create(**REQUEST)
    assert _attributes(telemetry.one_span()).get("openrouter.request.retry_count") == (1 if TELLS_RETRIES else None)
    with pytest.raises(openai.APIConnectionError):
        client("cut", max_retries=1).chat.completions.create(**REQUEST)
    cut = _attributes(telemetry.raw_spans[-1])
    assert cut["error.type"] == "connection"
    assert cut.get("openrouter.request.retry_count") == (1 if TELLS_RETRIES else None)


def _async_client(openrouter: Simulator, scenario: str) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=openrouter.base_url(scenario), **OPTIONS)


@pytest.mark.parametrize("where", ["close", "response", "with", "raise", "unread"])
def test_async_left_early(telemetry: Telemetry, openrouter: Simulator, where: str) -> None:
    """The same for the async client."""

    async def main() -> None:
        async with _async_client(openrouter, "slow") as client:
            stream = await client.chat.completions.create(**REQUEST, stream=True)
            if where == "unread":
                await stream.close()
                return
            await stream.__anext__()
            if where == "close":
                await stream.close()
            elif where == "response":
                await stream.response.aclose()
            elif where == "with":
                async with stream:
                    async for _ in stream:
                        break
            else:
                with contextlib.suppress(CallersError):
                    async with stream:
                        raise CallersError
            assert not telemetry.started.open

    asyncio.run(main())
    _left_early(telemetry.one_span())


def test_async_dropped(telemetry: Telemetry, openrouter: Simulator) -> None:
    """A dropped async stream is ended too, at the latest by the next call."""

    async def main() -> None:
        client = _async_client(openrouter, "slow")
        stream = await client.chat.completions.create(**REQUEST, stream=True)
        async for _ in stream:
            break

    asyncio.run(main())
    gc.collect()
    OpenRouterInstrumentor().uninstrument()
    _left_early(telemetry.one_span())


@pytest.mark.parametrize("phase", ["request", "stream"])
def test_cancelled_task(telemetry: Telemetry, openrouter: Simulator, phase: str) -> None:
    """A cancelled task ends its call as cancelled, and stays cancelled."""
    answered = asyncio.Event()

    async def call() -> None:
        async with _async_client(openrouter, "hanging") as client:
            if phase == "request":
                await client.chat.completions.create(**REQUEST)
            else:
                stream = await client.chat.completions.create(**REQUEST, stream=True)
                answered.set()
                async for _ in stream:
                    pass

    async def main() -> None:
        openrouter.received.clear()
        task = asyncio.create_task(call())
        while not (openrouter.received if phase == "request" else answered.is_set()):  # noqa: ASYNC110 - a thread fills it
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)  # into the wait for the answer, or for the first chunk
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    span = telemetry.one_span()
    assert span.status.status_code.name == "ERROR"
    attributes = _attributes(span)
    assert attributes["error.type"] == "cancelled"
    assert attributes.get(LEFT, False) is (phase == "stream")


def test_fifty_at_once(telemetry: Telemetry, openrouter: Simulator) -> None:
    """Concurrent streams do not mix."""

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
    """Threads that share a client do not mix, and the metrics add up."""
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
    """Runs the garbage collector inside a lock that cannot be entered twice, as any line of an exporter may."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def on_end(self, span: ReadableSpan) -> None:
        with self._lock:
            gc.collect()


def test_finaliser_inside_a_lock(telemetry: Telemetry, client: Make) -> None:
    """A stream that dies while the telemetry SDK holds a lock must not want that lock."""
    telemetry.tracer_provider.add_span_processor(CollectingProcessor())
    slow, hello = client("slow"), client("hello")

    def main() -> None:
        next(_stream(slow))  # dropped: garbage in a cycle
        hello.chat.completions.create(**REQUEST)  # collects it when its own span ends
        hello.chat.completions.create(**REQUEST)  # ends it

    gc.collect()
    gc.disable()
    thread = threading.Thread(target=main, daemon=True)
    thread.start()
    thread.join(20)
    gc.enable()
    assert not thread.is_alive(), "deadlock"
    assert not telemetry.started.open
    assert len(telemetry.raw_spans) == 3


def test_long_stream_is_not_kept(telemetry: Telemetry, client: Make) -> None:
    """What is kept of a stream does not grow with it, and no gap is lost for that."""
    instrumentation: Any = OpenRouterInstrumentor()._instrumentations[0]
    most = 0
    for _ in _stream(client("long")):
        (hold,) = instrumentation.responses._open.values()
        most = max(most, len(hold.call.timer.chunk_times))
    assert most < 1202 / 2
    ((_, count, _),) = telemetry.points()["gen_ai.client.operation.time_per_output_chunk"]
    assert count == 1201
    assert not instrumentation.responses._open


def test_end_of_all(telemetry: Telemetry, client: Make) -> None:
    """What is still open when the interpreter exits is ended as of its last chunk; what came later changes nothing."""
    stream = _stream(client("slow"))
    next(stream)
    last_seen = time.time_ns()
    time.sleep(0.2)
    instrumentation: Any = OpenRouterInstrumentor()._instrumentations[0]
    (hold,) = instrumentation.responses._open.values()
    instrumentation.responses.end_all()
    assert _ended_before(_left_early(telemetry.one_span()), last_seen)
    instrumentation.responses.end_all()
    hold.end_at_last_activity()
    next(stream)
    stream.close()
    telemetry.one_span()


def test_callers_parser_refuses_a_stream(telemetry: Telemetry, client: Make) -> None:
    """A parser of the caller's that raises on a stream fails the call, once; the stream's own end adds nothing."""

    def refuse(_: Any) -> Any:
        raise CallersError

    options = FinalRequestOptions.construct(
        method="post", url="/chat/completions", json_data={**REQUEST, "stream": True}
    )
    options.post_parser = refuse
    with pytest.raises(CallersError):
        client("slow").request(ChatCompletionChunk, options, stream=True, stream_cls=openai.Stream[ChatCompletionChunk])
    assert _attributes(telemetry.one_span())["error.type"] == "tests.integration.test_stream_endings.CallersError"
    gc.collect()
    client("hello").chat.completions.create(**REQUEST)
    assert len(telemetry.raw_spans) == 2


def test_async_cut_whole_answer(telemetry: Telemetry, openrouter: Simulator) -> None:
    """A connection that breaks while the async caller reads is an error of the call."""

    async def main() -> None:
        async with (
            _async_client(openrouter, "cut") as client,
            client.chat.completions.with_streaming_response.create(**REQUEST) as response,
        ):
            await response.parse()

    with pytest.raises(Exception, match=r"."):
        asyncio.run(main())
    assert _attributes(telemetry.one_span())["error.type"] == "connection"


@pytest.mark.parametrize("elsewhere", [False, True])
def test_closed_coroutine(
    telemetry: Telemetry, openrouter: Simulator, caplog: pytest.LogCaptureFixture, elsewhere: bool
) -> None:
    """A request whose coroutine is closed half-way, by whom ever, is cancelled, and leaves no context behind."""

    async def main() -> None:
        async with _async_client(openrouter, "hanging") as client:
            coroutine: Any = client.chat.completions.create(**REQUEST)
            context = otel_context.get_current()
            begun = contextvars.copy_context() if elsewhere else None
            begun.run(coroutine.send, None) if begun is not None else coroutine.send(None)
            coroutine.close()
            assert otel_context.get_current() == context

    asyncio.run(main())
    assert _attributes(telemetry.one_span())["error.type"] == "cancelled"
    assert "detach" not in caplog.text


def test_event_behind_another_exception() -> None:
    """An exception that no stream raised has no event behind it."""
    assert stainless.SDK("openai", ("OpenAI", "AsyncOpenAI"), "data").error_event(CallersError()) is None


class Nasty(Exception):  # noqa: N818 - it is one
    """An exception whose members must not be looked at, as those of an HTTP library's that was given no request."""

    @property
    def request(self) -> Any:
        raise RuntimeError("The .request property has not been set.")

    response = request


@pytest.mark.internal_error
def test_an_exception_that_cannot_be_read(telemetry: Telemetry, client: Make) -> None:
    """The call ends whatever the exception is made of, and the caller gets that very one."""

    def refuse(_: object) -> object:
        raise nasty

    nasty = Nasty("mine")
    options = FinalRequestOptions.construct(method="post", url="/chat/completions", json_data=REQUEST)
    options.post_parser = refuse
    with pytest.raises(Nasty) as raised:
        client("hello").request(ChatCompletion, options)
    assert raised.value is nasty
    span = telemetry.one_span()
    assert _attributes(span)["error.type"] == f"{Nasty.__module__}.Nasty"
    assert _attributes(span)["gen_ai.usage.cost"] == 0.00014


class Unread(Exception):  # noqa: N818 - a caller's own, that holds a response as the SDK's do
    """An exception with a response that nobody read."""

    response: Any = SimpleNamespace(headers=None, is_stream_consumed=False)


def test_an_exception_with_an_unread_response(telemetry: Telemetry, client: Make) -> None:
    """What was not read is not read by us."""
    options = FinalRequestOptions.construct(method="post", url="/chat/completions", json_data=REQUEST)

    def refuse(_: object) -> object:
        raise Unread

    options.post_parser = refuse
    with pytest.raises(Unread):
        client("hello").request(ChatCompletion, options)
    assert _attributes(telemetry.one_span())["error.type"] == f"{Unread.__module__}.Unread"
