"""Runs MLflow: what its traces, spans and sums show for the calls.

It accepts OTLP over HTTP only, and requires a header with the experiment:
https://mlflow.org/docs/latest/genai/tracing/opentelemetry/ingest
"""

import contextlib
import json
import os
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator
from decimal import Decimal
from typing import Any, Final

from .calls import CALL, CALLS, PROVIDERS_ERROR, SESSION, USER, Call, billed_costs, difference, run_program
from .pins import version
from .servers import (
    Check,
    environment,
    eventually,
    free_ports,
    get,
    plain_environ,
    post,
    running_server,
    working_folder,
)

EXPERIMENT: Final = "0"
ALONE: Final = [call for call in CALLS if not call.turn]
"""The calls that are a trace by themselves."""
# mlflow/tracing/utils/__init__.py, _aggregate_from_nodes
BINARY_SUMS: Final = (
    "MLflow sums the costs of a trace in binary floating point: 0.00014 + 0.0003 = 0.00043999999999999996; "
    "the cost of each span is exact"
)
NO_REASONING: Final = "MLflow has no field for reasoning tokens: they are an attribute only"
# mlflow/utils/search_utils.py: values of `span.attributes.` are compared as text
NO_SEARCH_BY_COST: Final = (
    "MLflow cannot search by cost: it compares attributes as text, and has no search key for the cost of a trace"
)
# mlflow/tracing/otel/translation/__init__.py, translate_span_when_storing
OWN_PRICES: Final = (
    "Without the dialect MLflow computes the cost from its own price list, by model and tokens, and shows none or 0 "
    "for a model without a price; it ignores `gen_ai.usage.cost`"
)


def release() -> str:
    """Return name and version."""
    return f"MLflow {version('mlflow')}"


@contextlib.contextmanager
def running() -> Generator[str]:
    """Run an empty tracking server; yield its URL."""
    programs = environment("mlflow")
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    environ = plain_environ(
        MLFLOW_DISABLE_TELEMETRY="true",
        MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false",
        PATH=f"{programs}:{os.environ['PATH']}",  # MLflow starts uvicorn by name
    )
    with working_folder() as folder:
        where = ("--host", "127.0.0.1", "--port", port, "--workers", "1")
        store = (
            "--backend-store-uri",
            f"sqlite:///{folder}/mlflow.db",
            "--artifacts-destination",
            folder / "artifacts",
        )
        with running_server([programs / "mlflow", "server", *where, *store], f"{url}/health", environ, folder):
            yield url


def checks() -> Iterator[Check]:
    """Run all checks."""
    with running() as url:
        run_program(_otlp_environ(url, EXPERIMENT), ["mlflow"])
        yield _arrived(url, EXPERIMENT, "each trace arrives")
        traces = _traces(url, EXPERIMENT)
        spans = {name: span for trace in traces for name, span in _spans(url, trace["trace_id"]).items()}
        yield from _of_traces({_name(url, trace): trace for trace in traces})
        yield from _of_spans(spans)
        yield from _searches(url)
        yield _sums(url)
        plain = post(f"{url}/api/2.0/mlflow/experiments/create", {"name": "without the dialect"})["experiment_id"]
        run_program(_otlp_environ(url, plain), [])
        yield _arrived(url, plain, "each trace arrives without the dialect")
        yield _own_prices(url, plain)


def _otlp_environ(url: str, experiment: str) -> dict[str, str]:
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_HEADERS": f"x-mlflow-experiment-id={experiment}",
    }


def _arrived(url: str, experiment: str, claim: str) -> Check:
    def missing() -> str:
        found = len(_traces(url, experiment))
        return "" if found == len(ALONE) + 1 else f"it has {found} traces instead of {len(ALONE) + 1}"

    return Check("traces over HTTP", claim, eventually(missing))


def _traces(url: str, experiment: str, only: str = "") -> list[dict[str, Any]]:
    where = [{"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}}]
    query = {"locations": where, "max_results": 100, "filter": only}
    return post(f"{url}/api/3.0/mlflow/traces/search", query).get("traces", [])


def _spans(url: str, trace: str) -> dict[str, dict[str, Any]]:
    """Return the spans of the trace's page by call name, with parsed attributes."""
    spans = json.loads(get(f"{url}/ajax-api/3.0/mlflow/get-trace-artifact?request_id={trace}"))["spans"]
    read = [
        {**span, "attributes": {name: json.loads(value) for name, value in span["attributes"].items()}}
        for span in spans
    ]
    return {span["attributes"].get(CALL, span["name"]): span for span in read}


def _name(url: str, trace: dict[str, Any]) -> str:
    """Return the name of the trace's only call, or of the program's turn."""
    return min(_spans(url, trace["trace_id"]).items(), key=lambda item: item[1]["parent_span_id"] or "")[0]


def _decimal(value: float) -> Decimal:
    return Decimal(repr(value))


def _of_traces(traces: dict[str, dict[str, Any]]) -> Iterator[Check]:
    metadata = {name: trace.get("trace_metadata", {}) for name, trace in traces.items()}

    def check(topic: str, claim: str, of: Callable[[Call], object], found: Callable[[str], object]) -> Check:
        expected = {call.name: of(call) for call in ALONE}
        return Check(topic, claim, difference(expected, {name: found(name) for name in expected}))

    costs = _costs(traces)
    yield check("cost of a trace", "cost of each trace", lambda call: call.cost, costs.get)
    usage = {name: json.loads(each.get("mlflow.trace.tokenUsage", "{}")) for name, each in metadata.items()}
    for claim, key, of in _TOKENS:
        yield check("tokens", f"{claim} of a trace", of, lambda name, key=key: usage[name].get(key))
    state = {name: trace["state"] for name, trace in traces.items()}
    yield check(
        "errors with their message", "which calls failed", lambda call: "ERROR" if call.error else "OK", state.get
    )
    yield check(
        "sessions",
        "the sessions",
        lambda call: call.session or None,
        lambda name: metadata[name].get("mlflow.trace.session"),
    )
    yield check(
        "users", "the user", lambda call: call.user or None, lambda name: metadata[name].get("mlflow.trace.user")
    )
    requests = {name: trace.get("request_preview", "") for name, trace in traces.items()}
    yield check("inputs and outputs", "the request", lambda call: call.question, lambda name: _text(requests[name]))
    responses = {name: trace.get("response_preview", "") for name, trace in traces.items()}
    yield check(
        "inputs and outputs", "the response", lambda call: call.response_text, lambda name: _text(responses[name])
    )
    turn = [call for call in CALLS if call.turn]
    yield Check(
        "sessions",
        "session of the program's turn",
        difference({"": turn[0].session}, {"": metadata["turn"]["mlflow.trace.session"]}),
    )
    exact, rounded = sum(call.cost or 0 for call in turn), sum(float(call.cost or 0) for call in turn)
    failure = "" if costs["turn"] == _decimal(rounded) else f"it shows {costs['turn']}"
    gone = ": the limit no longer exists" if costs["turn"] == exact else ""
    yield Check(
        "", f"several calls in one trace have the cost {rounded} instead of {exact}", failure + gone, BINARY_SUMS
    )


def _costs(traces: dict[str, dict[str, Any]]) -> dict[str, Decimal]:
    metadata = {name: trace.get("trace_metadata", {}) for name, trace in traces.items()}
    return {
        name: _decimal(json.loads(each["mlflow.trace.cost"])["total_cost"])
        for name, each in metadata.items()
        if "mlflow.trace.cost" in each
    }


_TOKENS: Final[tuple[tuple[str, str, Callable[[Call], int | None]], ...]] = (
    ("total tokens", "total_tokens", lambda call: call.input_tokens + call.output_tokens if call.usage else None),
    ("input tokens", "input_tokens", lambda call: call.input_tokens if call.usage else None),
    ("output tokens", "output_tokens", lambda call: call.output_tokens if call.usage else None),
    ("cached tokens", "cache_read_input_tokens", lambda call: call.cached_tokens if call.usage else None),
)


def _text(preview: str) -> str:
    messages = json.loads(preview or "[]")
    return "".join(part["content"] for message in messages for part in message["parts"] if part["type"] == "text")


def _of_spans(spans: dict[str, dict[str, Any]]) -> Iterator[Check]:
    attributes = {name: span["attributes"] for name, span in spans.items()}

    def check(topic: str, claim: str, of: Callable[[Call], object], key: str) -> Check:
        expected = {call.name: of(call) for call in CALLS}
        return Check(topic, claim, difference(expected, {name: attributes[name].get(key) for name in expected}))

    costs = {
        name: _decimal(each["mlflow.llm.cost"]["total_cost"])
        for name, each in attributes.items()
        if "mlflow.llm.cost" in each
    }
    yield Check("cost of each span", "cost of each span", difference(billed_costs(), costs))
    yield Check(
        "cost of each span",
        "total cost of all spans",
        difference({"": sum(billed_costs().values())}, {"": sum(costs.values())}),
    )
    kinds = {"embeddings": "EMBEDDING"}
    yield check("span type", "type of each span", lambda call: kinds.get(call.style, "CHAT_MODEL"), "mlflow.spanType")
    models = {call.name: call.model if call.error else call.canned.model for call in CALLS}
    yield check("model that answered", "response model", lambda call: models[call.name], "mlflow.llm.model")
    failed = {call.name: PROVIDERS_ERROR if call.error else "" for call in CALLS}
    messages = {name: spans[name]["status"]["message"] for name in failed}
    yield Check("errors with their message", "message of the error", difference(failed, messages))
    streamed = {call.name for call in CALLS if call.style == "stream"}
    first = {name for name, each in attributes.items() if each.get("openrouter.response.time_to_first_token", 0) > 0}
    yield Check("first token (attribute)", "which calls streamed", difference({"": streamed}, {"": first}))
    reasoned = {call.name for call in CALLS if call.reasoning_tokens}
    reported = {name for name, each in attributes.items() if each.get("gen_ai.usage.reasoning.output_tokens")}
    counted = [name for name in reasoned if "reasoning" in json.dumps(attributes[name]["mlflow.chat.tokenUsage"])]
    failure = difference({"": reasoned}, {"": reported}) + (
        "it counts them: the limit no longer exists" if counted else ""
    )
    yield Check("", "reasoning tokens are only an attribute", failure, NO_REASONING)


_SEARCHES: Final[tuple[tuple[str, Callable[[Call], bool]], ...]] = (
    ("span.type = 'CHAT_MODEL'", lambda call: call.style != "embeddings"),
    ("span.type = 'EMBEDDING'", lambda call: call.style == "embeddings"),
    ("span.attributes.openrouter.provider.name LIKE '%DeepInfra%'", lambda call: call.canned.provider == "DeepInfra"),
    ("span.attributes.error.type LIKE '%provider_unavailable%'", lambda call: call.error == "provider_unavailable"),
    ("trace.status = 'ERROR'", lambda call: bool(call.error)),
    (f"metadata.`mlflow.trace.session` = '{SESSION}'", lambda call: call.session == SESSION),
    (f"metadata.`mlflow.trace.user` = '{USER}'", lambda call: call.user == USER),
)


def _searches(url: str) -> Iterator[Check]:
    for only, of in _SEARCHES:
        expected = {call.turn or call.name for call in CALLS if of(call)}
        found = {_name(url, trace) for trace in _traces(url, EXPERIMENT, only)}
        yield Check("searches", only, difference({"": expected}, {"": found}))
    for by_cost in ("span.attributes.gen_ai.usage.cost > 0.0001", "trace.cost > 0.0001", "trace.total_cost > 0.0001"):
        try:
            found = len(_traces(url, EXPERIMENT, by_cost))
        except ValueError as error:
            failure = "" if "INVALID_PARAMETER_VALUE" in str(error) else str(error)
        else:
            failure = f"it returns {found} traces: the limit no longer exists"
        yield Check("", f"{by_cost} is refused", failure, NO_SEARCH_BY_COST)


def _own_prices(url: str, experiment: str) -> Check:
    found = _costs({_name(url, trace): trace for trace in _traces(url, experiment)})
    expected = billed_costs(ALONE)
    right = [name for name, cost in found.items() if cost and cost == expected.get(name)]
    priced = [name for name, cost in found.items() if cost]
    failure = (
        f"{', '.join(right)} have the charged cost: the limit no longer exists"
        if right
        else ""
        if priced
        else "it shows no cost"
    )
    return Check("", "without the dialect each cost differs", failure, OWN_PRICES)


def _sums(url: str) -> Check:
    """Compare the sums by model of its Overview to 15 digits, because it sums binary floating-point numbers."""
    query = {
        "experiment_ids": [EXPERIMENT],
        "view_type": "SPANS",
        "metric_name": "total_cost",
        "aggregations": [{"aggregation_type": "SUM"}],
        "dimensions": ["span_model_name"],
    }
    points = post(f"{url}/api/3.0/mlflow/traces/metrics", query)["data_points"]
    found = {point["dimensions"]["span_model_name"]: f"{point['values']['SUM']:.15g}" for point in points}
    expected: dict[str, Decimal] = defaultdict(Decimal)
    for call in CALLS:
        if call.cost is not None:
            expected[call.canned.model] += call.cost
    return Check(
        "its sums by model",
        "cost of each model",
        difference({name: f"{float(cost):.15g}" for name, cost in expected.items()}, found),
    )
