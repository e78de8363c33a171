"""`register(auto_instrument=True)` alone and with `opentelemetry-instrument`, in either order: one span, its provider.

`_register` does what phoenix.otel and arize.otel do; `tests/backends/registered.py` runs the real ones.
"""

import logging
import os
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final

import openai
import pytest
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._config import PREFIX
from opentelemetry.sdk.trace import TracerProvider

from tests.scenarios import REQUEST, REQUEST_ATTRIBUTES, SCENARIOS
from tests.simulator import Simulator
from tests.telemetry import Telemetry, expected_span, span_data

DIALECT: Final = {
    "openinference.span.kind": "LLM",
    "llm.model_name": "openai/gpt-4o-mini",
    "llm.token_count.prompt": 43,
    "llm.token_count.completion": 120,
    "llm.token_count.total": 163,
    "llm.token_count.prompt_details.cache_read": 12,
    "llm.token_count.prompt_details.cache_write": 0,
    "llm.token_count.prompt_details.audio": 0,
    "llm.token_count.completion_details.reasoning": 11,
    "llm.token_count.completion_details.audio": 0,
    "llm.cost.total": 0.00014,
    "llm.cost.prompt": 0.00004,
    "llm.cost.completion": 0.0001,
    "llm.invocation_parameters": '{"model": "openai/gpt-4o-mini"}',
    "llm.finish_reason": "stop",
    "llm.provider": "openrouter",
}


def _register(tracer_provider: TracerProvider) -> None:
    for entry_point in entry_points(group="openinference_instrumentor"):
        entry_point.load()().instrument(tracer_provider=tracer_provider)


def _load_by_distro() -> None:
    for entry_point in entry_points(group="opentelemetry_instrumentor"):
        if entry_point.name == "openrouter":
            entry_point.load()().instrument(skip_dep_check=True)


@pytest.fixture
def registered(openrouter: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Telemetry]:
    """Telemetry whose tracer provider a test registers; the instrumentor is not enabled yet."""
    monkeypatch.setenv(f"{PREFIX}BASE_URLS", openrouter.url)
    yield Telemetry()
    OpenRouterInstrumentor().uninstrument()


def _call(openrouter: Simulator, **more: Any) -> Any:
    with openai.OpenAI(base_url=openrouter.base_url("hello"), api_key="k", max_retries=0) as client:
        return client.chat.completions.create(**REQUEST, **more)


def _expected(openrouter: Simulator, added: dict[str, Any]) -> dict[str, Any]:
    scenario = SCENARIOS["chat"]["hello"]
    assert scenario.non_streamed is not None
    port = urllib.parse.urlsplit(openrouter.base_url("hello")).port
    attributes = {**REQUEST_ATTRIBUTES, "server.port": port, **scenario.non_streamed.attributes, **added}
    return expected_span("chat openai/gpt-4o-mini", attributes)


@pytest.mark.parametrize("order", ["register", "distro register", "register distro", "register register"])
def test_one_span(openrouter: Simulator, registered: Telemetry, caplog: pytest.LogCaptureFixture, order: str) -> None:
    """A call has one span, with the provider of `register()` and the dialect, and nothing is logged."""
    for loader in order.split():
        if loader == "register":
            _register(registered.tracer_provider)
        else:
            _load_by_distro()
    _call(openrouter)
    assert span_data(registered.one_span()) == _expected(openrouter, DIALECT)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("chosen", ["", "logfire"])
def test_chosen_dialects(
    openrouter: Simulator, registered: Telemetry, monkeypatch: pytest.MonkeyPatch, chosen: str
) -> None:
    """The user's choice applies, also if it is none."""
    monkeypatch.setenv(f"{PREFIX}DIALECTS", chosen)
    _load_by_distro()
    _register(registered.tracer_provider)
    _call(openrouter)
    added = {"operation.cost": 0.00014} if chosen else {}
    assert span_data(registered.one_span()) == _expected(openrouter, added)


@pytest.mark.parametrize("first", ["register", "instrument"])
def test_options_of_the_program(openrouter: Simulator, registered: Telemetry, first: str) -> None:
    """Options that the program passes to `instrument()` apply, before and after `register()`."""
    own = Telemetry()
    loaders = [
        lambda: _register(registered.tracer_provider),
        lambda: own.instrument([openrouter.url], dialects=["logfire"]),
    ]
    for loader in loaders if first == "register" else reversed(loaders):
        loader()
    _call(openrouter)
    assert span_data(own.one_span()) == _expected(openrouter, {"operation.cost": 0.00014})
    assert registered.raw_spans == []


def test_enclosing_span(openrouter: Simulator, registered: Telemetry) -> None:
    """The span of OpenInference's instrumentor gets the cost, also one of another provider."""
    distro = Telemetry()
    _load_by_distro()
    _register(registered.tracer_provider)
    tracer = distro.tracer_provider.get_tracer("openinference.instrumentation.openai")
    with tracer.start_as_current_span("ChatCompletion", attributes={"openinference.span.kind": "LLM"}):
        _call(openrouter)
    attributes = distro.one_span().attributes or {}
    assert attributes["llm.cost.total"] == attributes["gen_ai.usage.cost"] == 0.00014
    assert registered.raw_spans == []


def test_open_stream(openrouter: Simulator, registered: Telemetry) -> None:
    """A stream that is open during `register()` ends its span with the provider that started it."""
    first = Telemetry()
    first.instrument([openrouter.url])
    with openai.OpenAI(base_url=openrouter.base_url("hello"), api_key="k", max_retries=0) as client:
        stream = client.chat.completions.create(**REQUEST, stream=True)
        next(stream)
        _register(registered.tracer_provider)
        list(stream)
    assert (first.one_span().attributes or {})["gen_ai.usage.cost"] == 0.00014
    assert registered.raw_spans == []


PROGRAM: Final = """
import os, sys
from importlib.metadata import entry_points
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(formatter=lambda span: "registered " + span.name)))
for each in entry_points(group="openinference_instrumentor"):
    each.load()().instrument(tracer_provider=provider)
import openai
with openai.OpenAI(base_url=os.environ["BASE_URL"], api_key="k", max_retries=0) as client:
    client.chat.completions.create(model="m", messages=[])
"""


def test_under_opentelemetry_instrument(openrouter: Simulator) -> None:
    """The provider of `register()` receives the span, that of `opentelemetry-instrument` does not; nothing is logged."""
    completed = subprocess.run(
        [str(Path(sys.executable).with_name("opentelemetry-instrument")), sys.executable, "-c", PROGRAM],
        env={
            **os.environ,
            "BASE_URL": openrouter.base_url("hello"),
            f"{PREFIX}BASE_URLS": openrouter.url,
            "OTEL_TRACES_EXPORTER": "console",
            "OTEL_METRICS_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
            "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "httpx,httpx2,requests,aiohttp-client",  # installed for other tests
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (completed.returncode, completed.stdout, completed.stderr) == (0, "registered chat m", "")
