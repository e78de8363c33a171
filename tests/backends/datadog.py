"""Runs Datadog's test agent: what an Agent receives for the calls, over OTLP and through ddtrace's bridge.

The test agent stores what it receives without checking it: https://github.com/DataDog/dd-apm-test-agent. So this module
verifies what arrives; what Datadog shows is described in its documentation.
"""

import base64
import contextlib
import json
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from .calls import CALL, CALLS, PROVIDERS_ERROR, Call, billed_costs, difference, run_program
from .pins import version
from .servers import Check, environment, eventually, free_ports, get, plain_environ, running_server, working_folder

METADATA: Final = "_dd.ml_obs.metadata"
COST: Final = "gen_ai.usage.cost"
EXCLUDED: Final = "_dd.llmobs.artificial_gen_ai_tags"
# https://docs.datadoghq.com/llm_observability/instrumentation/otel_instrumentation/, the mapping of attributes, and
# ddtrace/llmobs/_integrations/utils.py, get_openrouter_cost_metrics
BINARY_SUM: Final = (
    "Agent Observability has no OpenTelemetry attribute for cost and shows an estimate; ddtrace's own OpenAI "
    "integration reads OpenRouter's cost, so keep it enabled for that. For a call with your own provider key it adds "
    f"two binary floating-point numbers: {0.0001 + 0.0002} instead of 0.0003"
)
# ddtrace/llmobs/_utils.py, set_gen_ai_apm_tags, and the page above, on `dd_llmobs_enabled`
TWO_SPANS: Final = (
    "With ddtrace's own OpenAI integration enabled, a call has two spans: `openai.request`, and below it the span of "
    "this instrumentation. Both have token counts, only the latter has `gen_ai.usage.cost`: sum tokens over one of "
    "them, and costs over both. Datadog shows the latter as a second call in Agent Observability "
    "([#20411](https://github.com/DataDog/dd-trace-py/pull/20411)); `DD_TAGS=dd_llmobs_enabled:false` prevents this"
)
# https://docs.datadoghq.com/tracing/trace_collection/library_config/python/
QUIET: Final = {
    "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
    "DD_REMOTE_CONFIGURATION_ENABLED": "false",
    "DD_CODE_ORIGIN_FOR_SPANS_ENABLED": "false",
    "DD_TRACE_STARTUP_LOGS": "false",
}


@dataclass(frozen=True)
class Agent:
    """A running test agent."""

    url: str
    http: str
    grpc: str

    def otlp(self, signal: str) -> list[Any]:
        """Return the OTLP exports of a signal so far."""
        return json.loads(get(f"{self.http}/test/session/{signal}"))

    def traces(self) -> list[dict[str, Any]]:
        """Return the spans received in Datadog's own format so far."""
        return [span for trace in json.loads(get(f"{self.url}/test/session/traces")) for span in trace]

    def llmobs_spans(self) -> list[dict[str, Any]]:
        """Return the spans received for Agent Observability so far."""
        requests = json.loads(get(f"{self.url}/test/session/requests"))
        bodies = [base64.b64decode(each["body"]) for each in requests if each["url"].endswith("/api/v2/llmobs")]
        return [span for body in bodies for event in json.loads(body) for span in event["spans"]]

    def clear(self) -> None:
        """Delete everything received so far."""
        get(f"{self.http}/test/session/clear")
        get(f"{self.url}/test/session/clear")


def release() -> str:
    """Return name and version."""
    return f"Datadog's test agent {version('datadog')}, ddtrace {version('ddtrace')}"


@contextlib.contextmanager
def running() -> Generator[Agent]:
    """Run an empty test agent."""
    programs = environment("datadog")
    port, http, grpc = free_ports(3)
    agent = Agent(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{http}", f"http://127.0.0.1:{grpc}")
    with working_folder() as folder:
        command = [
            programs / "ddapm-test-agent",
            *("--host", "127.0.0.1", "--port", port, "--otlp-http-port", http, "--otlp-grpc-port", grpc),
            *("--snapshot-dir", folder, "--disable-llmobs-data-forwarding"),
        ]
        with running_server(command, f"{agent.url}/info", plain_environ(), folder):
            yield agent


def checks() -> Iterator[Check]:
    """Run all checks."""
    bridge = environment("ddtrace", ours=True)
    with running() as agent:
        for protocol, endpoint in (("http/protobuf", agent.http), ("grpc", agent.grpc)):
            agent.clear()
            environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol}
            run_program(environ, ["datadog"], metrics=True)
            yield from _over_otlp(agent, protocol.partition("/")[0])
        agent.clear()
        _run_through_ddtrace(agent, bridge, DD_TRACE_OPENAI_ENABLED="false")
        yield from _bridged(agent, "bridge", spans_each=1)
        agent.clear()
        _run_through_ddtrace(
            agent, bridge, DD_LLMOBS_ENABLED="true", DD_LLMOBS_ML_APP="program", DD_TAGS="dd_llmobs_enabled:false"
        )
        yield from _bridged(agent, "bridge with ddtrace's own integration", spans_each=2)
        yield from _llmobs(agent)


def _run_through_ddtrace(agent: Agent, bridge: Path, **more: str) -> None:
    environ = {"DD_TRACE_OTEL_ENABLED": "true", "DD_TRACE_AGENT_URL": agent.url, **QUIET, **more}
    run_program(environ, ["datadog"], python=(bridge / "ddtrace-run", bridge / "python"))


def _plain(attributes: list[dict[str, Any]]) -> dict[str, tuple[str, Any]]:
    return {each["key"]: next(iter(each["value"].items())) for each in attributes}


def _over_otlp(agent: Agent, how: str) -> Iterator[Check]:
    def exported() -> dict[str, dict[str, Any]]:
        spans = [
            span
            for export in agent.otlp("traces")
            for resource in export["resource_spans"]
            for scope in resource["scope_spans"]
            for span in scope["spans"]
        ]
        found = {span["span_id"]: {**span, "attributes": _plain(span.get("attributes", []))} for span in spans}
        return {span["attributes"][CALL][1]: span for span in found.values() if CALL in span["attributes"]}

    def missing() -> str:
        return difference({"": {call.name for call in CALLS}}, {"": set(exported())})

    yield Check("spans over HTTP and gRPC", f"{how}: each span arrives", eventually(missing))
    spans = exported()
    attributes = {name: span["attributes"] for name, span in spans.items()}
    costs = {name: each[COST] for name, each in attributes.items() if COST in each}
    expected_costs = {name: ("double_value", float(cost)) for name, cost in billed_costs().items()}
    yield Check("cost as a number", f"{how}: cost of each call, as a double", difference(expected_costs, costs))
    total = sum(Decimal(repr(value)) for _, value in costs.values())
    yield Check("cost as a number", f"{how}: total cost", difference({"": sum(billed_costs().values())}, {"": total}))
    for topic, claim, key, of in _ATTRIBUTES:
        yield Check(topic, f"{how}: {claim}", _compare(of, key, attributes))
    messages = {name: span.get("status", {}).get("message", "") for name, span in spans.items()}
    yield Check("errors with their message", f"{how}: message of the error", difference(_errors(), messages))
    yield _messages(how, {name: {key: value for key, (_, value) in each.items()} for name, each in attributes.items()})
    metadata = {
        name: json.loads(each[METADATA][1])["openrouter"] for name, each in attributes.items() if METADATA in each
    }
    topic = "cost, upstream provider and first token as metadata"
    costs = {name: Decimal(repr(each["cost"])) for name, each in metadata.items() if "cost" in each}
    yield Check(topic, f"{how}: cost of each call, in its metadata", difference(billed_costs(), costs))
    streamed = {call.name for call in CALLS if call.style == "stream"}
    first = {name for name, each in metadata.items() if each.get("time_to_first_token", 0) > 0}
    yield Check(topic, f"{how}: which calls streamed", difference({"": streamed}, {"": first}))
    yield _metrics(agent, how)


def _integer(count: int | None) -> tuple[str, str]:
    return "int_value", "" if count is None else str(count)


_ATTRIBUTES: Final[tuple[tuple[str, str, str, Callable[[Call], tuple[str, str]]], ...]] = (
    ("tokens", "input tokens", "gen_ai.usage.input_tokens", lambda call: _integer(call.usage.get("prompt_tokens"))),
    (
        "tokens",
        "output tokens",
        "gen_ai.usage.output_tokens",
        lambda call: _integer(call.usage.get("completion_tokens")),
    ),
    (
        "cached and reasoning tokens",
        "cached tokens",
        "llm.token_count.prompt_details.cache_read",
        lambda call: _integer(call.cached_tokens),
    ),
    (
        "cached and reasoning tokens",
        "reasoning tokens",
        "llm.token_count.completion_details.reasoning",
        lambda call: _integer(call.reasoning_tokens),
    ),
    ("sessions", "the session", "gen_ai.conversation.id", lambda call: ("string_value", call.session)),
    ("users", "the user, among `gen_ai.*`", "gen_ai.openrouter.user.id", lambda call: ("string_value", call.user)),
    ("errors with their message", "which calls failed", "error.type", lambda call: ("string_value", call.error)),
)
_COUNTS: Final[tuple[tuple[str, str, Callable[[Call], int]], ...]] = (
    ("input tokens", "gen_ai.usage.input_tokens", lambda call: call.input_tokens),
    ("output tokens", "gen_ai.usage.output_tokens", lambda call: call.output_tokens),
)
_TAGS: Final[tuple[tuple[str, str, str, Callable[[Call], str]], ...]] = (
    ("sessions", "the session", "session.id", lambda call: call.session),
    ("users", "the user", "user.id", lambda call: call.user),
    ("errors with their message", "error type", "error.type", lambda call: call.error),
)


def _compare(of: Callable[[Call], tuple[str, str]], key: str, attributes: Mapping[str, Mapping[str, Any]]) -> str:
    """Describe the differences of an attribute; a call without a value must not have it."""
    expected = {call.name: of(call) for call in CALLS if of(call)[1]}
    return difference(expected, {name: each[key] for name, each in attributes.items() if key in each})


def _errors() -> dict[str, str]:
    return {call.name: PROVIDERS_ERROR if call.error else "" for call in CALLS}


def _messages(how: str, attributes: Mapping[str, Mapping[str, Any]]) -> Check:
    expected = {call.name: (call.question, call.response_text) for call in CALLS}
    found = {
        name: tuple(_text(each.get(f"gen_ai.{side}.messages", "[]")) for side in ("input", "output"))
        for name, each in attributes.items()
    }
    return Check("messages", f"{how}: messages", difference(expected, found))


def _text(messages: str) -> str:
    parts = [part for message in json.loads(messages) for part in message["parts"]]
    return "".join(part["content"] for part in parts if part["type"] == "text")


def _metrics(agent: Agent, how: str) -> Check:
    """Compare the cost metric to 15 digits, because the histogram sums binary floating-point numbers."""

    def found() -> tuple[str, int]:
        points = [
            point
            for export in agent.otlp("metrics")
            for resource in export["resource_metrics"]
            for scope in resource["scope_metrics"]
            for metric in scope["metrics"]
            if metric["name"] == COST
            for point in metric["histogram"]["data_points"]
        ]
        return f"{sum(point['sum'] for point in points):.15g}", sum(int(point["count"]) for point in points)

    expected = f"{float(sum(billed_costs().values())):.15g}", len(billed_costs())
    return Check(
        "metrics", f"{how}: the cost as a metric", eventually(lambda: difference({"": expected}, {"": found()}))
    )


def _bridged(agent: Agent, how: str, *, spans_each: int) -> Iterator[Check]:
    def ours() -> dict[str, dict[str, Any]]:
        return {span["meta"][CALL]: span for span in agent.traces() if CALL in span["meta"]}

    yield Check(
        "spans through ddtrace's bridge",
        f"{how}: each span arrives",
        eventually(lambda: difference({"": {call.name for call in CALLS}}, {"": set(ours())})),
    )
    spans = ours()
    costs = {name: Decimal(repr(span["metrics"][COST])) for name, span in spans.items() if COST in span["metrics"]}
    yield Check("cost as a number", f"{how}: cost of each call", difference(billed_costs(), costs))
    everywhere = sum(Decimal(repr(span["metrics"].get(COST, 0.0))) for span in agent.traces())
    yield Check(
        "cost as a number",
        f"{how}: total cost of all spans",
        difference({"": sum(billed_costs().values())}, {"": everywhere}),
    )
    for claim, key, count in _COUNTS:
        expected = {call.name: count(call) for call in CALLS}
        found = {name: span["metrics"].get(key, 0.0) for name, span in spans.items()}
        yield Check("tokens", f"{how}: {claim}", difference(expected, found))
    for topic, claim, key, of in _TAGS:
        expected = {call.name: of(call) for call in CALLS}
        yield Check(
            topic,
            f"{how}: {claim}",
            difference(expected, {name: span["meta"].get(key, "") for name, span in spans.items()}),
        )
    messages = {name: span["meta"].get("error.message", "") for name, span in spans.items()}
    yield Check("errors with their message", f"{how}: message of the error", difference(_errors(), messages))
    yield _messages(how, {name: span["meta"] for name, span in spans.items()})
    parents = [span["span_id"] for span in agent.traces() if span["name"] == "openai.request"]
    below = [name for name, span in spans.items() if span["parent_id"] in parents]
    if spans_each == 1:
        yield Check(
            "spans through ddtrace's bridge", f"{how}: one span for each call", difference({"": []}, {"": parents})
        )
        return
    has_two = len(parents) == len(below) == len(CALLS)
    failure = (
        ""
        if has_two
        else f"{len(parents)} spans of ddtrace, {len(below)} of ours below them: the limit no longer exists"
    )
    yield Check("", f"{how}: two spans for each call", failure, TWO_SPANS)
    excluded = [span["name"] for span in agent.traces() if EXCLUDED in span["meta"]]
    failure = difference({"": ["openai.request"] * len(CALLS)}, {"": excluded})
    yield Check(
        "", f"{how}: only ddtrace's own spans have the tag that excludes them from the calls", failure, TWO_SPANS
    )
    tags = {name: span["meta"].get("dd_llmobs_enabled") for name, span in spans.items()}
    yield Check("", f"{how}: but `DD_TAGS` excludes ours", difference(dict.fromkeys(spans, "false"), tags), TWO_SPANS)


def _llmobs(agent: Agent) -> Iterator[Check]:
    """Check what ddtrace's own integration sends to Agent Observability, by the order of the calls."""

    def missing() -> str:
        found = len(agent.llmobs_spans())
        return "" if found == len(CALLS) else f"{found} spans instead of {len(CALLS)}"

    topic = "cost in Agent Observability, from ddtrace itself"
    yield Check(topic, "each call arrives", eventually(missing))
    spans = sorted(agent.llmobs_spans(), key=lambda span: span["start_ns"])
    names = [call.name for call in CALLS]
    costs = {
        name: Decimal(repr(span["metrics"]["total_cost"]))
        for name, span in zip(names, spans, strict=True)
        if "total_cost" in span["metrics"]
    }
    own = {call.name for call in CALLS if call.usage.get("is_byok")}
    plain = {name: cost for name, cost in billed_costs().items() if name not in own}
    yield Check(
        topic, "cost of each call", difference(plain, {name: cost for name, cost in costs.items() if name not in own})
    )
    expected = dict.fromkeys(own, Decimal(repr(0.0001 + 0.0002)))
    failure = difference(expected, {name: costs.get(name) for name in own})
    gone = ": the limit no longer exists" if all(costs.get(name) == billed_costs()[name] for name in own) else ""
    yield Check(
        "",
        "the cost of a call with the caller's own key is a sum of binary floating-point numbers",
        failure + gone,
        BINARY_SUM,
    )
