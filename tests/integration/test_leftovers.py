"""What of us a caller can find in the SDK's objects: nothing in the options that breaks, nothing in an ended response.

`python -m tests.conformance.matrix` found these; it compares much more.
"""

import asyncio
import contextlib
import copy
import gc
import pickle
import weakref
from collections.abc import Callable, Iterator
from typing import Any, Final

import openai
import pytest
from openai._compat import model_dump
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor

from tests.calling_styles import OPTIONS
from tests.scenarios import REQUEST
from tests.simulator import Simulator
from tests.telemetry import Telemetry

Make = Callable[..., openai.OpenAI]
STREAM: Final[dict[str, Any]] = {**REQUEST, "stream": True}
OURS: Final = {"close", "read", "aclose", "aread", "iter_bytes", "aiter_bytes"}


@pytest.fixture
def collector_off() -> Iterator[None]:
    """What goes, goes by its last reference."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def _preparing(openrouter: Simulator, prepare: Callable[[Any], Any]) -> openai.OpenAI:
    """A client of the caller's class, which prepares the options in its own way."""

    class Client(openai.OpenAI):
        def _prepare_options(self, options: Any) -> Any:
            # It gave nothing back in older releases.
            return prepare(super()._prepare_options(options) or options)

    return Client(base_url=openrouter.base_url("hello"), **OPTIONS)


@pytest.mark.parametrize(
    "prepare",
    [
        copy.copy,
        copy.deepcopy,
        lambda options: options.model_copy(deep=True) if hasattr(options, "model_copy") else options.copy(deep=True),
    ],
)
def test_options_may_be_copied(telemetry: Telemetry, openrouter: Simulator, prepare: Callable[[Any], Any]) -> None:
    """A client that sends a copy of its options is answered, and its call told."""
    with _preparing(openrouter, prepare) as client:
        answer = client.chat.completions.create(**REQUEST)
    assert answer.choices[0].message.content
    assert (telemetry.one_span().attributes or {})["gen_ai.response.id"] == answer.id


@pytest.mark.parametrize("stream", [False, True])
def test_options_may_be_pickled(telemetry: Telemetry, openrouter: Simulator, stream: bool) -> None:
    """They come back as the SDK made them, without us; where those are sent, what came of it is told nevertheless."""
    parsers: list[object] = []

    def prepare(options: Any) -> Any:
        read = pickle.loads(pickle.dumps(options))
        parsers.append(read.post_parser)
        return read

    with _preparing(openrouter, prepare) as client:
        answer: Any = client.chat.completions.create(**REQUEST, stream=stream)
        _read(answer) if stream else None
    assert [type(parser).__name__ for parser in parsers] == ["NotGiven"]
    assert (telemetry.one_span().attributes or {})["gen_ai.usage.cost"]


def test_what_is_set_of_the_options(telemetry: Telemetry, openrouter: Simulator) -> None:
    """Our parser does not count as set: the SDK logs what is set, and callers may write it as JSON."""
    seen: list[dict[str, Any]] = []

    def prepare(options: Any) -> Any:
        seen.append(model_dump(options, exclude_unset=True))
        return options

    with _preparing(openrouter, prepare) as client:
        client.chat.completions.create(**REQUEST)
    assert "json_data" in seen[0]
    assert "post_parser" not in seen[0]


def _read(stream: openai.Stream[Any]) -> None:
    for _ in stream:
        pass


def _leave(stream: openai.Stream[Any]) -> None:
    next(stream)
    stream.close()


def _read_by_hand(stream: openai.Stream[Any]) -> None:
    stream.response.read()


@pytest.mark.usefixtures("collector_off")
@pytest.mark.parametrize("scenario", ["hello", "error_instead_of_stream", "choices_null", "error_in_stream"])
@pytest.mark.parametrize("end", [_read, _leave, _read_by_hand])
def test_an_ended_response_is_as_it_was(
    telemetry: Telemetry, client: Make, scenario: str, end: Callable[[openai.Stream[Any]], None]
) -> None:
    """Nothing of ours stands in it, and it goes as early as without us, with the collector off."""

    def goes_by_itself() -> bool:
        stream: Any = client(scenario).chat.completions.create(**STREAM)
        response, gone = stream.response, weakref.ref(stream.response)
        assert bool(OURS & vars(response).keys()) is OpenRouterInstrumentor().is_instrumented_by_opentelemetry
        with contextlib.suppress(openai.APIError, StopIteration):
            end(stream)
        assert not OURS & vars(response).keys()
        del stream, response
        return gone() is None

    went = goes_by_itself()
    assert len(telemetry.exporter.get_finished_spans()) == 1
    OpenRouterInstrumentor().uninstrument()
    assert went is goes_by_itself()


@pytest.mark.usefixtures("collector_off")
def test_a_read_response_may_be_pickled(telemetry: Telemetry, client: Make) -> None:
    """As without us, once it was read."""
    with client("hello").chat.completions.with_streaming_response.create(**REQUEST) as reply:
        content = reply.read()
    assert pickle.loads(pickle.dumps(reply.http_response)).content == content
    assert len(telemetry.exporter.get_finished_spans()) == 1


@pytest.mark.usefixtures("collector_off")
def test_nothing_of_an_answer_is_kept(telemetry: Telemetry, client: Make) -> None:
    """What was read of a stream goes with it."""
    stream = client("hello").chat.completions.create(**STREAM)
    chunks = list(stream)
    usage = weakref.ref(chunks[-1].usage)
    assert usage() is not None
    del stream, chunks
    assert usage() is None
    assert len(telemetry.exporter.get_finished_spans()) == 1


@pytest.mark.usefixtures("collector_off")
def test_a_response_that_a_finaliser_closes(telemetry: Telemetry, openrouter: Simulator) -> None:
    """An async stream that is dropped is closed by a task; its response needs no other collection than without us."""

    async def is_left() -> bool:
        async with openai.AsyncOpenAI(base_url=openrouter.base_url("hello"), **OPTIONS) as client:
            stream: Any = await client.chat.completions.create(**STREAM)
            await stream.__anext__()
            # What the response holds is held here, to see who else does: weak references are cleared before the task.
            held = vars(stream.response)["stream"]
            del stream
            gc.collect()
            for _ in range(20):
                await asyncio.sleep(0)
            return any(isinstance(each, dict) and each.get("stream") is held for each in gc.get_referrers(held))

    with_us = asyncio.run(is_left())
    OpenRouterInstrumentor().uninstrument()
    gc.collect()
    assert with_us is asyncio.run(is_left())


@pytest.mark.usefixtures("collector_off")
def test_a_neighbours_method_stays(telemetry: Telemetry, client: Make) -> None:
    """Where another instrumentation stands in a response, before us or after, it is not taken out."""
    seen: list[str] = []

    def standing_in(response: Any, name: str) -> None:
        inner = getattr(response, name)

        def outer(*args: Any) -> Any:
            seen.append(name)
            return inner(*args)

        setattr(response, name, outer)

    class Http(type(client("hello")._client)):  # type: ignore[misc] - one of two libraries
        def send(self, *args: Any, **kwargs: Any) -> Any:
            response = super().send(*args, **kwargs)
            standing_in(response, "read")
            return response

    with Http() as http:
        stream: Any = client("hello", http_client=http).chat.completions.create(**STREAM)
        standing_in(stream.response, "close")
        stream.response.read()
        assert seen == ["read", "close"]
        assert {"close", "read"} <= vars(stream.response).keys()
    assert len(telemetry.exporter.get_finished_spans()) == 1
