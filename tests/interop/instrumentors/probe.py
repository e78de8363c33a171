"""Makes every call of a client together with one other instrumentor, and reports the spans and metrics.

`python -m tests.interop.instrumentors.probe <instrumentor> <order>` prints one JSON object for each calling style: the
caller's outcome, the headers that it sent, the number of inference spans, and their defects. Exactly one span must
have the cost, and the metrics must count tokens, duration and cost once, unless a limit is known. The order is
`alone`, `other first` or `ours first`.
"""

import contextlib
import gc
import json
import re
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, Final

from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.sdk.trace import ReadableSpan

from tests.simulator import CANNED_REPLIES, Simulator
from tests.telemetry import Telemetry

from .calls import SCENARIO, Call, outcome
from .instrumentor import Limit
from .known import INSTRUMENTORS

OURS: Final = "opentelemetry.instrumentation.openrouter"
HTTP_SCOPES: Final = ("httpx", "requests", "aiohttp_client")
Changes = dict[tuple[str, str], tuple[int, float]]


class Probe:
    """One other instrumentor and the instrumentation, enabled in one order."""

    def __init__(self, name: str, order: str, simulator: Simulator) -> None:
        self.other, self.order, self.simulator = INSTRUMENTORS[name], order, simulator
        self.telemetry = Telemetry()
        self._points: Changes = {}
        if order == "ours first":
            self.telemetry.instrument([simulator.url])
        self.disable = self.other.enable(self.telemetry)
        if order == "other first":
            self.telemetry.instrument([simulator.url])
        self.together = order != "alone"

    def run(self) -> Iterator[dict[str, Any]]:
        """Yield the result of each call, and then of disabling both."""
        calls: list[Call] = list(import_module(f".calls.{self.other.client}", __package__).calls(self.telemetry))
        calls = [call for call in calls if re.match(self.other.only, call.endpoint)]
        for call in calls:
            self.telemetry.exporter.clear()
            self.simulator.received.clear()
            got = self._outcome(call)
            found: dict[str, Any] = {"endpoint": call.endpoint, "style": call.style, "group": call.group}
            found["outcome"] = f"{got}, sent with {[sorted(each.headers) for each in self.simulator.received]}"
            gc.collect()  # some instrumentors break some calling styles: their streams are dropped
            self.telemetry.tracer_provider.force_flush()
            changes = self._metric_changes()
            if self.together and "TypeError" not in got:
                found["spans"] = len(self._inferences())
                limit = self.other.limit(call.endpoint, call.style)
                found["failures"] = [*self._span_failures(call, limit), *_metric_failures(call, limit, changes)]
            yield found
        if self.together:
            failures = list(self._disable_both(calls[0]))
            yield {
                "endpoint": "",
                "style": "uninstrument",
                "group": "",
                "outcome": "",
                "spans": 1,
                "failures": failures,
            }

    def _outcome(self, call: Call) -> str:
        return repr(outcome(lambda: call.run(self.simulator.url)))

    def _inferences(self) -> list[ReadableSpan]:
        spans = [span for span in self.telemetry.raw_spans if not _is_http(span)]
        return [span for span in spans if (span.attributes or {}).get("logfire.span_type") != "pending_span"]

    def _span_failures(self, call: Call, limit: Limit) -> Iterator[str]:
        with_cost = [span for span in self._inferences() if "gen_ai.usage.cost" in (span.attributes or {})]
        if len(with_cost) != int(limit.has_cost):
            yield f"{len(with_cost)} spans have the cost"
        if len(with_cost) != 1:
            return
        (span,) = with_cost
        attributes = span.attributes or {}
        expected = {
            "gen_ai.usage.cost": call.cost,
            "gen_ai.provider.name": "openrouter",
            "openrouter.provider.name": CANNED_REPLIES[SCENARIO].provider,
        }
        yield from (
            f"{name} is {attributes.get(name)!r}" for name, value in expected.items() if attributes.get(name) != value
        )
        if any(_scope(span) == OURS for span in self.telemetry.started.open.values()):
            yield "a span of the instrumentation is open"
        if self.other.http_span:
            yield from self._http_span_failures(span)

    def _http_span_failures(self, inference: ReadableSpan) -> Iterator[str]:
        spans = [span for span in self.telemetry.raw_spans if _is_http(span)]
        spans = [span for span in spans if (span.attributes or {}).get("logfire.span_type") != "pending_span"]
        if len(spans) != 1:
            yield f"{len(spans)} HTTP spans"
            return
        (http,) = spans
        lower, upper = (http, inference) if self.other.http_span == "child" else (inference, http)
        if lower.parent is None or upper.context is None or lower.parent.span_id != upper.context.span_id:
            yield f"the HTTP span is not the {self.other.http_span} of the inference span"
        sent = [each.headers.get("traceparent", "").split("-")[1:3] for each in self.simulator.received]
        if http.context is None or sent != [[f"{http.context.trace_id:032x}", f"{http.context.span_id:016x}"]]:
            yield f"the trace context {sent} is not that of the HTTP span"

    def _metric_changes(self) -> Changes:
        """Return the count and the sum that each metric gained since the last call, by token type."""
        now: Changes = {}
        data = self.telemetry.reader.get_metrics_data()
        for resource in data.resource_metrics if data else ():
            for metric in (metric for scope in resource.scope_metrics for metric in scope.metrics):
                for point in metric.data.data_points:
                    key = metric.name, _token_type(point.attributes or {})
                    count, total = now.get(key, (0, 0.0))
                    now[key] = count + getattr(point, "count", 0), total + getattr(point, "sum", 0.0)
        before, self._points = self._points, now
        return {
            key: (value[0] - before.get(key, (0, 0.0))[0], value[1] - before.get(key, (0, 0.0))[1])
            for key, value in now.items()
        }

    def _disable_both(self, call: Call) -> Iterator[str]:
        """Disable both: the client works and creates no spans."""
        before = self._outcome(call)
        steps = [OpenRouterInstrumentor().uninstrument, self.disable]
        for step in steps if self.order == "ours first" else reversed(steps):
            step()
        self.telemetry.exporter.clear()
        after = self._outcome(call)
        if after != before:
            yield f"the client returns {after} instead of {before}"
        # OpenLLMetry's instrumentor of the OpenAI SDK leaves some methods wrapped.
        if any(_scope(span) == OURS or _is_http(span) for span in self.telemetry.raw_spans):
            yield "the client still creates spans"


def _metric_failures(call: Call, limit: Limit, changes: Changes) -> Iterator[str]:
    for key, expected in {
        ("gen_ai.client.token.usage", "input"): call.input_tokens * limit.tokens,
        ("gen_ai.usage.cost", ""): call.cost * limit.has_cost,
    }.items():
        _, total = changes.get(key, (0, 0.0))
        if round(total, 10) != expected:
            yield f"the sum of {key[0]} is {total}"
    durations = changes.get(("gen_ai.client.operation.duration", ""), (0, 0.0))[0]
    if durations != limit.durations:
        yield f"{durations} durations are recorded"


def _token_type(attributes: Mapping[str, Any]) -> str:
    # OpenLLMetry's instrumentor of LiteLLM names it otherwise.
    return str(attributes.get("gen_ai.token.type", attributes.get("gen_ai.usage.token_type", "")))


def _scope(span: ReadableSpan) -> str:
    return span.instrumentation_scope.name if span.instrumentation_scope else ""


def _is_http(span: ReadableSpan) -> bool:
    return _scope(span).endswith(HTTP_SCOPES)


def main() -> None:
    """Print the results to standard output; redirect all other output to standard error."""
    out = sys.stdout
    name, order = sys.argv[1:]
    with contextlib.redirect_stdout(sys.stderr), Simulator() as simulator:
        for found in Probe(name, order, simulator).run():
            print(json.dumps(found), file=out, flush=True)


if __name__ == "__main__":
    main()
