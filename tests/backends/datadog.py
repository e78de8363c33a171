"""Datadog's test agent, really run: what an Agent is sent of the calls, over OTLP and through ddtrace's bridge.

The test agent stores what it is sent and judges nothing: https://github.com/DataDog/dd-apm-test-agent. So this tells
what arrives; what Datadog makes of it, its documentation tells.
"""

import base64
import contextlib
import json
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from .calls import CALL, CALLS, PROVIDERS_ERROR, Call, billed, difference, tell
from .pins import version
from .servers import Fact, environment, free_ports, get, plain_environ, served, soon, working_folder

METADATA: Final = "_dd.ml_obs.metadata"
COST: Final = "gen_ai.usage.cost"
MARK: Final = "_dd.llmobs.artificial_gen_ai_tags"
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
    """A test agent that runs."""

    url: str
    http: str
    grpc: str

    def otlp(self, signal: str) -> list[Any]:
        """The OTLP exports of a signal so far."""
        return json.loads(get(f"{self.http}/test/session/{signal}"))

    def traces(self) -> list[dict[str, Any]]:
        """The spans that came in Datadog's own format so far."""
        return [span for trace in json.loads(get(f"{self.url}/test/session/traces")) for span in trace]

    def observed(self) -> list[dict[str, Any]]:
        """The spans for Agent Observability so far."""
        requests = json.loads(get(f"{self.url}/test/session/requests"))
        bodies = [base64.b64decode(each["body"]) for each in requests if each["url"].endswith("/api/v2/llmobs")]
        return [span for body in bodies for event in json.loads(body) for span in event["spans"]]

    def forget(self) -> None:
        """Begin anew."""
        get(f"{self.http}/test/session/clear")
        get(f"{self.url}/test/session/clear")


def release() -> str:
    """What runs."""
    return f"Datadog's test agent {version('datadog')}, ddtrace {version('ddtrace')}"


@contextlib.contextmanager
def running() -> Generator[Agent]:
    """A test agent with nothing in it."""
    programs = environment("datadog")
    port, http, grpc = free_ports(3)
    agent = Agent(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{http}", f"http://127.0.0.1:{grpc}")
    with working_folder() as folder:
        command = [
            programs / "ddapm-test-agent",
            *("--host", "127.0.0.1", "--port", port, "--otlp-http-port", http, "--otlp-grpc-port", grpc),
            *("--snapshot-dir", folder, "--disable-llmobs-data-forwarding"),
        ]
        with served(command, f"{agent.url}/info", plain_environ(), folder):
            yield agent


def facts() -> Iterator[Fact]:
    """All that is looked at."""
    bridge = environment("ddtrace", ours=True)
    with running() as agent:
        for protocol, endpoint in (("http/protobuf", agent.http), ("grpc", agent.grpc)):
            agent.forget()
            aimed = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol}
            tell(aimed, ["datadog"], metrics=True)
            yield from _over_otlp(agent, protocol.partition("/")[0])
        agent.forget()
        _tell_through_ddtrace(agent, bridge, DD_TRACE_OPENAI_ENABLED="false")
        yield from _bridged(agent, "bridge", spans_each=1)
        agent.forget()
        _tell_through_ddtrace(
            agent, bridge, DD_LLMOBS_ENABLED="true", DD_LLMOBS_ML_APP="program", DD_TAGS="dd_llmobs_enabled:false"
        )
        yield from _bridged(agent, "bridge beside ddtrace's own", spans_each=2)
        yield from _observed(agent)


def _tell_through_ddtrace(agent: Agent, bridge: Path, **more: str) -> None:
    steering = {"DD_TRACE_OTEL_ENABLED": "true", "DD_TRACE_AGENT_URL": agent.url, **QUIET, **more}
    tell(steering, ["datadog"], python=(bridge / "ddtrace-run", bridge / "python"))


def _plain(attributes: list[dict[str, Any]]) -> dict[str, tuple[str, Any]]:
    return {each["key"]: next(iter(each["value"].items())) for each in attributes}


def _over_otlp(agent: Agent, how: str) -> Iterator[Fact]:
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

    yield Fact("spans over HTTP and gRPC", f"{how}: each span arrives", soon(missing))
    spans = exported()
    attributes = {name: span["attributes"] for name, span in spans.items()}
    costs = {name: told[COST] for name, told in attributes.items() if COST in told}
    wanted_costs = {name: ("double_value", float(cost)) for name, cost in billed().items()}
    yield Fact("cost as a number", f"{how}: what each call cost, as a double", difference(wanted_costs, costs))
    total = sum(Decimal(repr(value)) for _, value in costs.values())
    yield Fact("cost as a number", f"{how}: what all cost", difference({"": sum(billed().values())}, {"": total}))
    for topic, claim, key, of in _ATTRIBUTES:
        yield Fact(topic, f"{how}: {claim}", _compare(of, key, attributes))
    said = {name: span.get("status", {}).get("message", "") for name, span in spans.items()}
    yield Fact("errors with their message", f"{how}: what the error says", difference(_errors(), said))
    yield _messages(how, {name: {key: value for key, (_, value) in told.items()} for name, told in attributes.items()})
    about = {name: json.loads(told[METADATA][1])["openrouter"] for name, told in attributes.items() if METADATA in told}
    topic = "cost, upstream provider and first token as metadata"
    costs = {name: Decimal(repr(told["cost"])) for name, told in about.items() if "cost" in told}
    yield Fact(topic, f"{how}: what each call cost, in its metadata", difference(billed(), costs))
    streamed = {call.name for call in CALLS if call.way == "stream"}
    first = {name for name, told in about.items() if told.get("time_to_first_token", 0) > 0}
    yield Fact(topic, f"{how}: which streamed", difference({"": streamed}, {"": first}))
    yield _metrics(agent, how)


def _integer(count: int | None) -> tuple[str, str]:
    return "int_value", "" if count is None else str(count)


_ATTRIBUTES: Final[tuple[tuple[str, str, str, Callable[[Call], tuple[str, str]]], ...]] = (
    ("tokens", "tokens in", "gen_ai.usage.input_tokens", lambda call: _integer(call.usage.get("prompt_tokens"))),
    ("tokens", "tokens out", "gen_ai.usage.output_tokens", lambda call: _integer(call.usage.get("completion_tokens"))),
    (
        "cached and reasoning tokens",
        "tokens from a cache",
        "llm.token_count.prompt_details.cache_read",
        lambda call: _integer(call.cached_tokens),
    ),
    (
        "cached and reasoning tokens",
        "tokens of reasoning",
        "llm.token_count.completion_details.reasoning",
        lambda call: _integer(call.reasoning_tokens),
    ),
    ("sessions", "the session", "gen_ai.conversation.id", lambda call: ("string_value", call.session)),
    ("users", "the user, among `gen_ai.*`", "gen_ai.openrouter.user.id", lambda call: ("string_value", call.user)),
    ("errors with their message", "which failed", "error.type", lambda call: ("string_value", call.error)),
)
_COUNTS: Final[tuple[tuple[str, str, Callable[[Call], int]], ...]] = (
    ("tokens in", "gen_ai.usage.input_tokens", lambda call: call.asked_tokens),
    ("tokens out", "gen_ai.usage.output_tokens", lambda call: call.answered_tokens),
)
_TAGS: Final[tuple[tuple[str, str, str, Callable[[Call], str]], ...]] = (
    ("sessions", "the session", "session.id", lambda call: call.session),
    ("users", "the user", "user.id", lambda call: call.user),
    ("errors with their message", "why it failed", "error.type", lambda call: call.error),
)


def _compare(of: Callable[[Call], tuple[str, str]], key: str, attributes: Mapping[str, Mapping[str, Any]]) -> str:
    """What of an attribute is wrong; who has nothing to tell must not have it."""
    wanted = {call.name: of(call) for call in CALLS if of(call)[1]}
    return difference(wanted, {name: told[key] for name, told in attributes.items() if key in told})


def _errors() -> dict[str, str]:
    return {call.name: PROVIDERS_ERROR if call.error else "" for call in CALLS}


def _messages(how: str, attributes: Mapping[str, Mapping[str, Any]]) -> Fact:
    wanted = {call.name: (call.question, call.answer) for call in CALLS}
    found = {
        name: tuple(_text(told.get(f"gen_ai.{side}.messages", "[]")) for side in ("input", "output"))
        for name, told in attributes.items()
    }
    return Fact("messages", f"{how}: messages", difference(wanted, found))


def _text(messages: str) -> str:
    parts = [part for message in json.loads(messages) for part in message["parts"]]
    return "".join(part["content"] for part in parts if part["type"] == "text")


def _metrics(agent: Agent, how: str) -> Fact:
    """The histogram adds binary fractions, so to fifteen digits."""

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

    wanted = f"{float(sum(billed().values())):.15g}", len(billed())
    return Fact("metrics", f"{how}: the cost as a metric", soon(lambda: difference({"": wanted}, {"": found()})))


def _bridged(agent: Agent, how: str, *, spans_each: int) -> Iterator[Fact]:
    def ours() -> dict[str, dict[str, Any]]:
        return {span["meta"][CALL]: span for span in agent.traces() if CALL in span["meta"]}

    yield Fact(
        "spans through ddtrace's bridge",
        f"{how}: each span arrives",
        soon(lambda: difference({"": {call.name for call in CALLS}}, {"": set(ours())})),
    )
    spans = ours()
    costs = {name: Decimal(repr(span["metrics"][COST])) for name, span in spans.items() if COST in span["metrics"]}
    yield Fact("cost as a number", f"{how}: what each call cost", difference(billed(), costs))
    everywhere = sum(Decimal(repr(span["metrics"].get(COST, 0.0))) for span in agent.traces())
    yield Fact(
        "cost as a number", f"{how}: what all spans cost", difference({"": sum(billed().values())}, {"": everywhere})
    )
    for claim, key, count in _COUNTS:
        wanted = {call.name: count(call) for call in CALLS}
        told = {name: span["metrics"].get(key, 0.0) for name, span in spans.items()}
        yield Fact("tokens", f"{how}: {claim}", difference(wanted, told))
    for topic, claim, key, of in _TAGS:
        wanted = {call.name: of(call) for call in CALLS}
        yield Fact(
            topic,
            f"{how}: {claim}",
            difference(wanted, {name: span["meta"].get(key, "") for name, span in spans.items()}),
        )
    said = {name: span["meta"].get("error.message", "") for name, span in spans.items()}
    yield Fact("errors with their message", f"{how}: what the error says", difference(_errors(), said))
    yield _messages(how, {name: span["meta"] for name, span in spans.items()})
    parents = [span["span_id"] for span in agent.traces() if span["name"] == "openai.request"]
    beneath = [name for name, span in spans.items() if span["parent_id"] in parents]
    if spans_each == 1:
        yield Fact("spans through ddtrace's bridge", f"{how}: one span a call", difference({"": []}, {"": parents}))
        return
    twice = len(parents) == len(beneath) == len(CALLS)
    fault = "" if twice else f"{len(parents)} of ddtrace's spans, {len(beneath)} of ours beneath: the limit is gone"
    yield Fact("", f"{how}: two spans a call", fault, TWO_SPANS)
    marked = [span["name"] for span in agent.traces() if MARK in span["meta"]]
    fault = difference({"": ["openai.request"] * len(CALLS)}, {"": marked})
    yield Fact("", f"{how}: Datadog is told of its own alone that they are not to be taken for calls", fault, TWO_SPANS)
    asked = {name: span["meta"].get("dd_llmobs_enabled") for name, span in spans.items()}
    yield Fact("", f"{how}: but `DD_TAGS` says it of ours", difference(dict.fromkeys(spans, "false"), asked), TWO_SPANS)


def _observed(agent: Agent) -> Iterator[Fact]:
    """What ddtrace's own integration tells Agent Observability; it cannot name our calls, so by their order."""

    def missing() -> str:
        found = len(agent.observed())
        return "" if found == len(CALLS) else f"{found} spans in place of {len(CALLS)}"

    topic = "cost in Agent Observability, from ddtrace itself"
    yield Fact(topic, "each call is told", soon(missing))
    told = sorted(agent.observed(), key=lambda span: span["start_ns"])
    names = [call.name for call in CALLS]
    costs = {
        name: Decimal(repr(span["metrics"]["total_cost"]))
        for name, span in zip(names, told, strict=True)
        if "total_cost" in span["metrics"]
    }
    own = {call.name for call in CALLS if call.usage.get("is_byok")}
    plain = {name: cost for name, cost in billed().items() if name not in own}
    yield Fact(
        topic, "what each call cost", difference(plain, {name: cost for name, cost in costs.items() if name not in own})
    )
    wanted = dict.fromkeys(own, Decimal(repr(0.0001 + 0.0002)))
    fault = difference(wanted, {name: costs.get(name) for name in own})
    gone = ": the limit is gone" if all(costs.get(name) == billed()[name] for name in own) else ""
    yield Fact("", "a call with a key of one's own is a sum of binary fractions", fault + gone, BINARY_SUM)
