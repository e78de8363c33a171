"""Whatever comes over the wire, and however a call is torn: the caller gets what it gets without us, and one span is told.

Each way is run without and with the instrumentation and the outcomes are compared; with it there is exactly one span.
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

from tests.calling_styles import HAS_RESPONSES
from tests.scenarios import REQUEST
from tests.simulator import CANNED_REPLIES, Chat, Simulator
from tests.simulator.memory import Answer, async_client_of, client_of
from tests.telemetry import Telemetry
from tests.unit.test_any_json import bodies

Call = Callable[[Answer], Any]


def _streamed(name: str) -> tuple[bytes, ...]:
    return tuple(piece for piece in CANNED_REPLIES[name].reply(Chat(), stream=True).pieces if isinstance(piece, bytes))


HELLO: Final = _streamed("hello")
WHOLE: Final = json.dumps(Chat().whole(CANNED_REPLIES["hello"])).encode()


def _create(answer: Answer) -> Any:
    with client_of(answer) as client:
        return client.chat.completions.create(**REQUEST)


def _stream(answer: Answer) -> Any:
    with client_of(answer) as client:
        return list(client.chat.completions.create(**REQUEST, stream=True))


def _parse(answer: Answer) -> Any:
    with client_of(answer) as client:
        return client.chat.completions.parse(**REQUEST)


def _raw(answer: Answer) -> Any:
    with client_of(answer) as client:
        return client.chat.completions.with_raw_response.create(**REQUEST).http_response.content


def _streaming_response(answer: Answer) -> Any:
    with client_of(answer) as client, client.chat.completions.with_streaming_response.create(**REQUEST) as response:
        return response.read()


def _responses(answer: Answer) -> Any:
    with client_of(answer) as client:
        return client.responses.create(model="m", input="Hello")


def _responses_stream(answer: Answer) -> Any:
    with client_of(answer) as client:
        return list(client.responses.create(model="m", input="Hello", stream=True))


def _embeddings(answer: Answer) -> Any:
    with client_of(answer) as client:
        return client.embeddings.create(model="m", input="Hello")


def _async_stream(answer: Answer) -> Any:
    async def main() -> Any:
        async with async_client_of(answer) as client:
            return [chunk async for chunk in await client.chat.completions.create(**REQUEST, stream=True)]

    return asyncio.run(main())


HAS_PARSE: Final = hasattr(Completions, "parse")
WAYS: Final[dict[str, Call]] = {
    "create": _create,
    "raw": _raw,
    "streaming response": _streaming_response,
    "embeddings": _embeddings,
    **({"parse": _parse} if HAS_PARSE else {}),
    **({"responses": _responses} if HAS_RESPONSES else {}),
}
STREAMS: Final[dict[str, Call]] = {
    "stream": _stream,
    "async stream": _async_stream,
    **({"responses": _responses_stream} if HAS_RESPONSES else {}),
}


def _outcome(call: Call, answer: Answer) -> tuple[str, str]:
    """What the caller got: its kind, and all that it says of itself."""
    try:
        got = call(answer)
    except BaseException as error:  # noqa: BLE001 - all of them are outcomes
        return type(error).__qualname__, str(error)
    return type(got).__qualname__, repr(got)


@pytest.fixture
def compared(telemetry: Telemetry) -> Callable[[Call, Answer], Any]:
    """Runs a way without and with the instrumentation, which captures all it can, and returns its one span."""
    options: dict[str, Any] = {"capture_content": "span_and_event", "dialects": ["arize", "langfuse", "langsmith"]}

    def compare(call: Call, answer: Answer) -> Any:
        if OpenRouterInstrumentor().is_instrumented_by_opentelemetry:
            OpenRouterInstrumentor().uninstrument()
        telemetry.exporter.clear()
        without = _outcome(call, answer)
        assert not telemetry.raw_spans
        telemetry.instrument(**options)
        before = otel_context.get_current()
        assert _outcome(call, answer) == without
        assert otel_context.get_current() == before
        if telemetry.started.open:  # dropped; all of it would be swept in time
            gc.collect()
        OpenRouterInstrumentor().uninstrument()  # ends what was dropped
        return telemetry.one_span()

    return compare


MANY: Final = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.mark.parametrize("way", [*WAYS.values()], ids=[*WAYS])
@MANY
@given(body=bodies | st.just({}), status=st.sampled_from([200, 200, 201, 400, 402, 429, 500, 529]))
def test_any_answer(compared: Callable[[Call, Answer], Any], way: Call, body: dict[str, Any], status: int) -> None:
    """Any JSON in the place of an answer, or of an error."""
    compared(way, Answer([json.dumps(body).encode()], status))


@pytest.mark.parametrize("way", [*WAYS.values()], ids=[*WAYS])
@MANY
@given(
    body=st.binary(max_size=40) | st.sampled_from([b"", b"null", b"[]", b"\n \n", b"{", WHOLE, WHOLE[:-1]]),
    json_=st.booleans(),
)
def test_any_bytes(compared: Callable[[Call, Answer], Any], way: Call, body: bytes, json_: bool) -> None:
    """Anything else as well, called JSON or not."""
    compared(way, Answer([body], content_type="application/json" if json_ else "text/html"))


@pytest.mark.parametrize("way", [*STREAMS.values()], ids=[*STREAMS])
@MANY
@given(chunks=st.lists(bodies | st.just({"choices": [], "usage": {"cost": 0.5}}), max_size=4), done=st.booleans())
def test_any_chunks(
    compared: Callable[[Call, Answer], Any], way: Call, chunks: list[dict[str, Any]], done: bool
) -> None:
    """Any JSON in the place of a chunk, or of an event."""
    pieces = [f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks] + [b"data: [DONE]\n\n"] * done
    compared(way, Answer(pieces, content_type="text/event-stream"))


# Made anew each time: an exception keeps the frames that it passed.
RAISED: Final[list[Callable[[], BaseException]]] = [
    ConnectionError,
    KeyboardInterrupt,
    SystemExit,
    MemoryError,
    GeneratorExit,
]


@pytest.mark.parametrize("way", [STREAMS["stream"], STREAMS["async stream"]], ids=["stream", "async stream"])
@MANY
@given(
    text=st.sampled_from([b"".join(_streamed(name)) for name in ("hello", "tools", "error_in_stream", "every_part")]),
    at=st.integers(0, 4000),
    sizes=st.lists(st.integers(1, 60), min_size=1, max_size=4),
    error=st.none() | st.sampled_from(RAISED),
)
def test_cut_at_any_byte(
    compared: Callable[[Call, Answer], Any],
    way: Call,
    text: bytes,
    at: int,
    sizes: list[int],
    error: Callable[[], BaseException] | None,
) -> None:
    """A stream in pieces of any size, that ends at any byte, quietly or not."""
    compared(way, Answer(list(_pieces(text[:at], sizes)), content_type="text/event-stream", error=error))


def _pieces(text: bytes, sizes: list[int]) -> Iterator[bytes]:
    turn = 0
    while text:
        size = sizes[turn % len(sizes)]
        yield text[:size]
        text, turn = text[size:], turn + 1


@pytest.mark.parametrize(
    "way", [*WAYS.values(), *STREAMS.values()], ids=[*WAYS, *(f"{name} stream" for name in STREAMS)]
)
@pytest.mark.parametrize("error", RAISED, ids=lambda error: error.__name__)
def test_torn_before_the_answer(
    compared: Callable[[Call, Answer], Any], way: Call, error: Callable[[], BaseException]
) -> None:
    """What the transport raises passes as it is, whatever it is."""
    span = compared(way, Answer(error=error, refuses=True))
    assert span.status.status_code.name == "ERROR"
    assert (span.attributes or {})["error.type"]


@pytest.mark.parametrize("way", [*WAYS.values()], ids=[*WAYS])
@pytest.mark.parametrize("error", RAISED, ids=lambda error: error.__name__)
def test_torn_within_the_answer(
    compared: Callable[[Call, Answer], Any], way: Call, error: Callable[[], BaseException]
) -> None:
    """The same in the middle of a body."""
    compared(way, Answer([WHOLE[:50]], error=error))


@MANY
@given(body=bodies, extra=bodies)
def test_any_request(compared: Callable[[Call, Answer], Any], body: dict[str, Any], extra: dict[str, Any]) -> None:
    """Any JSON that the caller sends, in the method's own arguments or beside them."""

    def post(answer: Answer) -> Any:
        with client_of(answer) as client:
            return client.post("/chat/completions", body=body, cast_to=object, options={"extra_json": extra})

    compared(post, Answer([WHOLE]))


@MANY
@given(
    headers=st.dictionaries(
        st.sampled_from(["X-Title", "HTTP-Referer", "X-Session-Id", "X-Generation-Id"]),
        st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
    )
)
def test_any_headers(compared: Callable[[Call, Answer], Any], headers: dict[str, str]) -> None:
    """Of the request and of the answer."""

    def create(answer: Answer) -> Any:
        with client_of(answer) as client:
            return client.chat.completions.create(**REQUEST, extra_headers=headers)

    compared(create, Answer([WHOLE], headers=headers))


# Cancellation.


def _cancelled_after(turns: int, answer: Answer) -> tuple[str, str, bool]:
    """A task that reads a stream, cancelled after so many turns of the loop; and whether it had ended before."""

    async def read() -> Any:
        async with (
            async_client_of(answer) as client,
            await client.chat.completions.create(**REQUEST, stream=True) as stream,
        ):
            return [chunk async for chunk in stream]

    async def main() -> tuple[str, str, bool]:
        task = asyncio.ensure_future(read())
        for _ in range(turns):
            await asyncio.sleep(0)
        had_ended = task.done()
        task.cancel()
        (got,) = await asyncio.gather(task, return_exceptions=True)
        return type(got).__qualname__, repr(got), had_ended

    return asyncio.run(main())


def test_cancelled_at_every_await(telemetry: Telemetry) -> None:
    """At each turn of the loop, from before the request to after the last chunk."""
    answer = Answer(HELLO, content_type="text/event-stream")
    turns, had_ended = 0, False
    while not had_ended:
        OpenRouterInstrumentor().uninstrument()
        without = _cancelled_after(turns, answer)
        telemetry.instrument()
        telemetry.exporter.clear()
        assert _cancelled_after(turns, answer) == without
        assert not telemetry.started.open
        assert len(telemetry.raw_spans) <= 1  # none where it was cancelled before it began
        if without[0] == "list":
            assert (telemetry.one_span().attributes or {})["gen_ai.usage.cost"] == 0.00014
        had_ended = without[2]
        turns += 1
    assert turns > len(HELLO)


# Depth, size, clocks.


@pytest.mark.parametrize("depth", [100, 400, 2_000, 20_000])
def test_depth(compared: Callable[[Call, Answer], Any], depth: int) -> None:
    """What nests deeper than we look, or than Python can, is the caller's all the same."""
    nested = '{"a":' * depth + "1" + "}" * depth
    for whole in (
        f'{{"id": "gen-1", "choices": [], "usage": {nested}}}',
        f'{{"id": "gen-1", "choices": [{{"index": 0, "message": {{"role": "assistant", "content": {nested}}}}}]}}',
        f'{{"error": {nested}}}',
    ):
        compared(_create, Answer([whole.encode()]))


def test_little_stack_left(compared: Callable[[Call, Answer], Any]) -> None:
    """Where the SDK itself has room for its frames, so have we; or the span is lost, and not the call."""

    def at_the_end(answer: Answer) -> Any:
        limit = sys.getrecursionlimit()
        frame, depth = sys._getframe(), 0
        while frame is not None:
            frame, depth = frame.f_back, depth + 1  # type: ignore[reportAssignmentType] - the last is none
        sys.setrecursionlimit(depth + 200)
        try:
            return _create(answer)
        finally:
            sys.setrecursionlimit(limit)

    compared(at_the_end, Answer([WHOLE]))


def test_huge(compared: Callable[[Call, Answer], Any]) -> None:
    """Thirty megabytes of answer, whole and streamed."""
    word = "x" * 30_000_000
    said = {"id": "gen-1", "choices": [{"index": 0, "message": {"role": "assistant", "content": word}}]}
    compared(_raw, Answer([json.dumps(said).encode()]))
    chunk = {"id": "gen-1", "choices": [{"index": 0, "delta": {"content": word[:3_000_000]}}]}
    compared(_stream, Answer([f"data: {json.dumps(chunk)}\n\n".encode()] * 10, content_type="text/event-stream"))


def test_wall_clock_goes_backwards(telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch) -> None:
    """A span has the duration that it had."""
    telemetry.again()
    moments = iter(range(2_000_000_000_000_000_000, 0, -3_600_000_000_000))
    monkeypatch.setattr(time, "time_ns", lambda: next(moments))
    _stream(Answer(HELLO, content_type="text/event-stream"))
    span = telemetry.one_span()
    assert span.start_time is not None
    assert span.end_time is not None
    assert 0 <= span.end_time - span.start_time < 60_000_000_000


# Exporters and providers.


class Failing(SpanProcessor):
    """A processor that raises wherever it is asked."""

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        raise RuntimeError

    def on_end(self, span: Any) -> None:
        raise RuntimeError


class Exporter(SpanExporter):
    """An exporter that does what it is told with each batch."""

    def __init__(self, do: Callable[[], object]) -> None:
        self._do = do

    def export(self, spans: Any) -> SpanExportResult:
        self._do()
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None: ...


def _raise() -> None:
    raise RuntimeError


@pytest.mark.internal_error
@pytest.mark.parametrize(
    "way", [*WAYS.values(), *STREAMS.values()], ids=[*WAYS, *(f"{name} stream" for name in STREAMS)]
)
@pytest.mark.parametrize("kind", ["processor raises", "exporter raises", "shut down", "hangs"])
def test_exporters(way: Call, kind: str) -> None:
    """None of them is the call's business; one that hangs is waited for by its own thread."""
    go = threading.Event()
    processor: SpanProcessor = {
        "processor raises": Failing,
        "exporter raises": lambda: SimpleSpanProcessor(Exporter(_raise)),
        "shut down": lambda: SimpleSpanProcessor(Exporter(lambda: None)),
        "hangs": lambda: BatchSpanProcessor(Exporter(lambda: go.wait(20)), schedule_delay_millis=1),
    }[kind]()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(processor)
    answer = Answer(HELLO, content_type="text/event-stream") if way in STREAMS.values() else Answer([WHOLE])
    without = _outcome(way, answer)
    if kind == "shut down":
        provider.shutdown()
    OpenRouterInstrumentor().instrument(tracer_provider=provider)
    try:
        assert _outcome(way, answer) == without
    finally:
        go.set()
        OpenRouterInstrumentor().uninstrument()
        provider.shutdown()


# Many at once.


def _bill(telemetry: Telemetry) -> Decimal:
    return sum(
        (Decimal(repr((span.attributes or {})["gen_ai.usage.cost"])) for span in telemetry.raw_spans), Decimal(0)
    )


def test_two_hundred_streams_at_once(telemetry: Telemetry, openrouter: Simulator) -> None:
    """On one loop, over sockets: each span has its own tokens and its own cost."""

    async def read(client: openai.AsyncOpenAI) -> str:
        stream = await client.chat.completions.create(**REQUEST, stream=True)
        return "".join([choice.delta.content or "" async for chunk in stream for choice in chunk.choices])

    async def main() -> list[str]:
        names = ["hello", "reasoning", "served_elsewhere", "byok"]
        async with contextlib.AsyncExitStack() as stack:
            clients = [
                await stack.enter_async_context(
                    openai.AsyncOpenAI(base_url=openrouter.base_url(name), api_key="sk-or-x", max_retries=0)
                )
                for name in names
            ]
            return await asyncio.gather(*[read(clients[number % 4]) for number in range(200)])

    said = asyncio.run(main())
    assert len(said) == len(telemetry.raw_spans) == 200
    assert not telemetry.started.open
    assert _bill(telemetry) == 50 * (Decimal("0.00014") + Decimal("0.00051") + Decimal("0.0000071") + Decimal("0.0003"))
    assert sum(count for _, count, _ in telemetry.points()["gen_ai.usage.cost"]) == 200


def test_thirty_two_threads(telemetry: Telemetry) -> None:
    """Plain calls, whole streams and streams that are left, in any order."""
    telemetry.again()

    def work(number: int) -> None:
        if number % 3 == 0:
            _create(Answer([WHOLE]))
        elif number % 3 == 1:
            _stream(Answer(HELLO, content_type="text/event-stream"))
        else:
            with client_of(Answer(HELLO, content_type="text/event-stream")) as client:
                next(client.chat.completions.create(**REQUEST, stream=True))

    with ThreadPoolExecutor(32) as threads:
        list(threads.map(work, range(960)))
    gc.collect()
    OpenRouterInstrumentor().uninstrument()
    assert not telemetry.started.open
    told = [dict(span.attributes or {}) for span in telemetry.raw_spans]
    assert len(told) == 960
    assert sum(attributes.get("openrouter.stream.cancelled") is True for attributes in told) == 320
    assert sum(
        Decimal(repr(each["gen_ai.usage.cost"])) for each in told if "gen_ai.usage.cost" in each
    ) == 640 * Decimal("0.00014")
    assert sum(count for _, count, _ in telemetry.points()["gen_ai.client.operation.duration"]) == 960
