"""Runs each file of `examples/`, and each zero-code command of its docstring, in a separate process.

They call the simulator; the tests check what an OTLP receiver gets: path, headers, spans and attribute types.
"""

import ast
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final, NamedTuple

import pytest
from opentelemetry.instrumentation.openrouter._telemetry.dialects import DIALECTS
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

from tests.otlp import STANDARD_PATHS, ReceivedSpan, Receiver
from tests.simulator import CANNED_REPLIES, Simulator

ROOT: Final = Path(__file__).parents[2]
EXAMPLES: Final = ROOT / "examples"
README: Final = (EXAMPLES / "README.md").read_text()
# It needs a running Phoenix; `tests/backends` runs it.
TESTED_ELSEWHERE: Final = {"phoenix_costs"}
PROGRAM: Final = "app"
SECONDS: Final = 60
OPENROUTER_KEY: Final = "sk-or-canary"
# OpenTelemetry SDK 1.37 emits a deprecation warning about its own code when it exports an event.
SDK_WARNING: Final = re.compile(r"^.*LogDeprecatedInitWarning: LogRecord init with .*\n  return cls\(\n", re.MULTILINE)
TRACES: Final = {"/v1/traces": "traces"}

USAGE: Final[dict[str, Any]] = CANNED_REPLIES["hello"].usage or {}
COST: Final[float] = USAGE["cost"]
COST_DETAILS: Final[dict[str, Any]] = USAGE["cost_details"]
IN, OUT = "upstream_inference_prompt_cost", "upstream_inference_completions_cost"


class ExpectedAttribute(NamedTuple):
    """The expected type of an attribute in protobuf, and its value or a predicate for it."""

    kind: str
    check: object
    streamed: bool = False
    """Whether only a stream has the attribute."""


def _json(check: Callable[[Any], bool]) -> Callable[[str], bool]:
    return lambda value: check(json.loads(value))


def _is_moment(value: str) -> bool:
    """Return whether the text, which may be quoted as JSON, is a time with a time zone."""
    return datetime.fromisoformat(value.strip('"')).tzinfo is not None


def _is_output(messages: Any) -> bool:
    return messages[0]["parts"][0]["content"] == "Hello"


def _is_input(messages: Any) -> bool:
    return messages[0]["role"] == "user" and messages[0]["parts"][0]["content"].startswith("Say hello.")


MESSAGES: Final = {
    "gen_ai.input.messages": ExpectedAttribute("string_value", _json(_is_input)),
    "gen_ai.output.messages": ExpectedAttribute("string_value", _json(_is_output)),
}
OPENINFERENCE: Final = {
    "openinference.span.kind": ExpectedAttribute("string_value", "LLM"),
    "input.value": ExpectedAttribute("string_value", _json(_is_input)),
    "output.value": ExpectedAttribute("string_value", _json(_is_output)),
    "input.mime_type": ExpectedAttribute("string_value", "application/json"),
    "llm.token_count.prompt": ExpectedAttribute("int_value", 43),
    "llm.token_count.completion": ExpectedAttribute("int_value", 120),
    "llm.token_count.prompt_details.cache_read": ExpectedAttribute("int_value", 12),
    "llm.token_count.completion_details.reasoning": ExpectedAttribute("int_value", 11),
}
ALWAYS: Final = {
    "gen_ai.operation.name": ExpectedAttribute("string_value", "chat"),
    "gen_ai.provider.name": ExpectedAttribute("string_value", "openrouter"),
    "gen_ai.request.model": ExpectedAttribute("string_value", "openai/gpt-4o-mini"),
    "gen_ai.response.model": ExpectedAttribute("string_value", "openai/gpt-4o-mini"),
    "gen_ai.response.finish_reasons": ExpectedAttribute(
        "array_value", lambda value: [v.string_value for v in value.values] == ["stop"]
    ),
    "gen_ai.response.time_to_first_chunk": ExpectedAttribute("double_value", lambda value: value > 0, streamed=True),
    "gen_ai.request.stream": ExpectedAttribute("bool_value", True, streamed=True),
    "gen_ai.usage.input_tokens": ExpectedAttribute("int_value", 43),
    "gen_ai.usage.output_tokens": ExpectedAttribute("int_value", 120),
    "gen_ai.usage.cost": ExpectedAttribute("double_value", COST),
    "openrouter.provider.name": ExpectedAttribute("string_value", "OpenAI"),
    "user.id": ExpectedAttribute("string_value", "user-42"),
    "session.id": ExpectedAttribute("string_value", "session-7"),
    "gen_ai.conversation.id": ExpectedAttribute("string_value", "session-7"),
}
# The attributes that each backend reads, by its documentation or by experiment, in addition to `ALWAYS`.
BACKEND_ATTRIBUTES: Final[Mapping[str, Mapping[str, ExpectedAttribute]]] = {
    # https://arize.com/docs/ax/instrument/how-cost-tracking-works
    "arize": {
        **OPENINFERENCE,
        "llm.cost.total": ExpectedAttribute("double_value", COST),
        "llm.cost.prompt": ExpectedAttribute("double_value", COST_DETAILS[IN]),
        "llm.cost.completion": ExpectedAttribute("double_value", COST_DETAILS[OUT]),
        "llm.model_name": ExpectedAttribute("string_value", "openai/gpt-4o-mini"),
        "llm.provider": ExpectedAttribute("string_value", "openrouter"),
        "llm.finish_reason": ExpectedAttribute("string_value", "stop"),
        "llm.invocation_parameters": ExpectedAttribute(
            "string_value", _json(lambda value: value["model"] == "openai/gpt-4o-mini")
        ),
        "llm.input_messages.0.message.role": ExpectedAttribute("string_value", "user"),
        "llm.output_messages.0.message.content": ExpectedAttribute("string_value", "Hello"),
    },
    # Phoenix 20.26.1, by experiment: it ignores costs, and reads messages only as JSON strings
    "phoenix": {**OPENINFERENCE, **MESSAGES},
    # https://docs.datadoghq.com/llm_observability/instrumentation/otel_instrumentation/
    "datadog": {
        **MESSAGES,
        "gen_ai.openrouter.provider.name": ExpectedAttribute("string_value", "OpenAI"),
        "gen_ai.openrouter.user.id": ExpectedAttribute("string_value", "user-42"),
    },
    # It stores every attribute unchanged.
    "jaeger": {},
    # https://langfuse.com/integrations/native/opentelemetry
    "langfuse": {
        **MESSAGES,
        "langfuse.observation.type": ExpectedAttribute("string_value", "generation"),
        "langfuse.observation.cost_details": ExpectedAttribute(
            "string_value", _json(lambda value: value["total"] == COST)
        ),
        "langfuse.observation.usage_details": ExpectedAttribute(
            "string_value", _json(lambda value: value["total"] == 163)
        ),
        "langfuse.observation.completion_start_time": ExpectedAttribute("string_value", _is_moment, streamed=True),
    },
    # https://posthog.com/docs/llm-analytics/installation/opentelemetry
    "posthog": {
        **MESSAGES,
        "$ai_total_cost_usd": ExpectedAttribute("double_value", COST),
        "$ai_input_cost_usd": ExpectedAttribute("double_value", COST_DETAILS[IN]),
        "$ai_output_cost_usd": ExpectedAttribute("double_value", COST_DETAILS[OUT]),
        "$ai_cost_passthrough": ExpectedAttribute("bool_value", True),
        "$ai_cache_read_input_tokens": ExpectedAttribute("int_value", 12),
        "$ai_reasoning_tokens": ExpectedAttribute("int_value", 11),
        "$ai_stop_reason": ExpectedAttribute("string_value", "stop"),
        "$ai_session_id": ExpectedAttribute("string_value", "session-7"),
        "$ai_time_to_first_token": ExpectedAttribute("double_value", lambda value: value > 0, streamed=True),
    },
    # mlflow 3.17.2, by experiment
    "mlflow": {
        **MESSAGES,
        "mlflow.llm.cost": ExpectedAttribute("string_value", _json(lambda value: value["total_cost"] == COST)),
    },
    # It stores every attribute unchanged.
    "honeycomb": {},
    # https://docs.langchain.com/langsmith/cost-tracking
    "langsmith": {
        **MESSAGES,
        "langsmith.span.kind": ExpectedAttribute("string_value", "llm"),
        "langsmith.usage_metadata": ExpectedAttribute(
            "string_value",
            _json(
                lambda value: (value["total_cost"], value["input_tokens"], value["output_tokens"]) == (COST, 43, 120)
            ),
        ),
        "langsmith.metadata.thread_id": ExpectedAttribute("string_value", "session-7"),
        "langsmith.metadata.user_id": ExpectedAttribute("string_value", "user-42"),
    },
    # It stores every attribute unchanged.
    "grafana_cloud": {},
    # These have no example file: logfire 5.2.0 and https://getsentry.github.io/sentry-conventions/attributes/gen_ai/
    "logfire": {"operation.cost": ExpectedAttribute("double_value", COST)},
    "sentry": {
        "gen_ai.cost.total_tokens": ExpectedAttribute("double_value", COST),
        "gen_ai.cost.input_tokens": ExpectedAttribute("double_value", COST_DETAILS[IN]),
        "gen_ai.cost.output_tokens": ExpectedAttribute("double_value", COST_DETAILS[OUT]),
    },
}


@dataclass(frozen=True)
class Recipe:
    """One mode to export to a backend: the settings of an example file, and what the receiver must get."""

    file: str
    address: str
    """The backend's address in the command; the test replaces it with the receiver's and keeps the path after it."""
    path: str
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    """Environment of the file: keys, and the address (`{http}` or `{grpc}` is the receiver's). Commands get only the keys."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    resource: Mapping[str, str] = field(default_factory=dict[str, str])
    paths: Mapping[str, str] = field(default_factory=lambda: TRACES)
    command: int = 0
    """The index of the command in the docstring."""
    modes: tuple[str, ...] = ("manual", "zero-code")
    metrics: tuple[str, ...] = ()
    """The modes that send metrics too."""
    temporality: int = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE


GRPC_TRACES: Final = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
RECIPES: Final[Mapping[str, Recipe]] = {
    "phoenix": Recipe(
        "phoenix",
        "http://localhost:6006",
        "/v1/traces",
        {"PHOENIX_COLLECTOR_ENDPOINT": "{http}"},
        resource={"openinference.project.name": "openrouter"},
    ),
    "phoenix with a key": Recipe(
        "phoenix",
        "http://localhost:6006",
        "/v1/traces",
        {"PHOENIX_COLLECTOR_ENDPOINT": "{http}", "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20px-1"},
        {"authorization": "Bearer px-1"},
    ),
    "arize": Recipe(
        "arize",
        "https://otlp.arize.com",
        GRPC_TRACES,
        {"ARIZE_COLLECTOR_ENDPOINT": "{grpc}/v1", "ARIZE_SPACE_ID": "U3BhY2U6MQ==", "ARIZE_API_KEY": "ak-1"},
        {"space_id": "U3BhY2U6MQ==", "api_key": "ak-1"},
        {"openinference.project.name": "openrouter"},
    ),
    "datadog by the Agent": Recipe(
        "datadog",
        "http://localhost:4318",
        "/v1/traces",
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "{http}"},
        resource={"dd_llmobs_enabled": "true"},
        paths=STANDARD_PATHS,
        metrics=("zero-code",),
        # https://docs.datadoghq.com/opentelemetry/guide/otlp_delta_temporality/
        temporality=AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA,
    ),
    "datadog without Agent": Recipe(
        "datadog",
        "https://otlp.datadoghq.com",
        "/v1/traces",
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "{http}", "DD_API_KEY": "dd-1"},
        {"dd-api-key": "dd-1", "dd-otlp-source": "llmobs"},
        {"dd_llmobs_enabled": "true"},
        command=1,
    ),
    "jaeger over gRPC": Recipe(
        "jaeger",
        "http://localhost:4317",
        GRPC_TRACES,
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "{grpc}"},
        resource={"service.name": "my-app"},
    ),
    "jaeger over HTTP": Recipe(
        "jaeger",
        "http://localhost:4318",
        "/v1/traces",
        resource={"service.name": "my-app"},
        command=1,
        modes=("zero-code",),
    ),
    "langfuse": Recipe(
        "langfuse",
        "https://cloud.langfuse.com",
        "/api/public/otel/v1/traces",
        {
            "LANGFUSE_BASE_URL": "{http}",
            "LANGFUSE_PUBLIC_KEY": "pk-lf-8b1f6e0c-3a52-4e1e-9d6b-5f0a7c2e4d31",
            "LANGFUSE_SECRET_KEY": "sk-lf-0e9d8c7b-6a5f-4e3d-8c2b-1a0f9e8d7c6b",
        },
        {
            # longer than the 76 characters after which `base64` starts a new line
            "authorization": "Basic cGstbGYtOGIxZjZlMGMtM2E1Mi00ZTFlLTlkNmItNWYwYTdjMmU0ZDMxOnNrLWxmLTBlOWQ4YzdiLTZhNWY"
            "tNGUzZC04YzJiLTFhMGY5ZThkN2M2Yg==",
            "x-langfuse-ingestion-version": "4",
        },
        paths={"/api/public/otel/v1/traces": "traces"},
    ),
    "posthog": Recipe(
        "posthog",
        "https://us.i.posthog.com",
        "/i/v0/ai/otel",
        {"POSTHOG_HOST": "{http}", "POSTHOG_PROJECT_TOKEN": "phc_1"},
        {"authorization": "Bearer phc_1"},
        paths={"/i/v0/ai/otel": "traces"},
    ),
    "mlflow": Recipe(
        "mlflow",
        "http://localhost:5000",
        "/v1/traces",
        {"MLFLOW_TRACKING_URI": "{http}"},
        {"x-mlflow-experiment-id": "0"},
    ),
    "honeycomb": Recipe(
        "honeycomb",
        "https://api.honeycomb.io",
        "/v1/traces",
        {"HONEYCOMB_API_ENDPOINT": "{http}", "HONEYCOMB_API_KEY": "hc-1"},
        {"x-honeycomb-team": "hc-1"},
        {"service.name": "my-app"},
    ),
    "langsmith": Recipe(
        "langsmith",
        "https://api.smith.langchain.com",
        "/otel/v1/traces",
        {"LANGSMITH_ENDPOINT": "{http}", "LANGSMITH_API_KEY": "ls-1"},
        {"x-api-key": "ls-1", "langsmith-project": "openrouter"},
        paths={"/otel/v1/traces": "traces"},
    ),
    "grafana cloud": Recipe(
        "grafana_cloud",
        "https://otlp-gateway-prod-us-central-0.grafana.net",
        "/otlp/v1/traces",
        {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "{http}/otlp",
            "OTEL_EXPORTER_OTLP_HEADERS": "Authorization=Basic%20MTIzNDU2OmdsY18x",
            "GRAFANA_INSTANCE_ID": "123456",
            "GRAFANA_TOKEN": "glc_1",
        },
        {"authorization": "Basic MTIzNDU2OmdsY18x"},
        {"service.name": "my-app"},
        paths={f"/otlp{path}": signal for path, signal in STANDARD_PATHS.items()},
        metrics=("manual", "zero-code"),
    ),
}
CASES: Final = [pytest.param(name, mode, id=f"{name}, {mode}") for name, each in RECIPES.items() for mode in each.modes]


def _docstring(file: str) -> str:
    return ast.get_docstring(ast.parse((EXAMPLES / f"{file}.py").read_text())) or ""


def _commands(file: str) -> list[str]:
    """Return the zero-code commands of a docstring: its indented blocks."""
    return re.findall(r"^(?:    .+\n?)+", _docstring(file), re.MULTILINE)


def _environment(openrouter: Simulator, **settings: str) -> dict[str, str]:
    """Return the environment of a process: none of the host's OpenTelemetry or backend variables."""
    inherited = {key: os.environ[key] for key in ("HOME", "LANG", "TMPDIR") if key in os.environ}
    return {
        **inherited,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "OPENROUTER_API_KEY": OPENROUTER_KEY,
        "OPENROUTER_BASE_URL": openrouter.base_url(),
        "OTEL_INSTRUMENTATION_OPENROUTER_BASE_URLS": openrouter.url,
        "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "httpx,httpx2,requests,aiohttp-client",  # installed for other tests
        **settings,
    }


def _run(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run a command to its end; it must print the responses and nothing on standard error."""
    completed = subprocess.run(
        command,
        cwd=EXAMPLES,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (completed.returncode, SDK_WARNING.sub("", completed.stderr)) == (0, "")
    assert completed.stdout == "Hello\nHello\n"


def _shell(command: str) -> list[str]:
    return ["sh", "-euc", command]


def _values(attributes: Mapping[str, tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, (_, value) in attributes.items()}


def _differences(span: ReceivedSpan, expected: Mapping[str, ExpectedAttribute], *, streamed: bool) -> Iterator[str]:
    """Yield the differences between a span and the expected attributes."""
    for name, attribute in expected.items():
        if attribute.streamed and not streamed:
            if name in span["attributes"]:
                yield f"{name} is set, but the call was not streamed"
            continue
        kind, value = span["attributes"].get(name, ("nothing", None))
        if kind != attribute.kind:
            yield f"{name} is {kind}, not {attribute.kind}"
        elif not (attribute.check(value) if callable(attribute.check) else value == attribute.check):
            yield f"{name} is {value!r}"


def _differences_of_both(receiver: Receiver, expected: Mapping[str, ExpectedAttribute]) -> list[str]:
    """Return the differences of the two spans: a non-streamed call and a stream."""
    plain, streamed = receiver.spans()
    assert plain["id"] != streamed["id"]
    for span in (plain, streamed):
        assert (span["name"], span["kind"], span["status"], span["scope"]) == (
            "chat openai/gpt-4o-mini",
            "SPAN_KIND_CLIENT",
            "STATUS_CODE_UNSET",
            "opentelemetry.instrumentation.openrouter",
        )
    return [*_differences(plain, expected, streamed=False), *_differences(streamed, expected, streamed=True)]


def _cost_totals(receiver: Receiver) -> Iterator[tuple[int, float]]:
    """Yield the number of calls and their total cost, for each export of the cost metric."""
    for metric in receiver.metrics():
        if metric.name == "gen_ai.usage.cost":
            points = metric.histogram.data_points
            yield sum(point.count for point in points), sum(point.sum for point in points)


@pytest.mark.parametrize(("name", "mode"), CASES)
def test_recipe(openrouter: Simulator, name: str, mode: str) -> None:
    """Both spans reach the backend's path with its headers, resource attributes and span attributes."""
    recipe = RECIPES[name]
    with Receiver(recipe.paths) as receiver:
        settings = {key: each.format(http=receiver.http, grpc=receiver.grpc) for key, each in recipe.settings.items()}
        if mode == "manual":
            _run([sys.executable, f"{recipe.file}.py"], _environment(openrouter, **settings))
        else:
            own = {key: value for key, value in settings.items() if "127.0.0.1" not in value}
            command, address = (
                _commands(recipe.file)[recipe.command],
                receiver.grpc if _is_grpc(recipe) else receiver.http,
            )
            assert command.count(recipe.address) == 1
            _run(_shell(command.replace(recipe.address, address)), _environment(openrouter, **own))
    assert receiver.refused == []
    assert _differences_of_both(receiver, {**ALWAYS, **BACKEND_ATTRIBUTES[recipe.file]}) == []
    for export in receiver.exports:
        assert (export.transport == "grpc") is _is_grpc(recipe)
        assert recipe.headers.items() <= export.headers.items()
        assert OPENROUTER_KEY.encode() not in export.message.SerializeToString()
    spans = [export for export in receiver.exports if export.path == recipe.path]
    assert spans, [export.path for export in receiver.exports]
    for span in receiver.spans():
        assert recipe.resource.items() <= _values(span["resource"]).items()
    assert (list(_cost_totals(receiver)) == [(2, 2 * COST)]) is (mode in recipe.metrics)
    assert {metric.histogram.aggregation_temporality for metric in receiver.metrics()} == (
        {recipe.temporality} if mode in recipe.metrics else set()
    )


def _is_grpc(recipe: Recipe) -> bool:
    return recipe.path == GRPC_TRACES


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_all_signals_and_all_dialects(openrouter: Simulator, protocol: str) -> None:
    """Traces, metrics and logs are exported over both protocols, with all dialects and with content."""
    with Receiver() as receiver:
        environment = _environment(
            openrouter,
            OTEL_EXPORTER_OTLP_ENDPOINT=receiver.grpc if protocol == "grpc" else receiver.http,
            OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
            OTEL_INSTRUMENTATION_OPENROUTER_DIALECTS=",".join(DIALECTS),
            OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT="span_and_event",
        )
        _run(["opentelemetry-instrument", "python", f"{PROGRAM}.py"], environment)
    assert {export.transport for export in receiver.exports} == {protocol[:4]}
    assert receiver.refused == []
    attributes_read = {name: attribute for table in BACKEND_ATTRIBUTES.values() for name, attribute in table.items()}
    assert _differences_of_both(receiver, {**ALWAYS, **attributes_read}) == []
    assert list(_cost_totals(receiver)) == [(2, 2 * COST)]
    assert [name for name, _ in receiver.events()] == ["gen_ai.client.inference.operation.details"] * 2
    for _, attributes in receiver.events():
        kind, messages = attributes["gen_ai.output.messages"]
        assert kind == "array_value"
        assert '"Hello"' in str(messages)


def test_every_dialect_is_tested() -> None:
    """Each dialect has at least one attribute in the table, so that it is tested on the wire."""
    assert set(DIALECTS) <= set(BACKEND_ATTRIBUTES)
    for name, rows in DIALECTS.items():
        assert set(rows) & set(BACKEND_ATTRIBUTES[name]) or not rows, name


# Prometheus: it scrapes the program.


@contextlib.contextmanager
def _running(command: Sequence[str], environment: Mapping[str, str]) -> Generator[IO[str]]:
    """Run a process until its standard input, which is yielded, is closed."""
    with subprocess.Popen(
        command,
        cwd=EXAMPLES,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdin is not None
        try:
            yield process.stdin
            process.stdin.close()
            assert process.wait(SECONDS) == 0
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)  # the shell and its children


def _scrape(port: int, until: Callable[[str], bool]) -> str:
    """Poll /metrics until *until* returns True; return the text."""
    deadline = time.monotonic() + SECONDS
    found = ""
    while time.monotonic() < deadline:
        with (
            contextlib.suppress(urllib.error.URLError, ConnectionError),
            urllib.request.urlopen(f"http://localhost:{port}/metrics", timeout=5) as response,
        ):
            found = response.read().decode()
            if until(found):
                return found
        time.sleep(0.05)
    pytest.fail(f"timed out; last scrape: {found}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.mark.parametrize("mode", ["manual", "zero-code"])
def test_prometheus(openrouter: Simulator, mode: str) -> None:
    """The cost of both calls is scraped, with the labels of the model and the upstream provider."""
    port = _free_port()
    environment = _environment(openrouter, OTEL_EXPORTER_PROMETHEUS_PORT=str(port))
    run = [sys.executable, "prometheus.py"] if mode == "manual" else _shell(_commands("prometheus")[0])
    with _running(run, environment) as stdin:
        if mode == "zero-code":
            stdin.write("Say hello.\n")
            stdin.flush()
        count = re.compile(r"^gen_ai_usage_cost_USD_count\{.*\} 2\.0$", re.MULTILINE)
        metrics = _scrape(port, lambda found: count.search(found) is not None)
        if mode == "manual":
            stdin.write("\n")
    [(labels, spent)] = re.findall(r"^gen_ai_usage_cost_USD_sum\{(.*)\} (\S+)$", metrics, re.MULTILINE)
    assert float(spent) == 2 * COST
    assert 'openrouter_provider_name="OpenAI"' in labels
    assert 'gen_ai_response_model="openai/gpt-4o-mini"' in labels
    assert "gen_ai_client_operation_duration_seconds_count" in metrics
    assert "session-7" not in metrics
    assert "user-42" not in metrics


# Docstrings and README.


def _files() -> set[str]:
    return {path.stem for path in EXAMPLES.glob("*.py")}


def test_every_file_and_command_is_run() -> None:
    """Each file and each zero-code command is run by a test."""
    run = {(recipe.file, recipe.command) for recipe in RECIPES.values()} | {("prometheus", 0)}
    assert {file for file, _ in run} == _files() - TESTED_ELSEWHERE - {PROGRAM}
    for file in {file for file, _ in run}:
        commands = _commands(file)
        assert {(file, number) for number in range(len(commands))} <= run
        ending = f"opentelemetry-instrument python {PROGRAM}.py" + " -" * (file == "prometheus")
        assert all(command.splitlines()[-1].partition("#")[0].strip() == ending for command in commands)


@pytest.mark.parametrize("file", sorted(_files() - TESTED_ELSEWHERE - {PROGRAM}))
def test_docstring_lists_requirements(file: str) -> None:
    """The docstring has a source URL, the packages to install and the variables that the code reads."""
    docstring, code = _docstring(file), (EXAMPLES / f"{file}.py").read_text()
    assert re.search(r"https://\S+", docstring)
    assert "pip install opentelemetry-instrumentation-openrouter openai opentelemetry-distro" in docstring
    needs = docstring.partition("Needs: ")[2].partition("Without code")[0]
    read = set(re.findall(r'environ(?:\.get\(|\[)["\'](\w+)["\']', code)) - {"OPENROUTER_BASE_URL"}
    assert read <= set(re.findall(r"[A-Z][A-Z0-9_]+", needs))
    assert code.count("\n") <= 57  # fits on one screen


@pytest.mark.parametrize("file", sorted({recipe.file for recipe in RECIPES.values()}))
def test_address_is_the_same_in_both_modes(file: str) -> None:
    """The code's default address is that of a command, and both use the same dialect."""
    docstring, code = _docstring(file), (EXAMPLES / f"{file}.py").read_text().partition('"""\n\n')[2]
    defaults = re.findall(
        r'"(https?://[^/"{]+)', code.replace("https://openrouter.ai", "").replace("{site}", "datadoghq.com")
    )
    addresses = {recipe.address for recipe in RECIPES.values() if recipe.file == file}
    assert set(defaults) <= addresses
    written = re.findall(r"DIALECTS=(\S+)", docstring)
    assert {dialect for each in written for dialect in each.split(",")} == set(
        re.findall(r'dialects=\["(\w+)"\]', code)
    )
    assert set(written) <= set(DIALECTS)


def test_readme_lists_each_file() -> None:
    """The table has a row for each file, with the dialect that the file uses."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in README.splitlines() if ".py) |" in line]
    listed = {match for row in rows for match in re.findall(r"\((\w+)\.py\)", row[1])}
    assert listed == (_files() | TESTED_ELSEWHERE) - {PROGRAM}
    for row in rows:
        [file, *_] = re.findall(r"\((\w+)\.py\)", row[1])
        dialects = set(re.findall(r'dialects=\["(\w+)"\]', (EXAMPLES / f"{file}.py").read_text()))
        assert dialects == set(re.findall(r"`(\w+)`", row[2])), file
