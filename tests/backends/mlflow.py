"""MLflow, really run: what its traces, spans and sums show of the calls.

It takes OTLP over HTTP alone, and wants to be told the experiment by a header:
https://mlflow.org/docs/latest/genai/tracing/opentelemetry/ingest
"""

import contextlib
import json
import os
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator
from decimal import Decimal
from typing import Any, Final

from .calls import CALL, CALLS, PROVIDERS_ERROR, SESSION, USER, Call, billed, difference, tell
from .pins import version
from .servers import Fact, environment, free_ports, get, plain_environ, post, served, soon, working_folder

EXPERIMENT: Final = "0"
ALONE: Final = [call for call in CALLS if not call.turn]
"""Those that are a trace of their own."""
# mlflow/tracing/utils/__init__.py, _aggregate_from_nodes
BINARY_SUMS: Final = (
    "MLflow sums the costs of a trace in binary floating point: 0.00014 + 0.0003 = 0.00043999999999999996; "
    "the cost of each span is exact"
)
NO_REASONING: Final = "MLflow has no field for reasoning tokens: they are an attribute only"
# mlflow/utils/search_utils.py: what follows `span.attributes.` is compared as text
NO_SEARCH_BY_COST: Final = (
    "MLflow cannot search by cost: it compares attributes as text, and has no search key for the cost of a trace"
)
# mlflow/tracing/otel/translation/__init__.py, translate_span_when_storing
OWN_PRICES: Final = (
    "Without the dialect MLflow computes the cost from its own price list, by model and tokens, and shows none or 0 "
    "for a model without a price; it ignores `gen_ai.usage.cost`"
)


def release() -> str:
    """What runs."""
    return f"MLflow {version('mlflow')}"


@contextlib.contextmanager
def running() -> Generator[str]:
    """A tracking server with nothing in it; its URL."""
    programs = environment("mlflow")
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    environ = plain_environ(
        MLFLOW_DISABLE_TELEMETRY="true",
        MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false",
        PATH=f"{programs}:{os.environ['PATH']}",  # it starts uvicorn by its name
    )
    with working_folder() as folder:
        where = ("--host", "127.0.0.1", "--port", port, "--workers", "1")
        store = (
            "--backend-store-uri",
            f"sqlite:///{folder}/mlflow.db",
            "--artifacts-destination",
            folder / "artifacts",
        )
        with served([programs / "mlflow", "server", *where, *store], f"{url}/health", environ, folder):
            yield url


def facts() -> Iterator[Fact]:
    """All that is looked at."""
    with running() as url:
        tell(_aimed(url, EXPERIMENT), ["mlflow"])
        yield _arrived(url, EXPERIMENT, "each trace arrives")
        traces = _traces(url, EXPERIMENT)
        spans = {name: span for trace in traces for name, span in _spans(url, trace["trace_id"]).items()}
        yield from _of_traces({_name(url, trace): trace for trace in traces})
        yield from _of_spans(spans)
        yield from _searches(url)
        yield _sums(url)
        plain = post(f"{url}/api/2.0/mlflow/experiments/create", {"name": "without the dialect"})["experiment_id"]
        tell(_aimed(url, plain), [])
        yield _arrived(url, plain, "each trace arrives without the dialect")
        yield _own_prices(url, plain)


def _aimed(url: str, experiment: str) -> dict[str, str]:
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_HEADERS": f"x-mlflow-experiment-id={experiment}",
    }


def _arrived(url: str, experiment: str, claim: str) -> Fact:
    def missing() -> str:
        found = len(_traces(url, experiment))
        return "" if found == len(ALONE) + 1 else f"it has {found} traces in place of {len(ALONE) + 1}"

    return Fact("traces over HTTP", claim, soon(missing))


def _traces(url: str, experiment: str, only: str = "") -> list[dict[str, Any]]:
    where = [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}]
    asked = {"locations": where, "max_results": 100, "filter": only}
    return post(f"{url}/api/3.0/mlflow/traces/search", asked).get("traces", [])


def _spans(url: str, trace: str) -> dict[str, dict[str, Any]]:
    """The spans that its page is made of by the names of their calls, their attributes read."""
    spans = json.loads(get(f"{url}/ajax-api/3.0/mlflow/get-trace-artifact?request_id={trace}"))["spans"]
    read = [
        {**span, "attributes": {name: json.loads(value) for name, value in span["attributes"].items()}}
        for span in spans
    ]
    return {span["attributes"].get(CALL, span["name"]): span for span in read}


def _name(url: str, trace: dict[str, Any]) -> str:
    """What a trace is of: the one call in it, or the program's turn."""
    return min(_spans(url, trace["trace_id"]).items(), key=lambda item: item[1]["parent_span_id"] or "")[0]


def _exactly(value: float) -> Decimal:
    return Decimal(repr(value))


def _of_traces(traces: dict[str, dict[str, Any]]) -> Iterator[Fact]:
    about = {name: trace.get("trace_metadata", {}) for name, trace in traces.items()}

    def fact(topic: str, claim: str, of: Callable[[Call], object], found: Callable[[str], object]) -> Fact:
        wanted = {call.name: of(call) for call in ALONE}
        return Fact(topic, claim, difference(wanted, {name: found(name) for name in wanted}))

    costs = _costs(traces)
    yield fact("cost of a trace", "what each trace cost", lambda call: call.cost, costs.get)
    usage = {name: json.loads(told.get("mlflow.trace.tokenUsage", "{}")) for name, told in about.items()}
    for claim, key, of in _TOKENS:
        yield fact("tokens", f"{claim} of a trace", of, lambda name, key=key: usage[name].get(key))
    state = {name: trace["state"] for name, trace in traces.items()}
    yield fact("errors with their message", "which failed", lambda call: "ERROR" if call.error else "OK", state.get)
    yield fact(
        "sessions",
        "the sessions",
        lambda call: call.session or None,
        lambda name: about[name].get("mlflow.trace.session"),
    )
    yield fact("users", "who asked", lambda call: call.user or None, lambda name: about[name].get("mlflow.trace.user"))
    asked = {name: trace.get("request_preview", "") for name, trace in traces.items()}
    yield fact("inputs and outputs", "the request", lambda call: call.question, lambda name: _text(asked[name]))
    answered = {name: trace.get("response_preview", "") for name, trace in traces.items()}
    yield fact("inputs and outputs", "the response", lambda call: call.answer, lambda name: _text(answered[name]))
    turn = [call for call in CALLS if call.turn]
    yield Fact(
        "sessions",
        "of the program's turn",
        difference({"": turn[0].session}, {"": about["turn"]["mlflow.trace.session"]}),
    )
    whole, rounded = sum(call.cost or 0 for call in turn), sum(float(call.cost or 0) for call in turn)
    fault = "" if costs["turn"] == _exactly(rounded) else f"it shows {costs['turn']}"
    gone = ": the limit is gone" if costs["turn"] == whole else ""
    yield Fact("", f"several calls in one trace are {rounded} in place of {whole}", fault + gone, BINARY_SUMS)


def _costs(traces: dict[str, dict[str, Any]]) -> dict[str, Decimal]:
    about = {name: trace.get("trace_metadata", {}) for name, trace in traces.items()}
    return {
        name: _exactly(json.loads(told["mlflow.trace.cost"])["total_cost"])
        for name, told in about.items()
        if "mlflow.trace.cost" in told
    }


_TOKENS: Final[tuple[tuple[str, str, Callable[[Call], int | None]], ...]] = (
    ("all tokens", "total_tokens", lambda call: call.asked_tokens + call.answered_tokens if call.usage else None),
    ("tokens in", "input_tokens", lambda call: call.asked_tokens if call.usage else None),
    ("tokens out", "output_tokens", lambda call: call.answered_tokens if call.usage else None),
    ("tokens from a cache", "cache_read_input_tokens", lambda call: call.cached_tokens if call.usage else None),
)


def _text(preview: str) -> str:
    messages = json.loads(preview or "[]")
    return "".join(part["content"] for message in messages for part in message["parts"] if part["type"] == "text")


def _of_spans(spans: dict[str, dict[str, Any]]) -> Iterator[Fact]:
    attributes = {name: span["attributes"] for name, span in spans.items()}

    def fact(topic: str, claim: str, of: Callable[[Call], object], key: str) -> Fact:
        wanted = {call.name: of(call) for call in CALLS}
        return Fact(topic, claim, difference(wanted, {name: attributes[name].get(key) for name in wanted}))

    costs = {
        name: _exactly(told["mlflow.llm.cost"]["total_cost"])
        for name, told in attributes.items()
        if "mlflow.llm.cost" in told
    }
    yield Fact("cost of each span", "what each span cost", difference(billed(), costs))
    yield Fact(
        "cost of each span", "what all spans cost", difference({"": sum(billed().values())}, {"": sum(costs.values())})
    )
    kinds = {"embeddings": "EMBEDDING"}
    yield fact("span type", "what each span is", lambda call: kinds.get(call.way, "CHAT_MODEL"), "mlflow.spanType")
    models = {call.name: call.asked if call.error else call.exchange.model for call in CALLS}
    yield fact("model that answered", "which model answered", lambda call: models[call.name], "mlflow.llm.model")
    failed = {call.name: PROVIDERS_ERROR if call.error else "" for call in CALLS}
    said = {name: spans[name]["status"]["message"] for name in failed}
    yield Fact("errors with their message", "what the error says", difference(failed, said))
    streamed = {call.name for call in CALLS if call.way == "stream"}
    first = {name for name, told in attributes.items() if told.get("openrouter.response.time_to_first_token", 0) > 0}
    yield Fact("first token (attribute)", "which streamed", difference({"": streamed}, {"": first}))
    reasoned = {call.name for call in CALLS if call.reasoning_tokens}
    told = {name for name, each in attributes.items() if each.get("gen_ai.usage.reasoning.output_tokens")}
    counted = [name for name in reasoned if "reasoning" in json.dumps(attributes[name]["mlflow.chat.tokenUsage"])]
    fault = difference({"": reasoned}, {"": told}) + ("it counts them: the limit is gone" if counted else "")
    yield Fact("", "reasoning tokens are an attribute alone", fault, NO_REASONING)


_SEARCHES: Final[tuple[tuple[str, Callable[[Call], bool]], ...]] = (
    ("span.type = 'CHAT_MODEL'", lambda call: call.way != "embeddings"),
    ("span.type = 'EMBEDDING'", lambda call: call.way == "embeddings"),
    ("span.attributes.openrouter.provider.name LIKE '%DeepInfra%'", lambda call: call.exchange.provider == "DeepInfra"),
    ("span.attributes.error.type LIKE '%provider_unavailable%'", lambda call: call.error == "provider_unavailable"),
    ("trace.status = 'ERROR'", lambda call: bool(call.error)),
    (f"metadata.`mlflow.trace.session` = '{SESSION}'", lambda call: call.session == SESSION),
    (f"metadata.`mlflow.trace.user` = '{USER}'", lambda call: call.user == USER),
)


def _searches(url: str) -> Iterator[Fact]:
    for only, of in _SEARCHES:
        wanted = {call.turn or call.name for call in CALLS if of(call)}
        found = {_name(url, trace) for trace in _traces(url, EXPERIMENT, only)}
        yield Fact("searches", only, difference({"": wanted}, {"": found}))
    for by_cost in ("span.attributes.gen_ai.usage.cost > 0.0001", "trace.cost > 0.0001", "trace.total_cost > 0.0001"):
        try:
            found = len(_traces(url, EXPERIMENT, by_cost))
        except ValueError as error:
            fault = "" if "INVALID_PARAMETER_VALUE" in str(error) else str(error)
        else:
            fault = f"it answers with {found} traces: the limit is gone"
        yield Fact("", f"{by_cost} is refused", fault, NO_SEARCH_BY_COST)


def _own_prices(url: str, experiment: str) -> Fact:
    found = _costs({_name(url, trace): trace for trace in _traces(url, experiment)})
    wanted = billed(ALONE)
    right = [name for name, cost in found.items() if cost and cost == wanted.get(name)]
    known = [name for name, cost in found.items() if cost]
    fault = (
        f"{', '.join(right)} cost what they did: the limit is gone" if right else "" if known else "it tells no cost"
    )
    return Fact("", "without the dialect each cost is another one", fault, OWN_PRICES)


def _sums(url: str) -> Fact:
    """What its Overview adds up, by model: binary fractions, so to fifteen digits."""
    asked = {
        "experiment_ids": [EXPERIMENT],
        "view_type": "SPANS",
        "metric_name": "total_cost",
        "aggregations": [{"aggregation_type": "SUM"}],
        "dimensions": ["span_model_name"],
    }
    points = post(f"{url}/api/3.0/mlflow/traces/metrics", asked)["data_points"]
    found = {point["dimensions"]["span_model_name"]: f"{point['values']['SUM']:.15g}" for point in points}
    wanted: dict[str, Decimal] = defaultdict(Decimal)
    for call in CALLS:
        if call.cost is not None:
            wanted[call.exchange.model] += call.cost
    return Fact(
        "its sums by model",
        "what each model cost",
        difference({name: f"{float(cost):.15g}" for name, cost in wanted.items()}, found),
    )
