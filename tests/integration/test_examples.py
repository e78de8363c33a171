"""Each file of `examples/` as a process of its own, and each zero-code command of its docstring, word for word.

Both talk to the simulator; what is asserted is what a real OTLP receiver got: path, headers, spans, kinds of values.
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

from tests.otlp import STANDARD_PATHS, Receiver, SpanAsSent
from tests.simulator import CANNED_REPLIES, Simulator

ROOT: Final = Path(__file__).parents[2]
EXAMPLES: Final = ROOT / "examples"
README: Final = (EXAMPLES / "README.md").read_text()
# It needs a running Phoenix, and has a test of its own.
ELSEWHERE: Final = {"phoenix_costs"}
PROGRAM: Final = "app"
SECONDS: Final = 60
OPENROUTER_KEY: Final = "sk-or-canary"
# OpenTelemetry SDK 1.37 warns of what it does itself when it exports an event.
SDK_WARNING: Final = re.compile(r"^.*LogDeprecatedInitWarning: LogRecord init with .*\n  return cls\(\n", re.MULTILINE)
TRACES: Final = {"/v1/traces": "traces"}

USAGE: Final[dict[str, Any]] = CANNED_REPLIES["hello"].usage or {}
BILL: Final[float] = USAGE["cost"]
PARTS: Final[dict[str, Any]] = USAGE["cost_details"]
IN, OUT = "upstream_inference_prompt_cost", "upstream_inference_completions_cost"


class Word(NamedTuple):
    """What an attribute must be: which value of the protobuf, and that value or a look at it."""

    kind: str
    check: object
    streamed: bool = False
    """Whether only a stream has it."""


def _json(check: Callable[[Any], bool]) -> Callable[[str], bool]:
    return lambda told: check(json.loads(told))


def _is_moment(told: str) -> bool:
    """An instant with its time zone: as JSON, or as it is."""
    return datetime.fromisoformat(told.strip('"')).tzinfo is not None


def _says_hello(messages: Any) -> bool:
    return messages[0]["parts"][0]["content"] == "Hello"


def _asks(messages: Any) -> bool:
    return messages[0]["role"] == "user" and messages[0]["parts"][0]["content"].startswith("Say hello.")


MESSAGES: Final = {
    "gen_ai.input.messages": Word("string_value", _json(_asks)),
    "gen_ai.output.messages": Word("string_value", _json(_says_hello)),
}
OPENINFERENCE: Final = {
    "openinference.span.kind": Word("string_value", "LLM"),
    "input.value": Word("string_value", _json(_asks)),
    "output.value": Word("string_value", _json(_says_hello)),
    "input.mime_type": Word("string_value", "application/json"),
    "llm.token_count.prompt": Word("int_value", 43),
    "llm.token_count.completion": Word("int_value", 120),
    "llm.token_count.prompt_details.cache_read": Word("int_value", 12),
    "llm.token_count.completion_details.reasoning": Word("int_value", 11),
}
ALWAYS: Final = {
    "gen_ai.operation.name": Word("string_value", "chat"),
    "gen_ai.provider.name": Word("string_value", "openrouter"),
    "gen_ai.request.model": Word("string_value", "openai/gpt-4o-mini"),
    "gen_ai.response.model": Word("string_value", "openai/gpt-4o-mini"),
    "gen_ai.response.finish_reasons": Word(
        "array_value", lambda told: [v.string_value for v in told.values] == ["stop"]
    ),
    "gen_ai.response.time_to_first_chunk": Word("double_value", lambda told: told > 0, streamed=True),
    "gen_ai.request.stream": Word("bool_value", True, streamed=True),
    "gen_ai.usage.input_tokens": Word("int_value", 43),
    "gen_ai.usage.output_tokens": Word("int_value", 120),
    "gen_ai.usage.cost": Word("double_value", BILL),
    "openrouter.provider.name": Word("string_value", "OpenAI"),
    "user.id": Word("string_value", "user-42"),
    "session.id": Word("string_value", "session-7"),
    "gen_ai.conversation.id": Word("string_value", "session-7"),
}
# What each backend documents, or was seen, to read beside what is always there.
WORDS: Final[Mapping[str, Mapping[str, Word]]] = {
    # https://arize.com/docs/ax/instrument/how-cost-tracking-works
    "arize": {
        **OPENINFERENCE,
        "llm.cost.total": Word("double_value", BILL),
        "llm.cost.prompt": Word("double_value", PARTS[IN]),
        "llm.cost.completion": Word("double_value", PARTS[OUT]),
        "llm.model_name": Word("string_value", "openai/gpt-4o-mini"),
        "llm.input_messages.0.message.role": Word("string_value", "user"),
        "llm.output_messages.0.message.content": Word("string_value", "Hello"),
    },
    # Phoenix 20.26.1, run: it takes no cost, and messages only as JSON strings
    "phoenix": {**OPENINFERENCE, **MESSAGES},
    # https://docs.datadoghq.com/llm_observability/instrumentation/otel_instrumentation/
    "datadog": {
        **MESSAGES,
        "gen_ai.openrouter.provider.name": Word("string_value", "OpenAI"),
        "gen_ai.openrouter.user.id": Word("string_value", "user-42"),
    },
    # It keeps every attribute as it is.
    "jaeger": {},
    # https://langfuse.com/integrations/native/opentelemetry
    "langfuse": {
        **MESSAGES,
        "langfuse.observation.type": Word("string_value", "generation"),
        "langfuse.observation.cost_details": Word("string_value", _json(lambda told: told["total"] == BILL)),
        "langfuse.observation.usage_details": Word("string_value", _json(lambda told: told["total"] == 163)),
        "langfuse.observation.completion_start_time": Word("string_value", _is_moment, streamed=True),
    },
    # https://posthog.com/docs/llm-analytics/installation/opentelemetry
    "posthog": {
        **MESSAGES,
        "$ai_total_cost_usd": Word("double_value", BILL),
        "$ai_input_cost_usd": Word("double_value", PARTS[IN]),
        "$ai_output_cost_usd": Word("double_value", PARTS[OUT]),
        "$ai_session_id": Word("string_value", "session-7"),
        "$ai_time_to_first_token": Word("double_value", lambda told: told > 0, streamed=True),
    },
    # mlflow 3.17.2, run
    "mlflow": {**MESSAGES, "mlflow.llm.cost": Word("string_value", _json(lambda told: told["total_cost"] == BILL))},
    # It keeps every attribute as it is.
    "honeycomb": {},
    # https://docs.langchain.com/langsmith/cost-tracking
    "langsmith": {
        **MESSAGES,
        "langsmith.span.kind": Word("string_value", "llm"),
        "langsmith.usage_metadata": Word(
            "string_value",
            _json(lambda told: (told["total_cost"], told["input_tokens"], told["output_tokens"]) == (BILL, 43, 120)),
        ),
        "langsmith.metadata.thread_id": Word("string_value", "session-7"),
        "langsmith.metadata.user_id": Word("string_value", "user-42"),
    },
    # It keeps every attribute as it is.
    "grafana_cloud": {},
    # No file of their own: logfire 5.2.0 and https://getsentry.github.io/sentry-conventions/attributes/gen_ai/
    "logfire": {"operation.cost": Word("double_value", BILL)},
    "sentry": {
        "gen_ai.cost.total_tokens": Word("double_value", BILL),
        "gen_ai.cost.input_tokens": Word("double_value", PARTS[IN]),
        "gen_ai.cost.output_tokens": Word("double_value", PARTS[OUT]),
    },
}


@dataclass(frozen=True)
class Recipe:
    """One way into a backend: what a file says of it, and what must arrive."""

    file: str
    address: str
    """The backend's own, as the command has it; of it the receiver's takes the place, what follows it stays."""
    path: str
    settings: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of the file when it is run: its address (`{http}` or `{grpc}` is the receiver's), and keys; keys go to both ways."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    resource: Mapping[str, str] = field(default_factory=dict[str, str])
    paths: Mapping[str, str] = field(default_factory=lambda: TRACES)
    command: int = 0
    """Which command of the docstring, if it has several."""
    ways: tuple[str, ...] = ("manual", "zero-code")
    metrics: tuple[str, ...] = ()
    """The ways that send metrics too."""
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
        ways=("zero-code",),
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
            # longer than the 76 characters after which `base64` begins a new line
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
WAYS: Final = [pytest.param(name, way, id=f"{name}, {way}") for name, each in RECIPES.items() for way in each.ways]


def _docstring(file: str) -> str:
    return ast.get_docstring(ast.parse((EXAMPLES / f"{file}.py").read_text())) or ""


def _commands(file: str) -> list[str]:
    """The zero-code commands of a docstring: its indented blocks."""
    return re.findall(r"^(?:    .+\n?)+", _docstring(file), re.MULTILINE)


def _environment(openrouter: Simulator, **settings: str) -> dict[str, str]:
    """What a process is given: nothing of OpenTelemetry's or of a backend's but what is said here."""
    kept = {key: os.environ[key] for key in ("HOME", "LANG", "TMPDIR") if key in os.environ}
    return {
        **kept,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        "OPENROUTER_API_KEY": OPENROUTER_KEY,
        "OPENROUTER_BASE_URL": openrouter.base_url(),
        "OTEL_INSTRUMENTATION_OPENROUTER_BASE_URLS": openrouter.url,
        **settings,
    }


def _run(command: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run to its end: it answers, and complains of nothing."""
    done = subprocess.run(
        command,
        cwd=EXAMPLES,
        env=environment,
        input="Say hello.\n",
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.returncode, SDK_WARNING.sub("", done.stderr)) == (0, "")
    assert done.stdout == "Hello\nHello\n"


def _shell(command: str) -> list[str]:
    return ["sh", "-euc", command]


def _told(attributes: Mapping[str, tuple[str, Any]]) -> dict[str, Any]:
    return {name: value for name, (_, value) in attributes.items()}


def _hold(span: SpanAsSent, words: Mapping[str, Word], *, streamed: bool) -> Iterator[str]:
    """What is wrong with the words of a span."""
    for name, word in words.items():
        if word.streamed and not streamed:
            if name in span["attributes"]:
                yield f"{name} is there, though nothing was streamed"
            continue
        kind, value = span["attributes"].get(name, ("nothing", None))
        if kind != word.kind:
            yield f"{name} is {kind}, not {word.kind}"
        elif not (word.check(value) if callable(word.check) else value == word.check):
            yield f"{name} is {value!r}"


def _hold_both(receiver: Receiver, words: Mapping[str, Word]) -> list[str]:
    """What is wrong with the spans of a plain call and of a stream, which are there once each."""
    plain, streamed = receiver.spans()
    assert plain["id"] != streamed["id"]
    for span in (plain, streamed):
        assert (span["name"], span["kind"], span["status"], span["scope"]) == (
            "chat openai/gpt-4o-mini",
            "SPAN_KIND_CLIENT",
            "STATUS_CODE_UNSET",
            "opentelemetry.instrumentation.openrouter",
        )
    return [*_hold(plain, words, streamed=False), *_hold(streamed, words, streamed=True)]


def _bills(receiver: Receiver) -> Iterator[tuple[int, float]]:
    """How many calls each export of the cost has told, and their sum."""
    for metric in receiver.metrics():
        if metric.name == "gen_ai.usage.cost":
            points = metric.histogram.data_points
            yield sum(point.count for point in points), sum(point.sum for point in points)


@pytest.mark.parametrize(("name", "way"), WAYS)
def test_recipe(openrouter: Simulator, name: str, way: str) -> None:
    """The spans of both calls arrive, where the backend wants them, as it wants them, with all that it reads."""
    recipe = RECIPES[name]
    with Receiver(recipe.paths) as receiver:
        settings = {key: each.format(http=receiver.http, grpc=receiver.grpc) for key, each in recipe.settings.items()}
        if way == "manual":
            _run([sys.executable, f"{recipe.file}.py"], _environment(openrouter, **settings))
        else:
            own = {key: value for key, value in settings.items() if "127.0.0.1" not in value}
            command, here = _commands(recipe.file)[recipe.command], receiver.grpc if _is_grpc(recipe) else receiver.http
            assert command.count(recipe.address) == 1
            _run(_shell(command.replace(recipe.address, here)), _environment(openrouter, **own))
    assert receiver.refused == []
    assert _hold_both(receiver, {**ALWAYS, **WORDS[recipe.file]}) == []
    for export in receiver.exports:
        assert (export.transport == "grpc") is _is_grpc(recipe)
        assert recipe.headers.items() <= export.headers.items()
        assert OPENROUTER_KEY.encode() not in export.message.SerializeToString()
    spans = [export for export in receiver.exports if export.path == recipe.path]
    assert spans, [export.path for export in receiver.exports]
    for span in receiver.spans():
        assert recipe.resource.items() <= _told(span["resource"]).items()
    assert (list(_bills(receiver)) == [(2, 2 * BILL)]) is (way in recipe.metrics)
    assert {metric.histogram.aggregation_temporality for metric in receiver.metrics()} == (
        {recipe.temporality} if way in recipe.metrics else set()
    )


def _is_grpc(recipe: Recipe) -> bool:
    return recipe.path == GRPC_TRACES


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_all_signals_and_all_dialects(openrouter: Simulator, protocol: str) -> None:
    """Traces, metrics and logs over both protocols; all dialects on one span; content on the span and on the event."""
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
    told = {name: word for words in WORDS.values() for name, word in words.items()}
    assert _hold_both(receiver, {**ALWAYS, **told}) == []
    assert list(_bills(receiver)) == [(2, 2 * BILL)]
    assert [name for name, _ in receiver.events()] == ["gen_ai.client.inference.operation.details"] * 2
    for _, attributes in receiver.events():
        kind, messages = attributes["gen_ai.output.messages"]
        assert kind == "array_value"
        assert '"Hello"' in str(messages)


def test_every_dialect_is_held() -> None:
    """A dialect without a word in the table would be one that no test looks at on the wire."""
    assert set(DIALECTS) <= set(WORDS)
    for name, rows in DIALECTS.items():
        assert set(rows) & set(WORDS[name]) or not rows, name


# Prometheus: nothing is sent, it comes and asks.


@contextlib.contextmanager
def _alive(command: Sequence[str], environment: Mapping[str, str]) -> Generator[IO[str]]:
    """A process that runs until its input, which is given, is closed."""
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
                os.killpg(process.pid, signal.SIGKILL)  # the shell, and what it runs


def _scrape(port: int, until: Callable[[str], bool]) -> str:
    """What is at /metrics, when it is what is waited for."""
    deadline = time.monotonic() + SECONDS
    found = ""
    while time.monotonic() < deadline:
        with (
            contextlib.suppress(urllib.error.URLError, ConnectionError),
            urllib.request.urlopen(f"http://localhost:{port}/metrics", timeout=5) as answer,
        ):
            found = answer.read().decode()
            if until(found):
                return found
        time.sleep(0.05)
    pytest.fail(f"not there in time: {found}")


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.mark.parametrize("way", ["manual", "zero-code"])
def test_prometheus(openrouter: Simulator, way: str) -> None:
    """The spend of both calls is scraped, with the model and the upstream provider beside it."""
    port = _free_port()
    environment = _environment(openrouter, OTEL_EXPORTER_PROMETHEUS_PORT=str(port))
    run = [sys.executable, "prometheus.py"] if way == "manual" else _shell(_commands("prometheus")[0])
    with _alive(run, environment) as stdin:
        if way == "zero-code":
            stdin.write("Say hello.\n")
            stdin.flush()
        count = re.compile(r"^gen_ai_usage_cost_USD_count\{.*\} 2\.0$", re.MULTILINE)
        metrics = _scrape(port, lambda found: count.search(found) is not None)
        if way == "manual":
            stdin.write("\n")
    [(labels, spent)] = re.findall(r"^gen_ai_usage_cost_USD_sum\{(.*)\} (\S+)$", metrics, re.MULTILINE)
    assert float(spent) == 2 * BILL
    assert 'openrouter_provider_name="OpenAI"' in labels
    assert 'gen_ai_response_model="openai/gpt-4o-mini"' in labels
    assert "gen_ai_client_operation_duration_seconds_count" in metrics
    assert "session-7" not in metrics
    assert "user-42" not in metrics


# What stands about them.


def _files() -> set[str]:
    return {path.stem for path in EXAMPLES.glob("*.py")}


def test_every_file_and_command_is_run() -> None:
    """None is there that no test runs, and each has its zero-code command."""
    run = {(recipe.file, recipe.command) for recipe in RECIPES.values()} | {("prometheus", 0)}
    assert {file for file, _ in run} == _files() - ELSEWHERE - {PROGRAM}
    for file in {file for file, _ in run}:
        commands = _commands(file)
        assert {(file, number) for number in range(len(commands))} <= run
        assert all(command.strip().endswith(f"opentelemetry-instrument python {PROGRAM}.py") for command in commands)


@pytest.mark.parametrize("file", sorted(_files() - ELSEWHERE - {PROGRAM}))
def test_docstring_tells_what_is_needed(file: str) -> None:
    """Each says where its facts are from, what to install and what to set; it has the variables that the code reads."""
    said, code = _docstring(file), (EXAMPLES / f"{file}.py").read_text()
    assert re.search(r"https://\S+", said)
    assert "pip install opentelemetry-instrumentation-openrouter openai opentelemetry-distro" in said
    needs = said.partition("Needs: ")[2].partition("Without code")[0]
    read = set(re.findall(r'environ(?:\.get\(|\[)["\'](\w+)["\']', code)) - {"OPENROUTER_BASE_URL"}
    assert read <= set(re.findall(r"[A-Z][A-Z0-9_]+", needs))
    assert code.count("\n") <= 57  # nobody must scroll


@pytest.mark.parametrize("file", sorted({recipe.file for recipe in RECIPES.values()}))
def test_address_is_the_same_in_both_ways(file: str) -> None:
    """Where the code has a default, it is the address of a command; a command's dialect is the code's."""
    said, code = _docstring(file), (EXAMPLES / f"{file}.py").read_text().partition('"""\n\n')[2]
    defaults = re.findall(
        r'"(https?://[^/"{]+)', code.replace("https://openrouter.ai", "").replace("{site}", "datadoghq.com")
    )
    addresses = {recipe.address for recipe in RECIPES.values() if recipe.file == file}
    assert set(defaults) <= addresses
    written = re.findall(r"DIALECTS=(\S+)", said)
    assert {word for each in written for word in each.split(",")} == set(re.findall(r'dialects=\["(\w+)"\]', code))
    assert set(written) <= set(DIALECTS)


def test_readme_lists_each_file() -> None:
    """Its table has a row for each file, and the dialect that the file uses."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in README.splitlines() if ".py) |" in line]
    listed = {match for row in rows for match in re.findall(r"\((\w+)\.py\)", row[1])}
    assert listed == (_files() | ELSEWHERE) - {PROGRAM}
    for row in rows:
        [file, *_] = re.findall(r"\((\w+)\.py\)", row[1])
        dialects = set(re.findall(r'dialects=\["(\w+)"\]', (EXAMPLES / f"{file}.py").read_text()))
        assert dialects == set(re.findall(r"`(\w+)`", row[2])), file
