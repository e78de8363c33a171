"""What needs a process of its own: interpreter exit, forks, a missing SDK, and zero-code loading."""

import json
import os
import subprocess
import sys
from importlib.metadata import entry_points, metadata, requires
from pathlib import Path

import pytest
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor, __version__

from simulator import Simulator

CLIENT = """
import gc, os, sys, json, openai
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor

def provide():
    provider = TracerProvider()
    line = lambda span: json.dumps(json.loads(span.to_json())) + "\\n"
    provider.add_span_processor(BatchSpanProcessor(ConsoleSpanExporter(formatter=line)))
    trace.set_tracer_provider(provider)

def stream():
    client = openai.OpenAI(base_url=os.environ["BASE_URL"], api_key="k", max_retries=0)
    return client.chat.completions.create(model="m", messages=[], stream=True)
"""


def _run(script: str, openrouter: Simulator, *command: str, **environment: str) -> tuple[list[dict[str, object]], str]:
    """Run a script on the simulator: its spans, one JSON object a line, and what it logged."""
    done = subprocess.run(
        [*command, sys.executable, "-c", CLIENT + script],
        env={
            **os.environ,
            "BASE_URL": openrouter.base_url("slow"),
            "OTEL_INSTRUMENTATION_OPENROUTER_BASE_URLS": openrouter.url,
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


@pytest.mark.parametrize(
    "order", ["provide(); OpenRouterInstrumentor().instrument()", "OpenRouterInstrumentor().instrument(); provide()"]
)
def test_interpreter_exit(openrouter: Simulator, order: str) -> None:
    """A stream that is held to the end of the process is exported, whichever was set up first."""
    (span,), _ = _run(f"{order}\nheld = stream()\nnext(held)", openrouter)
    attributes = span["attributes"]
    assert isinstance(attributes, dict)
    assert attributes["openrouter.stream.cancelled"] is True
    assert attributes["gen_ai.response.id"] == "gen-1762179802-UN8pkJI4AGZvryk0kFnb"


def test_exit_of_a_dropped_stream(openrouter: Simulator) -> None:
    """A stream that was dropped, and no call after it: exported all the same."""
    script = "provide(); OpenRouterInstrumentor().instrument()\nfor _ in stream(): break\ngc.collect()"
    spans, _ = _run(script, openrouter)
    assert len(spans) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_fork(openrouter: Simulator) -> None:
    """A child does not end what its parent has open."""
    script = """
provide(); OpenRouterInstrumentor().instrument()
held = stream(); next(held)
child = os.fork()
if child == 0:
    del held; gc.collect(); sys.exit(0)
os.waitpid(child, 0)
"""
    spans, _ = _run(script, openrouter)
    assert len(spans) == 1


def test_without_the_sdk() -> None:
    """Where the SDK is missing the package loads, says so in one line, and does nothing."""
    script = """
import sys
import opentelemetry.instrumentation.dependencies as dependencies
def version(name):
    raise dependencies.PackageNotFoundError(name)
dependencies.version = version
sys.modules["openai"] = None
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
OpenRouterInstrumentor().instrument()
assert not OpenRouterInstrumentor().is_instrumented_by_opentelemetry
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "openai" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_zero_code(openrouter: Simulator) -> None:
    """`opentelemetry-instrument` switches us on by the entry point, with no line of code."""
    program = """
import os, openai
client = openai.OpenAI(base_url=os.environ["BASE_URL"], api_key="k", max_retries=0)
client.chat.completions.create(model="m", messages=[])
"""
    environment = {
        **os.environ,
        "BASE_URL": openrouter.base_url("hello"),
        "OTEL_INSTRUMENTATION_OPENROUTER_BASE_URLS": openrouter.url,
        "OTEL_TRACES_EXPORTER": "console",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
    }
    command = [str(Path(sys.executable).with_name("opentelemetry-instrument")), sys.executable, "-c", program]
    for disabled, spans in (("", 1), ("openrouter", 0)):
        done = subprocess.run(
            command,
            env={**environment, "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": disabled},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.count('"gen_ai.usage.cost": 0.00014') == spans


def test_packaging() -> None:
    """The distribution says what the code says."""
    name = "opentelemetry-instrumentation-openrouter"
    assert metadata(name)["Version"] == __version__
    (found,) = entry_points(group="opentelemetry_instrumentor", name="openrouter")
    assert found.load() is OpenRouterInstrumentor
    (sdk,) = [line for line in requires(name) or [] if "instruments" in line]
    (declared,) = OpenRouterInstrumentor().instrumentation_dependencies()
    wanted = {part.strip() for part in declared.removeprefix("openai").split(",")}
    assert {part.strip() for part in sdk.partition(";")[0].removeprefix("openai").split(",")} == {
        part.replace(" ", "") for part in wanted
    }
