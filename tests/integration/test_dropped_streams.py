"""A stream that the caller drops ends its span at once: without another call, a flush or the garbage collector."""

import asyncio
import contextlib
import gc
import threading
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Final

import openai
import pytest
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._clients.drop_watcher import WATCHER
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from tests.calling_styles import OPTIONS
from tests.scenarios import REQUEST
from tests.simulator import Simulator
from tests.telemetry import Telemetry

Make = Callable[..., openai.OpenAI]
Drop = Callable[[openai.OpenAI, Telemetry], object]
CANCELLED = "openrouter.stream.cancelled"
TIMEOUT: Final = 60.0  # how long a span is waited for; it ends within milliseconds


class CallersError(Exception):
    """An exception of the caller's own code."""


class Ended(SpanProcessor):
    """Reports the end of a span to the waiting test."""

    def __init__(self) -> None:
        self.event = threading.Event()

    def on_end(self, span: ReadableSpan) -> None:
        self.event.set()


@pytest.fixture
def ended(telemetry: Telemetry) -> Iterator[threading.Event]:
    """An event that is set when a span ends; the cyclic garbage collector is disabled."""
    processor = Ended()
    telemetry.tracer_provider.add_span_processor(processor)
    gc.collect()
    gc.disable()
    yield processor.event
    gc.enable()


def _check(telemetry: Telemetry, *, has_chunk: bool) -> None:
    """Check the only span: it was cancelled, and ended as of its last chunk or of the response headers."""
    (span,) = telemetry.exporter.get_finished_spans()
    attributes = dict(span.attributes or {})
    assert span.status.status_code.name == "UNSET"
    assert attributes[CANCELLED] is True
    assert attributes["gen_ai.response.id"] == "gen-1762179802-UN8pkJI4AGZvryk0kFnb"
    assert ("gen_ai.response.time_to_first_chunk" in attributes) is has_chunk


def _stream(client: openai.OpenAI) -> openai.Stream[Any]:
    return client.chat.completions.create(**REQUEST, stream=True)


def _break(client: openai.OpenAI, _: Telemetry) -> None:
    for _chunk in _stream(client):
        break


def _break_and_delete(client: openai.OpenAI, _: Telemetry) -> None:
    stream = _stream(client)
    for _chunk in stream:
        break
    del stream


def _break_in_with(client: openai.OpenAI, _: Telemetry) -> None:
    with _stream(client) as stream:
        for _chunk in stream:
            break


def _raise(client: openai.OpenAI, _: Telemetry) -> None:
    with contextlib.suppress(CallersError):
        for _chunk in _stream(client):
            raise CallersError


def _raise_in_with(client: openai.OpenAI, _: Telemetry) -> None:
    with contextlib.suppress(CallersError), _stream(client) as stream:
        for _chunk in stream:
            raise CallersError


def _next_of_iterator(client: openai.OpenAI, _: Telemetry) -> None:
    next(iter(_stream(client)))


def _next_of_raw(client: openai.OpenAI, _: Telemetry) -> None:
    parsed: Any = client.chat.completions.with_raw_response.create(**REQUEST, stream=True).parse()
    next(parsed)


def _lines_of_streaming_response(client: openai.OpenAI, _: Telemetry) -> None:
    with client.chat.completions.with_streaming_response.create(**REQUEST, stream=True) as response:
        stream: Any = response.parse()
        next(stream)


def _generator_of_the_caller(client: openai.OpenAI, _: Telemetry) -> None:
    """As a web framework's response over a sync generator, whose client went away."""

    def body() -> Iterator[Any]:
        yield from _stream(client)

    next(body())


def _thread_that_ends(client: openai.OpenAI, telemetry: Telemetry) -> None:
    thread = threading.Thread(target=_break, args=(client, telemetry))
    thread.start()
    thread.join()


def _after_uninstrument(client: openai.OpenAI, _: Telemetry) -> None:
    stream = _stream(client)
    next(stream)
    OpenRouterInstrumentor().uninstrument()
    del stream


def _after_another_instrument(client: openai.OpenAI, telemetry: Telemetry) -> None:
    stream = _stream(client)
    next(stream)
    telemetry.reinstrument()
    del stream


def _never_read(client: openai.OpenAI, _: Telemetry) -> None:
    _stream(client)


def _never_read_in_with(client: openai.OpenAI, _: Telemetry) -> None:
    with _stream(client):
        pass


def _never_read_raw(client: openai.OpenAI, _: Telemetry) -> None:
    client.chat.completions.with_raw_response.create(**REQUEST, stream=True).parse()


def _never_read_after_uninstrument(client: openai.OpenAI, _: Telemetry) -> None:
    stream = _stream(client)
    OpenRouterInstrumentor().uninstrument()
    del stream


DROPS: Final[tuple[Drop, ...]] = (
    _break,
    _break_and_delete,
    _break_in_with,
    _raise,
    _raise_in_with,
    _next_of_iterator,
    _next_of_raw,
    _lines_of_streaming_response,
    _generator_of_the_caller,
    _thread_that_ends,
    _after_uninstrument,
    _after_another_instrument,
)
UNREAD_DROPS: Final[tuple[Drop, ...]] = (
    _never_read,
    _never_read_in_with,
    _never_read_raw,
    _never_read_after_uninstrument,
)


@pytest.mark.parametrize("drop", [*DROPS, *UNREAD_DROPS])
def test_dropped(telemetry: Telemetry, ended: threading.Event, client: Make, drop: Drop) -> None:
    """The span of a dropped stream ends without another call."""
    drop(client("slow"), telemetry)
    assert ended.wait(TIMEOUT)
    _check(telemetry, has_chunk=drop in DROPS)


async def _async_break(stream: openai.AsyncStream[Any]) -> None:
    async for _ in stream:
        break


async def _async_raise(stream: openai.AsyncStream[Any]) -> None:
    with contextlib.suppress(CallersError):
        async for _ in stream:
            raise CallersError


async def _async_raise_in_with(stream: openai.AsyncStream[Any]) -> None:
    with contextlib.suppress(CallersError):
        async with stream:
            await stream.__anext__()
            raise CallersError


async def _async_generator_of_the_caller(stream: openai.AsyncStream[Any]) -> None:
    async def body() -> AsyncIterator[Any]:
        async for chunk in stream:
            yield chunk

    await anext(body())


async def _async_never_read(_: openai.AsyncStream[Any]) -> None: ...


@pytest.mark.parametrize("is_loop_closed", [False, True])
@pytest.mark.parametrize(
    "read", [_async_break, _async_raise, _async_raise_in_with, _async_generator_of_the_caller, _async_never_read]
)
def test_async_dropped(
    telemetry: Telemetry,
    ended: threading.Event,
    openrouter: Simulator,
    read: Callable[[openai.AsyncStream[Any]], Awaitable[None]],
    is_loop_closed: bool,
) -> None:
    """The span of a dropped async stream ends while the event loop runs, and after it was closed."""

    async def main() -> object:
        client = openai.AsyncOpenAI(base_url=openrouter.base_url("slow"), **OPTIONS)
        stream = await client.chat.completions.create(**REQUEST, stream=True)
        await read(stream)
        if is_loop_closed:
            return stream
        del stream
        assert await asyncio.to_thread(ended.wait, TIMEOUT)
        return None

    stream = asyncio.run(main())
    del stream
    assert ended.wait(TIMEOUT)
    _check(telemetry, has_chunk=read is not _async_never_read)
    with warnings.catch_warnings():  # this caller left the connection open, and the loop that could close it is gone
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.mark.parametrize("method", ["force_flush", "shutdown"])
@pytest.mark.parametrize("provider", ["tracer_provider", "meter_provider", "logger_provider"])
def test_ends_before_a_flush_returns(telemetry: Telemetry, client: Make, provider: str, method: str) -> None:
    """The span of a dropped stream has ended when `force_flush()` or `shutdown()` of a provider returns."""
    slow = client("slow")
    for _ in range(20):
        telemetry.exporter.clear()
        next(_stream(slow))
        getattr(getattr(telemetry, provider), method)()
        if method == "shutdown":  # the exporter may be closed now
            assert not telemetry.started.open
            return
        _check(telemetry, has_chunk=True)


def test_hooks_are_removed(telemetry: Telemetry, client: Make) -> None:
    """`uninstrument()` restores the providers; where a stream is open, the first flush after its end does."""
    provider = telemetry.tracer_provider
    next(_stream(client("slow")))
    OpenRouterInstrumentor().uninstrument()
    assert "force_flush" not in vars(provider)
    telemetry.instrument(())


def test_kept(telemetry: Telemetry, ended: threading.Event, client: Make) -> None:
    """A stream that the caller refers to stays open, also by its iterator alone, and through a flush."""
    chunks = iter(_stream(client("hello")))
    next(chunks)
    telemetry.tracer_provider.force_flush()
    gc.collect()
    assert not ended.is_set()
    assert len(list(chunks)) == 3
    assert (telemetry.one_span().attributes or {})["gen_ai.usage.cost"] == 0.00014


def test_ends_at_the_last_chunk(telemetry: Telemetry, ended: threading.Event, client: Make) -> None:
    """The end time is that of the last chunk, not of the drop."""
    stream = _stream(client("slow"))
    next(stream)
    last_seen = time.time_ns()
    time.sleep(0.2)
    del stream
    assert ended.wait(TIMEOUT)
    (span,) = telemetry.raw_spans
    assert span.end_time is not None
    assert span.end_time < last_seen + 10_000_000  # two clocks may differ


def test_ended_streams_wake_no_thread(telemetry: Telemetry, client: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that is read to its end, or closed, puts nothing on the queue."""
    hello = client("hello")
    woken: list[object] = []
    monkeypatch.setattr(WATCHER, "end_one", woken.append)
    for _ in _stream(hello):
        pass
    with _stream(hello) as stream:
        next(stream)
    del stream
    gc.collect()
    assert not woken
    assert len(telemetry.raw_spans) == 2
