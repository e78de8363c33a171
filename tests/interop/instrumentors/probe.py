"""Runs every calling style together with one other instrumentor, and reports the spans and metrics.

`python -m tests.interop.instrumentors.probe <instrumentor> <order> <simulator>` prints one JSON object for each calling
style: the caller's outcome, the number of inference spans, and their defects. Exactly one span must have the cost, and
the metrics must count tokens, duration and cost once. The order is `alone`, `other first` or `ours first`.
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

from tests.calling_styles import STREAMED_STYLES, outcome, styles_of
from tests.simulator import CANNED_REPLIES
from tests.telemetry import Telemetry

from .known import INSTRUMENTORS

REQUESTS: Final[dict[str, dict[str, Any]]] = {
    "chat": {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]},
    "completions": {"model": "openai/gpt-4o-mini", "prompt": "Say hello."},
    "responses": {"model": "openai/gpt-4o-mini", "input": "Say hello."},
    "embeddings": {"model": "openai/gpt-4o-mini", "input": "hello"},
}
SCENARIO: Final = "served_elsewhere"  # its headers name the upstream provider; a Responses API body does not
INPUT_TOKENS: Final = {"embeddings": 7}
COST: Final = {"embeddings": 1.4e-06}
OURS: Final = "opentelemetry.instrumentation.openrouter"


class Probe:
    """One other instrumentor and the instrumentation, enabled in one order."""

    def __init__(self, name: str, order: str, simulator: str) -> None:
        self.name, self.simulator = name, simulator
        self.telemetry = Telemetry()
        self._points: dict[tuple[str, str], tuple[int, float]] = {}
        if order == "ours first":
            self.telemetry.instrument([simulator])
        self.disable = INSTRUMENTORS[name].enable(self.telemetry)
        if order == "other first":
            self.telemetry.instrument([simulator])
        self.together = order != "alone"

    def run(self) -> Iterator[dict[str, Any]]:
        """Yield the result of each calling style of each endpoint, and then of disabling both."""
        for endpoint, request in REQUESTS.items():
            for styles in styles_of(endpoint):
                for name, style in styles.items():
                    if endpoint == "embeddings" and name in STREAMED_STYLES:
                        continue
                    self.telemetry.exporter.clear()
                    got = repr(outcome(style, f"{self.simulator}/{SCENARIO}/api/v1", request))
                    found: dict[str, Any] = {"endpoint": endpoint, "style": name, "outcome": got}
                    changes = self._metric_changes()
                    # Some instrumentors break some calling styles; the next call ends the spans left open.
                    if "TypeError" in got:
                        gc.collect()
                        outcome(styles_of("chat")[0]["post"], f"{self.simulator}/{SCENARIO}/api/v1", REQUESTS["chat"])
                        self._metric_changes()
                    elif self.together:
                        found["spans"] = len(self._inferences())
                        found["failures"] = [*self._span_failures(endpoint), *_metric_failures(endpoint, changes)]
                    yield found
        if self.together:
            yield {
                "endpoint": "",
                "style": "uninstrument",
                "outcome": "",
                "spans": 1,
                "failures": list(self._disable_both()),
            }

    def _inferences(self) -> list[ReadableSpan]:
        spans = [span for span in self.telemetry.raw_spans if not _is_http(span)]
        return [span for span in spans if (span.attributes or {}).get("logfire.span_type") != "pending_span"]

    def _span_failures(self, endpoint: str) -> Iterator[str]:
        with_cost = [span for span in self._inferences() if "gen_ai.usage.cost" in (span.attributes or {})]
        if len(with_cost) != 1:
            yield f"{len(with_cost)} spans have the cost"
            return
        (span,) = with_cost
        attributes = span.attributes or {}
        expected = {
            "gen_ai.usage.cost": COST.get(endpoint, 7.1e-06),
            "gen_ai.provider.name": "openrouter",
            "openrouter.provider.name": CANNED_REPLIES[SCENARIO].provider,
        }
        yield from (
            f"{name} is {attributes.get(name)!r}" for name, value in expected.items() if attributes.get(name) != value
        )
        if any(_scope(span) == OURS for span in self.telemetry.started.open.values()):
            yield "a span of the instrumentation is open"
        if self.name == "http":
            (http,) = [span for span in self.telemetry.raw_spans if _is_http(span)] or [None]
            if http is None or http.parent != span.context:
                yield "the HTTP span is not a child of the instrumentation's span"

    def _metric_changes(self) -> dict[tuple[str, str], tuple[int, float]]:
        """Return the count and the sum that each metric gained since the last call, by token type."""
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

    def _disable_both(self) -> Iterator[str]:
        """Disable both: the SDK works and creates no spans."""
        if "first" in sys.argv[2] and sys.argv[2].startswith("ours"):
            OpenRouterInstrumentor().uninstrument()
            self.disable()
        else:
            self.disable()
            OpenRouterInstrumentor().uninstrument()
        self.telemetry.exporter.clear()
        with openai.OpenAI(base_url=f"{self.simulator}/{SCENARIO}/api/v1", api_key="sk-or-x") as client:
            text = client.responses.create(model="openai/gpt-4o-mini", input="Say hello.").output_text
        if text != "Hello":
            yield f"the SDK returns {text!r}"
        if any(_scope(span) == OURS or _is_http(span) for span in self.telemetry.raw_spans):
            yield "the SDK still creates spans"


def _metric_failures(endpoint: str, changes: dict[tuple[str, str], tuple[int, float]]) -> Iterator[str]:
    tokens = INPUT_TOKENS.get(endpoint, 10)
    for key, expected in {
        ("gen_ai.client.token.usage", "input"): tokens,
        ("gen_ai.usage.cost", ""): COST.get(endpoint, 7.1e-06),
    }.items():
        _, total = changes.get(key, (0, 0.0))
        if round(total, 10) != expected:
            yield f"the sum of {key[0]} is {total}"
    durations = changes.get(("gen_ai.client.operation.duration", ""), (0, 0.0))[0]
    if durations != 1:
        yield f"{durations} durations are recorded"


def _scope(span: ReadableSpan) -> str:
    return span.instrumentation_scope.name if span.instrumentation_scope else ""


def _is_http(span: ReadableSpan) -> bool:
    return _scope(span).endswith("httpx")


def main() -> None:
    """Print the results to standard output; redirect all other output to standard error."""
    out = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        for found in Probe(*sys.argv[1:]).run():
            print(json.dumps(found), file=out, flush=True)


if __name__ == "__main__":
    main()
