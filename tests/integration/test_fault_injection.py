"""Arbitrary responses and interrupted calls: the caller gets the same result as without us, and there is exactly one span.

Each calling style runs without and with the instrumentation, and the results are compared.
"""

import asyncio
import contextlib
import gc
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any, Final

import openai
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openai.resources.chat import Completions
from opentelemetry import context as otel_context
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor, SpanExporter, SpanExportResult

from tests.calling_styles import HAS_RESPONSES, OPTIONS
from tests.json_strategies import bodies
from tests.scenarios import REQUEST
from tests.simulator import CANNED_REPLIES, Chat, Simulator
from tests.simulator.memory import MemoryReply, async_client_of, client_of
from tests.telemetry import Telemetry

Call = Callable[[MemoryReply], Any]


def _streamed(name: str) -> tuple[bytes, ...]:
    return tuple(piece for piece in CANNED_REPLIES[name].reply(Chat(), stream=True).pieces if isinstance(piece, bytes))


HELLO: Final = _streamed("hello")
WHOLE: Final = json.dumps(Chat().body(CANNED_REPLIES["hello"])).encode()


def _create(response: MemoryReply) -> Any:
    with client_of(response) as client:
        return client.chat.completions.create(**REQUEST)


def _stream(response: MemoryReply) -> Any:
    with client_of(response) as client:
        return list(client.chat.completions.create(**REQUEST, stream=True))


def _parse(response: MemoryReply) -> Any:
    with client_of(response) as client:
        return client.chat.completions.parse(**REQUEST)


def _raw(response: MemoryReply) -> Any:
    with client_of(response) as client:
        return client.chat.completions.with_raw_response.create(**REQUEST).http_response.content


def _streaming_response(response: MemoryReply) -> Any:
    with client_of(response) as client, client.chat.completions.with_streaming_response.create(**REQUEST) as opened:
        return opened.read()


def _responses(response: MemoryReply) -> Any:
    with client_of(response) as client:
        return client.responses.create(model="m", input="Hello")


def _responses_stream(response: MemoryReply) -> Any:
    with client_of(response) as client:
        return list(client.responses.create(model="m", input="Hello", stream=True))


def _embeddings(response: MemoryReply) -> Any:
    with client_of(response) as client:
        return client.embeddings.create(model="m", input="Hello")


def _async_stream(response: MemoryReply) -> Any:
    async def main() -> Any:
        async with async_client_of(response) as client:
            return [chunk async for chunk in await client.chat.completions.create(**REQUEST, stream=True)]

    return asyncio.run(main())


HAS_PARSE: Final = hasattr(Completions, "parse")
STYLES: Final[dict[str, Call]] = {
    "create": _create,
    "raw": _raw,
    "streaming response": _streaming_response,
    "embeddings": _embeddings,
    **({"parse": _parse} if HAS_PARSE else {}),
    **({"responses": _responses} if HAS_RESPONSES else {}),
}
STREAM_STYLES: Final[dict[str, Call]] = {
    "stream": _stream,
    "async stream": _async_stream,
    **({"responses": _responses_stream} if HAS_RESPONSES else {}),
}


def _outcome(call: Call, response: MemoryReply) -> tuple[str, str]:
    """Return the type and the text of what the caller gets: a value or an exception."""
    try:
        result = call(response)
    except BaseException as error:  # noqa: BLE001 - any exception is an outcome
        return type(error).__qualname__, str(error)
    return type(result).__qualname__, repr(result)


@pytest.fixture
def compared(telemetry: Telemetry) -> Callable[[Call, MemoryReply], Any]:
    """Return a function that runs a call without and with the instrumentation, all capture enabled, and returns its span."""
    options: dict[str, Any] = {"capture_content": "span_and_event", "dialects": ["arize", "langfuse", "langsmith"]}

    def compare(call: Call, response: MemoryReply) -> Any:
        if OpenRouterInstrumentor().is_instrumented_by_opentelemetry:
            OpenRouterInstrumentor().uninstrument()
        telemetry.exporter.clear()
        without = _outcome(call, response)
        assert not telemetry.raw_spans
        telemetry.instrument(**options)
        before = otel_context.get_current()
        assert _outcome(call, response) == without
        assert otel_context.get_current() == before
        if telemetry.started.open:  # a dropped stream that is part of a reference cycle
            gc.collect()
        OpenRouterInstrumentor().uninstrument()  # ends the spans of dropped streams
        return telemetry.one_span()

    return compare


MANY: Final = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("style", [*STYLES.values()], ids=[*STYLES])
@MANY
@given(body=bodies | st.just({}), status=st.sampled_from([200, 200, 201, 400, 402, 429, 500, 529]))
def test_any_response(
    compared: Callable[[Call, MemoryReply], Any], style: Call, body: dict[str, Any], status: int
) -> None:
    """The body of a response or of an error may be any JSON."""
    compared(style, MemoryReply([json.dumps(body).encode()], status))


@pytest.mark.parametrize("style", [*STYLES.values()], ids=[*STYLES])
@MANY
@given(
    body=st.binary(max_size=40) | st.sampled_from([b"", b"null", b"[]", b"\n \n", b"{", WHOLE, WHOLE[:-1]]),
    is_json=st.booleans(),
)
def test_any_bytes(compared: Callable[[Call, MemoryReply], Any], style: Call, body: bytes, is_json: bool) -> None:
    """The body may be any bytes, with or without the content type of JSON."""
    compared(style, MemoryReply([body], content_type="application/json" if is_json else "text/html"))


@pytest.mark.parametrize("style", [*STREAM_STYLES.values()], ids=[*STREAM_STYLES])
@MANY
@given(chunks=st.lists(bodies | st.just({"choices": [], "usage": {"cost": 0.5}}), max_size=4), done=st.booleans())
def test_any_chunks(
    compared: Callable[[Call, MemoryReply], Any], style: Call, chunks: list[dict[str, Any]], done: bool
) -> None:
    """A chunk or an event of a stream may be any JSON."""
    pieces = [f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks] + [b"data: [DONE]\n\n"] * done
    compared(style, MemoryReply(pieces, content_type="text/event-stream"))


# Factories: an exception object keeps a reference to the frames it was raised through.
RAISED: Final[list[Callable[[], BaseException]]] = [
    ConnectionError,
    KeyboardInterrupt,
    SystemExit,
    MemoryError,
    GeneratorExit,
]


@pytest.mark.parametrize(
    "style", [STREAM_STYLES["stream"], STREAM_STYLES["async stream"]], ids=["stream", "async stream"]
)
@MANY
@given(
    text=st.sampled_from([b"".join(_streamed(name)) for name in ("hello", "tools", "error_in_stream", "every_part")]),
    at=st.integers(0, 4000),
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=4),
    error=st.none() | st.sampled_from(RAISED),
)
def test_stream_ends_at_any_byte(
    compared: Callable[[Call, MemoryReply], Any],
    style: Call,
    text: bytes,
    at: int,
    sizes: list[int],
    error: Callable[[], BaseException] | None,
) -> None:
    """A stream may arrive in pieces of any size and end at any byte, with or without an exception."""
    compared(style, MemoryReply(list(_pieces(text[:at], sizes)), content_type="text/event-stream", error=error))


def _pieces(text: bytes, sizes: list[int]) -> Iterator[bytes]:
    index = 0
    while text:
        size = sizes[index % len(sizes)]
        yield text[:size]
        text, index = text[size:], index + 1


@pytest.mark.parametrize(
    "style", [*STYLES.values(), *STREAM_STYLES.values()], ids=[*STYLES, *(f"{name} stream" for name in STREAM_STYLES)]
)
@pytest.mark.parametrize("error", RAISED, ids=lambda error: error.__name__)
def test_transport_raises_before_the_response(
    compared: Callable[[Call, MemoryReply], Any], style: Call, error: Callable[[], BaseException]
) -> None:
    """An exception of the transport reaches the caller unchanged and is recorded as an error."""
    span = compared(style, MemoryReply(error=error, refuses=True))
    assert span.status.status_code.name == "ERROR"
    assert (span.attributes or {})["error.type"]


@pytest.mark.parametrize("style", [*STYLES.values()], ids=[*STYLES])
@pytest.mark.parametrize("error", RAISED, ids=lambda error: error.__name__)
def test_transport_raises_within_the_body(
    compared: Callable[[Call, MemoryReply], Any], style: Call, error: Callable[[], BaseException]
) -> None:
    """An exception of the transport in the middle of a body reaches the caller unchanged."""
    compared(style, MemoryReply([WHOLE[:50]], error=error))


@MANY
@given(body=bodies, extra=bodies)
def test_any_request(compared: Callable[[Call, MemoryReply], Any], body: dict[str, Any], extra: dict[str, Any]) -> None:
    """The request body may be any JSON, in the arguments of the method or in `extra_json`."""

    def post(response: MemoryReply) -> Any:
        with client_of(response) as client:
            return client.post("/chat/completions", body=body, cast_to=object, options={"extra_json": extra})

    compared(post, MemoryReply([WHOLE]))


@MANY
@given(
    headers=st.dictionaries(
        st.sampled_from(["X-Title", "HTTP-Referer", "X-Session-Id", "X-Generation-Id"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
    )
)
def test_any_headers(compared: Callable[[Call, MemoryReply], Any], headers: dict[str, str]) -> None:
    """The headers of the request and of the response may have any text."""

    def create(response: MemoryReply) -> Any:
        with client_of(response) as client:
            return client.chat.completions.create(**REQUEST, extra_headers=headers)

    compared(create, MemoryReply([WHOLE], headers=headers))


# Cancellation.


def _cancelled_after(iterations: int, response: MemoryReply) -> tuple[str, str, bool]:
    """Cancel a task that reads a stream after *iterations* of the event loop; return its result and whether it was done."""

    async def read() -> Any:
        async with (
            async_client_of(response) as client,
            await client.chat.completions.create(**REQUEST, stream=True) as stream,
        ):
            return [chunk async for chunk in stream]

    async def main() -> tuple[str, str, bool]:
        task = asyncio.ensure_future(read())
        for _ in range(iterations):
            await asyncio.sleep(0)
        was_done = task.done()
        task.cancel()
        (result,) = await asyncio.gather(task, return_exceptions=True)
        return type(result).__qualname__, repr(result), was_done

    return asyncio.run(main())


def test_cancelled_at_every_await(telemetry: Telemetry) -> None:
    """A stream may be cancelled at any iteration of the event loop, from before the request to after the last chunk."""
    response = MemoryReply(HELLO, content_type="text/event-stream")
    iterations, was_done = 0, False
    while not was_done:
        OpenRouterInstrumentor().uninstrument()
        without = _cancelled_after(iterations, response)
        telemetry.instrument()
        telemetry.exporter.clear()
        assert _cancelled_after(iterations, response) == without
        assert not telemetry.started.open
        assert len(telemetry.raw_spans) <= 1  # none if the task was cancelled before it started
        if without[0] == "list":
            assert (telemetry.one_span().attributes or {})["gen_ai.usage.cost"] == 0.00014
        was_done = without[2]
        iterations += 1
    assert iterations > len(HELLO)


# Depth, size, clocks.


@pytest.mark.parametrize("depth", [100, 400, 2_000, 20_000])
def test_depth(compared: Callable[[Call, MemoryReply], Any], depth: int) -> None:
    """JSON nested deeper than we read, or than Python can parse, does not change the caller's result."""
    nested = '{"a":' * depth + "1" + "}" * depth
    for whole in (
        f'{{"id": "gen-1", "choices": [], "usage": {nested}}}',
        f'{{"id": "gen-1", "choices": [{{"index": 0, "message": {{"role": "assistant", "content": {nested}}}}}]}}',
        f'{{"error": {nested}}}',
    ):
        compared(_create, MemoryReply([whole.encode()]))


def test_nearly_exhausted_stack(compared: Callable[[Call, MemoryReply], Any]) -> None:
    """Near the recursion limit the caller gets the same result as without us."""

    def create_near_the_limit(response: MemoryReply) -> Any:
        limit = sys.getrecursionlimit()
        frame, depth = sys._getframe(), 0
        while frame is not None:
            frame, depth = frame.f_back, depth + 1  # type: ignore[reportAssignmentType] - the outermost frame has none
        sys.setrecursionlimit(depth + 200)
        try:
            return _create(response)
        finally:
            sys.setrecursionlimit(limit)

    compared(create_near_the_limit, MemoryReply([WHOLE]))


def test_huge(compared: Callable[[Call, MemoryReply], Any]) -> None:
    """A response of thirty megabytes, whole and streamed, does not change the caller's result."""
    text = "x" * 30_000_000
    body = {"id": "gen-1", "choices": [{"index": 0, "message": {"role": "assistant", "content": text}}]}
    compared(_raw, MemoryReply([json.dumps(body).encode()]))
    chunk = {"id": "gen-1", "choices": [{"index": 0, "delta": {"content": text[:3_000_000]}}]}
    compared(_stream, MemoryReply([f"data: {json.dumps(chunk)}\n\n".encode()] * 10, content_type="text/event-stream"))


def test_wall_clock_goes_backwards(telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wall clock that is set back does not change the duration of a span."""
    telemetry.reinstrument()
    readings = iter(range(2_000_000_000_000_000_000, 0, -3_600_000_000_000))
    monkeypatch.setattr(time, "time_ns", lambda: next(readings))
    _stream(MemoryReply(HELLO, content_type="text/event-stream"))
    span = telemetry.one_span()
    assert span.start_time is not None
    assert span.end_time is not None
    assert 0 <= span.end_time - span.start_time < 60_000_000_000


# Exporters and providers.


class FailingProcessor(SpanProcessor):
    """A processor whose methods raise."""

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        raise RuntimeError

    def on_end(self, span: Any) -> None:
        raise RuntimeError


class CallbackExporter(SpanExporter):
    """An exporter that calls a function for each batch."""

    def __init__(self, callback: Callable[[], object]) -> None:
        self._callback = callback

    def export(self, spans: Any) -> SpanExportResult:
        self._callback()
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None: ...


def _raise() -> None:
    raise RuntimeError


@pytest.mark.internal_error
@pytest.mark.parametrize(
    "style", [*STYLES.values(), *STREAM_STYLES.values()], ids=[*STYLES, *(f"{name} stream" for name in STREAM_STYLES)]
)
@pytest.mark.parametrize("kind", ["processor raises", "exporter raises", "shut down", "hangs"])
def test_failing_exporters(style: Call, kind: str) -> None:
    """A processor or exporter that raises, is shut down or hangs does not change the caller's result or delay the call."""
    go = threading.Event()
    processor: SpanProcessor = {
        "processor raises": FailingProcessor,
        "exporter raises": lambda: SimpleSpanProcessor(CallbackExporter(_raise)),
        "shut down": lambda: SimpleSpanProcessor(CallbackExporter(lambda: None)),
        "hangs": lambda: BatchSpanProcessor(CallbackExporter(lambda: go.wait(20)), schedule_delay_millis=1),
    }[kind]()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(processor)
    response = (
        MemoryReply(HELLO, content_type="text/event-stream")
        if style in STREAM_STYLES.values()
        else MemoryReply([WHOLE])
    )
    without = _outcome(style, response)
    if kind == "shut down":
        provider.shutdown()
    OpenRouterInstrumentor().instrument(tracer_provider=provider)
    try:
        assert _outcome(style, response) == without
    finally:
        go.set()
        OpenRouterInstrumentor().uninstrument()
        provider.shutdown()


# Concurrency.


def _total_cost(telemetry: Telemetry) -> Decimal:
    return sum(
        (Decimal(repr((span.attributes or {})["gen_ai.usage.cost"])) for span in telemetry.raw_spans), Decimal(0)
    )


def test_two_hundred_concurrent_streams(telemetry: Telemetry, openrouter: Simulator) -> None:
    """Two hundred streams on one event loop, over sockets, have a span each with its own cost."""

    async def read(client: openai.AsyncOpenAI) -> str:
        stream = await client.chat.completions.create(**REQUEST, stream=True)
        return "".join([choice.delta.content or "" async for chunk in stream for choice in chunk.choices])

    async def main() -> list[str]:
        names = ["hello", "reasoning", "served_elsewhere", "byok"]
        async with contextlib.AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(openai.AsyncOpenAI(base_url=openrouter.base_url(name), **OPTIONS))
                for name in names
            ]
            return await asyncio.gather(*[read(clients[number % 4]) for number in range(200)])

    texts = asyncio.run(main())
    assert len(texts) == len(telemetry.raw_spans) == 200
    assert not telemetry.started.open
    assert _total_cost(telemetry) == 50 * (
        Decimal("0.00014") + Decimal("0.00051") + Decimal("0.0000071") + Decimal("0.0003")
    )
    assert sum(count for _, count, _ in telemetry.points()["gen_ai.usage.cost"]) == 200


def test_thirty_two_threads(telemetry: Telemetry) -> None:
    """Plain calls, complete streams and abandoned streams in 32 threads have a span each."""
    telemetry.reinstrument()

    def work(number: int) -> None:
        if number % 3 == 0:
            _create(MemoryReply([WHOLE]))
        elif number % 3 == 1:
            _stream(MemoryReply(HELLO, content_type="text/event-stream"))
        else:
            with client_of(MemoryReply(HELLO, content_type="text/event-stream")) as client:
                next(client.chat.completions.create(**REQUEST, stream=True))

    with ThreadPoolExecutor(32) as threads:
        list(threads.map(work, range(960)))
    gc.collect()
    OpenRouterInstrumentor().uninstrument()
    assert not telemetry.started.open
    spans = [dict(span.attributes or {}) for span in telemetry.raw_spans]
    assert len(spans) == 960
    assert sum(attributes.get("openrouter.stream.cancelled") is True for attributes in spans) == 320
    assert sum(
        Decimal(repr(each["gen_ai.usage.cost"])) for each in spans if "gen_ai.usage.cost" in each
    ) == 640 * Decimal("0.00014")
    assert sum(count for _, count, _ in telemetry.points()["gen_ai.client.operation.duration"]) == 960
