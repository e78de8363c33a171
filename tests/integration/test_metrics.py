"""The data points of each metric: names, attributes and values, whether or not the span is sampled."""

from collections.abc import Callable
from typing import Any, Final

import openai
import pytest
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, Sampler

from tests.scenarios import REQUEST
from tests.simulator import Simulator
from tests.telemetry import Telemetry, tick_at_each_reading

DURATION: Final = "gen_ai.client.operation.duration"
TOKENS: Final = "gen_ai.client.token.usage"
FIRST_CHUNK: Final = "gen_ai.client.operation.time_to_first_chunk"
CHUNK_GAP: Final = "gen_ai.client.operation.time_per_output_chunk"
COST: Final = "gen_ai.usage.cost"

OPERATION: Final = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openrouter"}
MODELS: Final = {
    **OPERATION,
    "gen_ai.request.model": "openai/gpt-4o-mini",
    "gen_ai.response.model": "openai/gpt-4o-mini",
    "openrouter.provider.name": "OpenAI",
}


@pytest.fixture(params=[ALWAYS_ON, ALWAYS_OFF], ids=["sampled", "not sampled"])
def sampled(request: pytest.FixtureRequest, openrouter: Simulator) -> Any:
    """Telemetry with a sampler that samples every span or none."""
    sampler: Sampler = request.param
    telemetry = Telemetry(sampler)
    telemetry.instrument([openrouter.url])
    yield telemetry
    assert bool(telemetry.raw_spans) is (sampler is ALWAYS_ON)
    OpenRouterInstrumentor().uninstrument()


def _server(openrouter: Simulator) -> dict[str, Any]:
    return {"server.address": "127.0.0.1", "server.port": int(openrouter.url.rpartition(":")[2])}


def test_plain_call(sampled: Telemetry, openrouter: Simulator, client: Callable[..., openai.OpenAI]) -> None:
    """A non-streamed call records its duration, tokens and cost."""
    client("hello").chat.completions.create(**REQUEST)
    points = sampled.points()
    assert {name: [(attributes, count) for attributes, count, _ in found] for name, found in points.items()} == {
        DURATION: [({**MODELS, **_server(openrouter)}, 1)],
        TOKENS: [
            ({**MODELS, "gen_ai.token.type": "input"}, 1),
            ({**MODELS, "gen_ai.token.type": "output"}, 1),
        ],
        COST: [(MODELS, 1)],
    }
    assert [total for _, _, total in points[TOKENS]] == [43, 120]
    assert [total for _, _, total in points[COST]] == [0.00014]
    assert 0 < points[DURATION][0][2] < 60


def test_stream(sampled: Telemetry, openrouter: Simulator, client: Callable[..., openai.OpenAI]) -> None:
    """A stream also records the time to its first chunk and the gap before each later chunk."""
    for _ in client("slow").chat.completions.create(**REQUEST, stream=True):
        pass
    points = sampled.points()
    assert {name: [(attributes, count) for attributes, count, _ in found] for name, found in points.items()} == {
        DURATION: [({**MODELS, **_server(openrouter)}, 1)],
        FIRST_CHUNK: [({**MODELS, **_server(openrouter)}, 1)],
        CHUNK_GAP: [({key: MODELS[key] for key in MODELS if key != "gen_ai.response.model"}, 51)],
        TOKENS: [
            ({**MODELS, "gen_ai.token.type": "input"}, 1),
            ({**MODELS, "gen_ai.token.type": "output"}, 1),
        ],
        COST: [(MODELS, 1)],
    }
    ((_, _, seconds),) = points[DURATION]
    ((_, _, first),) = points[FIRST_CHUNK]
    ((_, _, gaps),) = points[CHUNK_GAP]
    assert 0 < gaps < gaps + first <= seconds


def test_times_are_exact(
    telemetry: Telemetry, client: Callable[..., openai.OpenAI], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Times are exact with a clock that advances one second per reading: start, headers, five chunks, end."""
    tick_at_each_reading(monkeypatch)
    for _ in client("reasoning").chat.completions.create(**REQUEST, stream=True):
        pass
    span = telemetry.one_span()
    attributes = span.attributes or {}
    assert attributes["gen_ai.response.time_to_first_chunk"] == 2.0
    assert attributes["openrouter.response.time_to_first_token"] == 2.0
    assert span.start_time is not None
    assert span.end_time == span.start_time + 7_000_000_000
    points = telemetry.points()
    assert [(count, total) for _, count, total in points[FIRST_CHUNK]] == [(1, 2.0)]
    assert [(count, total) for _, count, total in points[CHUNK_GAP]] == [(4, 4.0)]
    assert [(count, total) for _, count, total in points[DURATION]] == [(1, 7.0)]


def test_failed_call(sampled: Telemetry, openrouter: Simulator, client: Callable[..., openai.OpenAI]) -> None:
    """A failed call records its duration with the error type and provider, and no tokens."""
    with pytest.raises(openai.RateLimitError):
        client("rate_limited").chat.completions.create(**REQUEST)
    ((name, ((attributes, count, _),)),) = sampled.points().items()
    assert (name, count) == (DURATION, 1)
    assert attributes == {
        **OPERATION,
        **_server(openrouter),
        "gen_ai.request.model": "openai/gpt-4o-mini",
        "openrouter.provider.name": "Google",
        "error.type": "rate_limit_exceeded",
    }


def test_failed_stream_keeps_its_cost(sampled: Telemetry, client: Callable[..., openai.OpenAI]) -> None:
    """A failed stream records its cost, with the error type."""
    with pytest.raises(openai.APIError):
        list(client("error_in_stream").chat.completions.create(**REQUEST, stream=True))
    assert sampled.points()[COST] == [({**MODELS, "error.type": "provider_unavailable"}, 1, 0.00014)]


def test_zero_cost_is_recorded(sampled: Telemetry, client: Callable[..., openai.OpenAI]) -> None:
    """A cost of zero is recorded."""
    client("free").chat.completions.create(**REQUEST)
    ((_, count, total),) = sampled.points()[COST]
    assert (count, total) == (1, 0)


def test_units_and_buckets(telemetry: Telemetry, client: Callable[..., openai.OpenAI]) -> None:
    """Units and buckets follow the semantic conventions; cost buckets range from a millionth of a dollar to ten."""
    for _ in client("hello").chat.completions.create(**REQUEST, stream=True):
        pass
    assert isinstance(telemetry.reader, InMemoryMetricReader)
    data: Any = telemetry.reader.get_metrics_data()
    (scope,) = data.resource_metrics[0].scope_metrics
    seconds = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
    tokens = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)
    found = {metric.name: (metric.unit, metric.data.data_points[0].explicit_bounds) for metric in scope.metrics}
    assert found.pop(COST) == ("USD", (1e-6, 5e-6, 1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 5e-3, 0.01, 0.05, 0.1, 0.5, 1, 5, 10))
    assert found == {
        DURATION: ("s", seconds),
        FIRST_CHUNK: ("s", seconds),
        CHUNK_GAP: ("s", seconds),
        TOKENS: ("{token}", tokens),
    }
    assert scope.scope.name == "opentelemetry.instrumentation.openrouter"


def test_exemplar_is_the_longest_gap(telemetry: Telemetry, client: Callable[..., openai.OpenAI]) -> None:
    """The longest gap between chunks has an exemplar that refers to the span."""
    for _ in client("hello").chat.completions.create(**REQUEST, stream=True):
        pass
    data: Any = telemetry.reader.get_metrics_data()
    metrics = data.resource_metrics[0].scope_metrics[0].metrics
    (point,) = next(metric for metric in metrics if metric.name == CHUNK_GAP).data.data_points
    (exemplar,) = point.exemplars
    assert exemplar.value == point.max
    context: Any = telemetry.one_span().context
    assert exemplar.span_id == context.span_id
