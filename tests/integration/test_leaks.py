"""Nothing of ours leaks into the SDK's objects: options can be copied and pickled, ended responses are unchanged and freed.

`python -m tests.conformance.matrix` found these cases; it compares many more.
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
OVERRIDDEN: Final = {"close", "read", "aclose", "aread", "iter_bytes", "aiter_bytes"}


@pytest.fixture
def collector_disabled() -> Iterator[None]:
    """Disables the cyclic garbage collector: an object is freed with its last reference only."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def _client_with(openrouter: Simulator, prepare: Callable[[Any], Any]) -> openai.OpenAI:
    """Return a client of a subclass that prepares the options with *prepare*."""

    class Client(openai.OpenAI):
        def _prepare_options(self, options: Any) -> Any:
            # Older releases return None.
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
def test_copied_options(telemetry: Telemetry, openrouter: Simulator, prepare: Callable[[Any], Any]) -> None:
    """A client that sends a copy of its options gets its response, and the call is traced."""
    with _client_with(openrouter, prepare) as client:
        completion = client.chat.completions.create(**REQUEST)
    assert completion.choices[0].message.content
    assert (telemetry.one_span().attributes or {})["gen_ai.response.id"] == completion.id


@pytest.mark.parametrize("stream", [False, True])
def test_pickled_options(telemetry: Telemetry, openrouter: Simulator, stream: bool) -> None:
    """Unpickled options have the SDK's own parser again; a call that sends them is traced nevertheless."""
    parsers: list[object] = []

    def prepare(options: Any) -> Any:
        unpickled = pickle.loads(pickle.dumps(options))
        parsers.append(unpickled.post_parser)
        return unpickled

    with _client_with(openrouter, prepare) as client:
        result: Any = client.chat.completions.create(**REQUEST, stream=stream)
        _read(result) if stream else None
    assert [type(parser).__name__ for parser in parsers] == ["NotGiven"]
    assert (telemetry.one_span().attributes or {})["gen_ai.usage.cost"]


def test_post_parser_is_not_a_set_field(telemetry: Telemetry, openrouter: Simulator) -> None:
    """Our parser is not among the set fields of the options, which the SDK logs and the caller may dump as JSON."""
    dumps: list[dict[str, Any]] = []

    def prepare(options: Any) -> Any:
        dumps.append(model_dump(options, exclude_unset=True))
        return options

    with _client_with(openrouter, prepare) as client:
        client.chat.completions.create(**REQUEST)
    assert "json_data" in dumps[0]
    assert "post_parser" not in dumps[0]


def _read(stream: openai.Stream[Any]) -> None:
    for _ in stream:
        pass


def _close_early(stream: openai.Stream[Any]) -> None:
    next(stream)
    stream.close()


def _read_response(stream: openai.Stream[Any]) -> None:
    stream.response.read()


@pytest.mark.usefixtures("collector_disabled")
@pytest.mark.parametrize("scenario", ["hello", "error_instead_of_stream", "choices_null", "error_in_stream"])
@pytest.mark.parametrize("end", [_read, _close_early, _read_response])
def test_ended_response_is_restored_and_freed(
    telemetry: Telemetry, client: Make, scenario: str, end: Callable[[openai.Stream[Any]], None]
) -> None:
    """An ended response has none of our methods, and is freed by its last reference wherever it is so without us."""

    def is_freed_by_reference_count() -> bool:
        stream: Any = client(scenario).chat.completions.create(**STREAM)
        response, reference = stream.response, weakref.ref(stream.response)
        assert bool(OVERRIDDEN & vars(response).keys()) is OpenRouterInstrumentor().is_instrumented_by_opentelemetry
        with contextlib.suppress(openai.APIError, StopIteration):
            end(stream)
        assert not OVERRIDDEN & vars(response).keys()
        del stream, response
        return reference() is None

    is_freed = is_freed_by_reference_count()
    assert len(telemetry.exporter.get_finished_spans()) == 1
    OpenRouterInstrumentor().uninstrument()
    assert is_freed or not is_freed_by_reference_count()


@pytest.mark.usefixtures("collector_disabled")
def test_pickled_response(telemetry: Telemetry, client: Make) -> None:
    """A response that was read can be pickled, as without us."""
    with client("hello").chat.completions.with_streaming_response.create(**REQUEST) as response:
        content = response.read()
    assert pickle.loads(pickle.dumps(response.http_response)).content == content
    assert len(telemetry.exporter.get_finished_spans()) == 1


@pytest.mark.usefixtures("collector_disabled")
def test_chunks_are_not_retained(telemetry: Telemetry, client: Make) -> None:
    """The chunks of a stream are freed with the caller's last reference."""
    stream = client("hello").chat.completions.create(**STREAM)
    chunks = list(stream)
    usage = weakref.ref(chunks[-1].usage)
    assert usage() is not None
    del stream, chunks
    assert usage() is None
    assert len(telemetry.exporter.get_finished_spans()) == 1


@pytest.mark.usefixtures("collector_disabled")
def test_response_closed_by_a_finaliser(telemetry: Telemetry, openrouter: Simulator) -> None:
    """A dropped async stream is closed by a task; its response is freed as early as without us."""

    async def is_referenced() -> bool:
        async with openai.AsyncOpenAI(base_url=openrouter.base_url("hello"), **OPTIONS) as client:
            stream: Any = await client.chat.completions.create(**STREAM)
            await stream.__anext__()
            # Find the referrers of the response's byte stream: a weak reference is cleared before the task runs.
            body = vars(stream.response)["stream"]
            del stream
            gc.collect()
            for _ in range(20):
                await asyncio.sleep(0)
            return any(isinstance(each, dict) and each.get("stream") is body for each in gc.get_referrers(body))

    instrumented = asyncio.run(is_referenced())
    OpenRouterInstrumentor().uninstrument()
    gc.collect()
    assert instrumented is asyncio.run(is_referenced())


@pytest.mark.usefixtures("collector_disabled")
def test_methods_of_other_instrumentations_stay(telemetry: Telemetry, client: Make) -> None:
    """A method that another instrumentation overrides on the response, before or after us, stays overridden."""
    called: list[str] = []

    def override(response: Any, name: str) -> None:
        method = getattr(response, name)

        def wrapper(*args: Any) -> Any:
            called.append(name)
            return method(*args)

        setattr(response, name, wrapper)

    class HttpClient(type(client("hello")._client)):  # type: ignore[misc] - one of two libraries
        def send(self, *args: Any, **kwargs: Any) -> Any:
            response = super().send(*args, **kwargs)
            override(response, "read")
            return response

    with HttpClient() as http:
        stream: Any = client("hello", http_client=http).chat.completions.create(**STREAM)
        override(stream.response, "close")
        stream.response.read()
        assert called == ["read", "close"]
        assert {"close", "read"} <= vars(stream.response).keys()
    assert len(telemetry.exporter.get_finished_spans()) == 1
