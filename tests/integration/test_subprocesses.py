"""Tests in separate processes: interpreter exit, forks, a missing SDK, and zero-code instrumentation."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from importlib.metadata import entry_points, metadata, requires
from pathlib import Path

import pytest
from opentelemetry.instrumentation import auto_instrumentation
from opentelemetry.instrumentation import openrouter as package
from opentelemetry.instrumentation.dependencies import DependencyConflict
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor, __version__
from opentelemetry.instrumentation.openrouter import package as package_metadata
from packaging.requirements import Requirement

from tests.simulator import Simulator

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
    """Run a script against the simulator; return its spans and its standard error."""
    completed = subprocess.run(
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
    assert completed.returncode == 0, completed.stderr
    return [json.loads(line) for line in completed.stdout.splitlines()], completed.stderr


@pytest.mark.parametrize(
    "order", ["provide(); OpenRouterInstrumentor().instrument()", "OpenRouterInstrumentor().instrument(); provide()"]
)
def test_interpreter_exit(openrouter: Simulator, order: str) -> None:
    """A stream that is open at interpreter exit is exported, in either order of setup."""
    (span,), _ = _run(f"{order}\nopened = stream()\nnext(opened)", openrouter)
    attributes = span["attributes"]
    assert isinstance(attributes, dict)
    assert attributes["openrouter.stream.cancelled"] is True
    assert attributes["gen_ai.response.id"] == "gen-1762179802-UN8pkJI4AGZvryk0kFnb"


def test_exit_of_a_dropped_stream(openrouter: Simulator) -> None:
    """A stream that was garbage-collected after the last call is exported at exit."""
    script = "provide(); OpenRouterInstrumentor().instrument()\nfor _ in stream(): break\ngc.collect()"
    spans, _ = _run(script, openrouter)
    assert len(spans) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_fork(openrouter: Simulator) -> None:
    """A forked child does not end the open streams of its parent."""
    script = """
provide(); OpenRouterInstrumentor().instrument()
opened = stream(); next(opened)
child = os.fork()
if child == 0:
    del opened; gc.collect(); sys.exit(0)
os.waitpid(child, 0)
"""
    spans, _ = _run(script, openrouter)
    assert len(spans) == 1


def test_without_the_sdk() -> None:
    """Without an SDK, the package loads, logs one line, and does nothing."""
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
    completed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert completed.returncode == 0, completed.stderr
    assert "openai" in completed.stderr
    assert len(completed.stderr.strip().splitlines()) == 1


PROGRAM = """
import os, openai
client = openai.OpenAI(base_url=os.environ["BASE_URL"], api_key="k", max_retries=0)
messages = [{"role": "user", "content": "Say hello."}]
client.chat.completions.create(model="m", messages=messages)
"""


def _command(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _zero_code(openrouter: Simulator, *command: str, **environment: str) -> tuple[str, str]:
    """Run a command under `opentelemetry-instrument` with console exporters; return its standard output and error."""
    completed = subprocess.run(
        [_command("opentelemetry-instrument"), *command],
        env={**_exporting(openrouter), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    return completed.stdout, completed.stderr


def _exporting(openrouter: Simulator) -> dict[str, str]:
    return {
        **os.environ,
        "BASE_URL": openrouter.base_url("hello"),
        "OTEL_INSTRUMENTATION_OPENROUTER_BASE_URLS": openrouter.url,
        "OTEL_TRACES_EXPORTER": "console",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
    }


def test_zero_code(openrouter: Simulator) -> None:
    """`opentelemetry-instrument` loads the instrumentation by its entry point, unless it is disabled."""
    for disabled, spans in (("", 1), ("openrouter", 0), ("requests, openrouter", 0)):
        out, _ = _zero_code(openrouter, sys.executable, "-c", PROGRAM, OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=disabled)
        assert out.count('"gen_ai.usage.cost": 0.00014') == spans
        assert "Say hello." not in out


def test_zero_code_metrics_and_content(openrouter: Simulator) -> None:
    """Environment variables alone enable metrics and content."""
    out, _ = _zero_code(
        openrouter,
        sys.executable,
        "-c",
        PROGRAM,
        OTEL_METRICS_EXPORTER="console",
        OTEL_LOGS_EXPORTER="console",
        OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT="span_and_event",
    )
    for metric in ("gen_ai.usage.cost", "gen_ai.client.operation.duration", "gen_ai.client.token.usage"):
        assert f'"name": "{metric}"' in out
    assert '"gen_ai.input.messages": "[{' in out
    assert "gen_ai.client.inference.operation.details" in out


def test_unsupported_sdk_versions(openrouter: Simulator, tmp_path: Path) -> None:
    """An unsupported SDK version logs one line, and the program runs."""
    unsupported = {
        "openai": "1.2.0",
        "anthropic": "0.1.0",
        "openrouter": "0.1.0",
        "httpx": "0.1",
        "httpx2": "0.1",
        "requests": "1.0",
        "aiohttp": "2.0",
        "dspy": "3.5.0",
        "lm15": "0.9.9",
    }
    for name, version in unsupported.items():
        found = tmp_path / f"{name}-{version}.dist-info"
        found.mkdir()
        (found / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        """
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
OpenRouterInstrumentor().instrument()
assert not OpenRouterInstrumentor().is_instrumented_by_opentelemetry
"""
    )
    completed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert completed.returncode == 0, completed.stderr
    (line,) = completed.stderr.strip().splitlines()
    assert "openai >= 1.26.0, < 4" in line
    assert "1.2.0" in line


def test_one_unsupported_sdk_version(tmp_path: Path) -> None:
    """If one of the SDKs is too new, the others are instrumented, and one line is logged."""
    found = tmp_path / "openrouter-9.0.dist-info"
    found.mkdir()
    (found / "METADATA").write_text("Metadata-Version: 2.1\nName: openrouter\nVersion: 9.0\n")
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        """
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
OpenRouterInstrumentor().instrument()
assert OpenRouterInstrumentor().is_instrumented_by_opentelemetry
"""
    )
    completed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert completed.returncode == 0, completed.stderr
    (line,) = completed.stderr.strip().splitlines()
    assert "openrouter 9.0" in line


@pytest.mark.parametrize("usable", package._REQUIREMENTS)
def test_either_sdk(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, usable: str) -> None:
    """Only the supported client is instrumented, and one line is logged about each other."""

    def conflicts(sdks: list[str]) -> DependencyConflict | None:
        return None if sdks == [usable] else DependencyConflict(sdks[0], "another 9.0")

    monkeypatch.setattr(package, "get_dependency_conflicts", conflicts)
    OpenRouterInstrumentor()._instrument()
    requirements = [each.requirement for each in OpenRouterInstrumentor()._instrumentations]
    OpenRouterInstrumentor()._uninstrument()
    assert requirements == [usable]
    lines = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(lines) == len(package._REQUIREMENTS) - 1
    assert all(line.startswith("another 9.0 is installed, but only ") for line in lines)


WSGI = (
    PROGRAM.rpartition("client.chat")[0]
    + """
def app(environ, start_response):
    client.chat.completions.create(model=environ["PATH_INFO"].strip("/"), messages=messages)
    start_response("200 OK", [])
    return [str(os.getpid()).encode()]
"""
)
ASGI = (
    PROGRAM.rpartition("client.chat")[0]
    + """
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    client.chat.completions.create(model=scope["path"].strip("/"), messages=messages)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
"""
)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(
    ("program", "command"),
    [
        (WSGI, ["gunicorn", "app:app", "--workers", "2", "--bind"]),
        (WSGI, ["gunicorn", "app:app", "--workers", "2", "--preload", "--bind"]),
        (ASGI, ["uvicorn", "app:app", "--workers", "2", "--port"]),
    ],
    ids=["gunicorn", "gunicorn, preloaded", "uvicorn"],
)
def test_workers(openrouter: Simulator, tmp_path: Path, program: str, command: list[str]) -> None:
    """Each worker of a server exports its own calls."""
    if not Path(_command(command[0])).exists():
        pytest.skip(f"{command[0]} is not installed here")
    if command[0] == "uvicorn" and not hasattr(auto_instrumentation, "_initialize"):
        pytest.skip("this opentelemetry-instrument does not instrument spawned processes")
    (tmp_path / "app.py").write_text(program)
    port = _free_port()
    server = subprocess.Popen(
        [_command("opentelemetry-instrument"), _command(command[0]), *command[1:], _address(command[0], port)],
        env={**_exporting(openrouter), "OTEL_BSP_SCHEDULE_DELAY": "100", "PYTHONUNBUFFERED": "1"},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        workers = [_get(f"http://127.0.0.1:{port}/call-{number}") for number in range(12)]
    finally:
        server.terminate()
        out, err = server.communicate(timeout=30)
    assert 1 <= len(set(workers)) <= 2, err
    assert out.count('"gen_ai.usage.cost": 0.00014') == 12, err
    assert all(f'"gen_ai.request.model": "call-{number}"' in out for number in range(12))


def _address(server: str, port: int) -> str:
    return f"127.0.0.1:{port}" if server == "gunicorn" else str(port)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def _get(url: str) -> str:
    """Get a URL from a server that may still be starting."""
    for _ in range(300):
        with contextlib.suppress(urllib.error.URLError), urllib.request.urlopen(url, timeout=30) as response:
            return response.read().decode()
        time.sleep(0.1)
    raise AssertionError(f"no server answers at {url}")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_multiprocessing(openrouter: Simulator) -> None:
    """A forked child traces its own calls, and the parent continues with its own."""
    script = """
import multiprocessing
provide(); OpenRouterInstrumentor().instrument()
opened = stream(); next(opened)

def work():
    for _ in stream(): pass
    trace.get_tracer_provider().force_flush()

child = multiprocessing.get_context("fork").Process(target=work)
child.start(); child.join()
assert child.exitcode == 0
opened.close()
"""
    spans, _ = _run(script, openrouter)
    cancelled = [
        attributes.get("openrouter.stream.cancelled")
        for span in spans
        if isinstance(attributes := span["attributes"], dict)
    ]
    assert cancelled == [None, True]


def test_repeated_instrument(openrouter: Simulator) -> None:
    """A notebook cell that runs again gives one span per call and one log line; `uninstrument()` restores the class."""
    script = """
provide()
instrumentor = OpenRouterInstrumentor()
for _ in range(3):
    OpenRouterInstrumentor().instrument()
for _ in stream(): pass
for _ in range(3):
    OpenRouterInstrumentor().uninstrument()
    OpenRouterInstrumentor().instrument()
for _ in stream(): pass
assert not hasattr(openai.OpenAI.request.__wrapped__, "__wrapped__")
OpenRouterInstrumentor().uninstrument()
assert "request" not in vars(openai.OpenAI)
"""
    spans, logged = _run(script, openrouter)
    assert len(spans) == 2
    assert logged.count("already instrumented") == 2


def test_packaging() -> None:
    """The metadata of the distribution matches the code."""
    name = "opentelemetry-instrumentation-openrouter"
    assert metadata(name)["Version"] == __version__
    (found,) = entry_points(group="opentelemetry_instrumentor", name="openrouter")
    assert found.load() is OpenRouterInstrumentor
    extras = [Requirement(line) for line in requires(name) or [] if "instruments" in line]
    assert {str(each.marker) for each in extras} == {'extra == "instruments-any"'}
    ranges = [Requirement(each) for each in package_metadata._instruments_any]
    assert {(each.name, each.specifier) for each in extras} == {(each.name, each.specifier) for each in ranges}
    assert not package_metadata._instruments
    assert {*package._REQUIREMENTS} == {*package_metadata._instruments_any, package_metadata.DSPY}
    assert {*OpenRouterInstrumentor().instrumentation_dependencies()} <= {*package._REQUIREMENTS}
