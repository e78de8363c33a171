"""Runs every way of calling beside one neighbour, and tells what came of it.

`python -m tests.interop.instrumentors.probe <neighbour> <order> <simulator>` prints one JSON object a way: the caller's outcome, the
number of inference spans, and what is wrong with them. It ought to be that one span carries the truth, and that tokens,
duration and cost are counted once. The order is `alone`, `neighbour first` or `ours first`.
"""

import contextlib
import gc
import json
import sys
from collections.abc import Iterator
from typing import Any, Final

import openai
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.sdk.trace import ReadableSpan

from tests.calling_styles import STREAMED_WAYS, outcome, ways
from tests.simulator import CANNED_REPLIES
from tests.telemetry import Telemetry

from .known import NEIGHBOURS

REQUESTS: Final[dict[str, dict[str, Any]]] = {
    "chat": {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]},
    "completions": {"model": "openai/gpt-4o-mini", "prompt": "Say hello."},
    "responses": {"model": "openai/gpt-4o-mini", "input": "Say hello."},
    "embeddings": {"model": "openai/gpt-4o-mini", "input": "hello"},
}
SCENARIO: Final = "served_elsewhere"  # its headers tell the upstream provider, which a Responses body does not
INPUT_TOKENS: Final = {"embeddings": 7}
COST: Final = {"embeddings": 1.4e-06}
OURS: Final = "opentelemetry.instrumentation.openrouter"


class Probe:
    """One neighbour and the instrumentation, switched on in one order."""

    def __init__(self, name: str, order: str, simulator: str) -> None:
        self.name, self.simulator = name, simulator
        self.telemetry = Telemetry()
        self._points: dict[tuple[str, str], tuple[int, float]] = {}
        if order == "ours first":
            self.telemetry.instrument([simulator])
        self.switch_off = NEIGHBOURS[name].switch_on(self.telemetry)
        if order == "neighbour first":
            self.telemetry.instrument([simulator])
        self.together = order != "alone"

    def run(self) -> Iterator[dict[str, Any]]:
        """Each way of calling each endpoint, and then each way of switching off."""
        for endpoint, request in REQUESTS.items():
            for table in ways(endpoint):
                for name, way in table.items():
                    if endpoint == "embeddings" and name in STREAMED_WAYS:
                        continue
                    self.telemetry.exporter.clear()
                    got = repr(outcome(way, f"{self.simulator}/{SCENARIO}/api/v1", request))
                    found: dict[str, Any] = {"endpoint": endpoint, "way": name, "outcome": got}
                    news = self._news()
                    if (
                        "TypeError" in got
                    ):  # some neighbours break some ways; what is left of it ends with the next call
                        gc.collect()
                        outcome(ways("chat")[0]["post"], f"{self.simulator}/{SCENARIO}/api/v1", REQUESTS["chat"])
                        self._news()
                    elif self.together:
                        found["spans"] = len(self._inferences())
                        found["faults"] = [*self._span_faults(endpoint), *_metric_faults(endpoint, news)]
                    yield found
        if self.together:
            yield {"endpoint": "", "way": "uninstrument", "outcome": "", "spans": 1, "faults": list(self._off())}

    def _inferences(self) -> list[ReadableSpan]:
        spans = [span for span in self.telemetry.raw_spans if not _is_http(span)]
        return [span for span in spans if (span.attributes or {}).get("logfire.span_type") != "pending_span"]

    def _span_faults(self, endpoint: str) -> Iterator[str]:
        carriers = [span for span in self._inferences() if "gen_ai.usage.cost" in (span.attributes or {})]
        if len(carriers) != 1:
            yield f"{len(carriers)} spans carry the cost"
            return
        (carrier,) = carriers
        told = carrier.attributes or {}
        wanted = {
            "gen_ai.usage.cost": COST.get(endpoint, 7.1e-06),
            "gen_ai.provider.name": "openrouter",
            "openrouter.provider.name": CANNED_REPLIES[SCENARIO].provider,
        }
        yield from (f"{name} is {told.get(name)!r}" for name, value in wanted.items() if told.get(name) != value)
        if any(_scope(span) == OURS for span in self.telemetry.started.open.values()):
            yield "a span of ours is open"
        if self.name == "http":
            (http,) = [span for span in self.telemetry.raw_spans if _is_http(span)] or [None]
            if http is None or http.parent != carrier.context:
                yield "the HTTP span is not under ours"

    def _news(self) -> dict[tuple[str, str], tuple[int, float]]:
        """For each metric, by token type, what was added since the last look: count and sum."""
        now: dict[tuple[str, str], tuple[int, float]] = {}
        data = self.telemetry.reader.get_metrics_data()
        for resource in data.resource_metrics if data else ():
            for metric in (metric for scope in resource.scope_metrics for metric in scope.metrics):
                for point in metric.data.data_points:
                    key = metric.name, str((point.attributes or {}).get("gen_ai.token.type", ""))
                    count, total = now.get(key, (0, 0.0))
                    now[key] = count + getattr(point, "count", 0), total + getattr(point, "sum", 0.0)
        before, self._points = self._points, now
        return {
            key: (value[0] - before.get(key, (0, 0.0))[0], value[1] - before.get(key, (0, 0.0))[1])
            for key, value in now.items()
        }

    def _off(self) -> Iterator[str]:
        """Both are switched off: the SDK is as it was, and works."""
        if "first" in sys.argv[2] and sys.argv[2].startswith("ours"):
            OpenRouterInstrumentor().uninstrument()
            self.switch_off()
        else:
            self.switch_off()
            OpenRouterInstrumentor().uninstrument()
        self.telemetry.exporter.clear()
        with openai.OpenAI(base_url=f"{self.simulator}/{SCENARIO}/api/v1", api_key="sk-or-x") as client:
            said = client.responses.create(model="openai/gpt-4o-mini", input="Say hello.").output_text
        if said != "Hello":
            yield f"the SDK answers {said!r}"
        if any(_scope(span) == OURS or _is_http(span) for span in self.telemetry.raw_spans):
            yield "there are spans still"


def _metric_faults(endpoint: str, news: dict[tuple[str, str], tuple[int, float]]) -> Iterator[str]:
    tokens = INPUT_TOKENS.get(endpoint, 10)
    for key, wanted in {
        ("gen_ai.client.token.usage", "input"): tokens,
        ("gen_ai.usage.cost", ""): COST.get(endpoint, 7.1e-06),
    }.items():
        _, total = news.get(key, (0, 0.0))
        if round(total, 10) != wanted:
            yield f"{key[0]} adds up to {total}"
    durations = news.get(("gen_ai.client.operation.duration", ""), (0, 0.0))[0]
    if durations != 1:
        yield f"{durations} durations are counted"


def _scope(span: ReadableSpan) -> str:
    return span.instrumentation_scope.name if span.instrumentation_scope else ""


def _is_http(span: ReadableSpan) -> bool:
    return _scope(span).endswith("httpx")


def main() -> None:
    """Tell each way on the standard output; whatever else is printed goes to the standard error."""
    out = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        for found in Probe(*sys.argv[1:]).run():
            print(json.dumps(found), file=out, flush=True)


if __name__ == "__main__":
    main()
