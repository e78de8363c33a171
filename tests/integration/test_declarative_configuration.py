"""Declarative configuration: `opentelemetry-instrument` with a YAML file that names the instrumentation and its options."""

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.doc_tables import DOCS
from tests.otlp import Receiver
from tests.simulator import Simulator

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("opentelemetry.configuration") is None,
    reason="opentelemetry-configuration is not installed; it needs the OpenTelemetry SDK 1.44",
)

PROGRAM: Final = """
import os, openai
client = openai.OpenAI(base_url=os.environ["BASE_URL"], api_key="k", max_retries=0)
client.chat.completions.create(model="m", messages=[{"role": "user", "content": "Say hello."}], user="canary-user")
"""
SPANS_TO_CONSOLE: Final = {"processors": [{"simple": {"exporter": {"console": {}}}}]}
OPTIONS: Final = (
    "base_urls, capture_content, content_max_length, redact, baggage_keys, metric_attributes, dialects, budget, "
    "settle, broadcast, clients"
)
# Lines of the OpenTelemetry SDK itself.
SDK_LINES: Final = ("OTEL_CONFIG_FILE is set; ignoring configurator kwargs",)


OTHERS: Final = "httpx,httpx2,requests,aiohttp-client"
"""The instrumentations that are installed for other tests."""


def _run(
    folder: Path, openrouter: Simulator, configuration: str | dict[str, Any], **environment: str
) -> tuple[list[dict[str, Any]], list[str]]:
    """Run the program with a configuration; return its spans, and the lines of its log that are not the SDK's own."""
    file = folder / "otel.yaml"
    file.write_text(configuration if isinstance(configuration, str) else yaml.safe_dump(configuration))
    completed = subprocess.run(
        [Path(sys.executable).with_name("opentelemetry-instrument"), sys.executable, "-c", PROGRAM],
        env={
            **os.environ,
            "BASE_URL": openrouter.base_url("hello"),
            "OTEL_CONFIG_FILE": str(file),
            "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": f"openrouter,{OTHERS}",  # the file alone enables it
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    lines = [line for line in completed.stderr.splitlines() if not line.startswith(SDK_LINES)]
    return _spans(completed.stdout), lines


def _spans(text: str) -> list[dict[str, Any]]:
    decoder, found = json.JSONDecoder(), list[dict[str, Any]]()
    while text := text.strip():
        span, end = decoder.raw_decode(text)
        found.append(span)
        text = text[end:]
    return found


def _configuration(openrouter: Simulator, **options: Any) -> dict[str, Any]:
    return {
        "file_format": "1.0",
        "tracer_provider": SPANS_TO_CONSOLE,
        "instrumentation/development": {"python": {"openrouter": {"base_urls": [openrouter.url], **options}}},
    }


def _attributes(spans: list[dict[str, Any]]) -> dict[str, Any]:
    (span,) = spans
    assert span["attributes"]["gen_ai.usage.cost"] == 0.00014
    return span["attributes"]


def test_no_options(openrouter: Simulator, tmp_path: Path) -> None:
    """An empty section enables the instrumentation; environment variables give the options that the file does not."""
    configuration = _configuration(openrouter)
    configuration["instrumentation/development"]["python"]["openrouter"] = {}
    variable = {"OTEL_INSTRUMENTATION_OPENROUTER_BASE_URLS": openrouter.url}
    spans, lines = _run(tmp_path, openrouter, configuration, **variable)
    assert "gen_ai.input.messages" not in _attributes(spans)
    assert not lines
    spans, lines = _run(tmp_path, openrouter, configuration)
    assert (spans, lines) == ([], [])


def test_all_options(openrouter: Simulator, tmp_path: Path) -> None:
    """Lists, booleans and numbers of YAML are what `instrument()` accepts; the file wins over the variables."""
    configuration = _configuration(
        openrouter,
        capture_content="span_only",
        content_max_length=5,
        baggage_keys=["tenant.id"],
        metric_attributes=["tenant.id"],
        dialects=["phoenix"],
        broadcast=False,  # YAML reads `off` as this
        settle=False,
        budget=False,
    )
    spans, lines = _run(
        tmp_path,
        openrouter,
        configuration,
        OTEL_INSTRUMENTATION_OPENROUTER_DIALECTS="langfuse",
        OTEL_INSTRUMENTATION_OPENROUTER_BROADCAST="link",
        OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT="no_content",
    )
    attributes = _attributes(spans)
    assert "Say …" in attributes["gen_ai.input.messages"]
    assert attributes["openinference.span.kind"] == "LLM"
    assert not [name for name in attributes if name.startswith("langfuse.")]
    assert not spans[0]["links"]
    assert not lines


@pytest.mark.parametrize("value", [True, "span_and_event", "span_only"])
def test_capture_content(openrouter: Simulator, tmp_path: Path, value: object) -> None:
    """Content is captured if the file enables it, by a boolean or a name."""
    spans, lines = _run(tmp_path, openrouter, _configuration(openrouter, capture_content=value))
    assert "Say hello." in _attributes(spans)["gen_ai.input.messages"]
    assert not lines


@pytest.mark.parametrize("value", [False, None, "no_content"])
def test_no_capture_content(openrouter: Simulator, tmp_path: Path, value: object) -> None:
    """Content is not captured if the file disables it, or leaves it to a variable that is not set."""
    spans, lines = _run(tmp_path, openrouter, _configuration(openrouter, capture_content=value))
    assert "gen_ai.input.messages" not in _attributes(spans)
    assert "Say hello." not in str(spans)
    assert not lines


def test_misspelt_option(openrouter: Simulator, tmp_path: Path) -> None:
    """A misspelt option is one warning with the most similar name and the list; content is not captured beside it."""
    configuration = _configuration(openrouter, capture_content="span_only", redactor="my.module")
    spans, lines = _run(tmp_path, openrouter, configuration)
    assert lines == [
        f"unknown option 'redactor', did you mean redact?; the options are {OPTIONS}.",
        "content capture is disabled, because an option of instrument() is unknown.",
    ]
    assert "Say hello." not in str(spans)
    _attributes(spans)
    spans, lines = _run(tmp_path, openrouter, _configuration(openrouter, dialect=["phoenix"]))
    assert lines == [f"unknown option 'dialect', did you mean dialects?; the options are {OPTIONS}."]
    _attributes(spans)


def test_wrong_types(openrouter: Simulator, tmp_path: Path) -> None:
    """Each value of a wrong type is one warning, and its option stays off; the call is traced."""
    configuration = _configuration(
        openrouter,
        base_urls=[openrouter.url, None, 7],
        capture_content=["span_only"],
        content_max_length={"characters": 5},
        baggage_keys=True,
        metric_attributes={"tenant.id": None},
        dialects=[None, "phoenix"],
        broadcast=True,
        settle=["yes"],
        budget="on",
    )
    spans, lines = _run(tmp_path, openrouter, configuration)
    assert [line.split()[0] for line in lines] == [
        "content_max_length",
        "capture_content",
        "dialects",
        "base_urls",
        "baggage_keys",
        "metric_attributes",
        "budget",
        "settle",
        "broadcast",
    ]
    assert _attributes(spans)["openinference.span.kind"] == "LLM"
    assert "Say hello." not in str(spans)


def test_redact_is_a_function(openrouter: Simulator, tmp_path: Path) -> None:
    """A file cannot name a function: `redact` in it disables content capture."""
    configuration = _configuration(openrouter, capture_content=True, redact="module.function")
    spans, lines = _run(tmp_path, openrouter, configuration)
    assert lines == ["redact must be callable, got 'module.function'; content capture is disabled."]
    assert "Say hello." not in str(spans)
    _attributes(spans)


def test_disabled(openrouter: Simulator, tmp_path: Path) -> None:
    """`enabled: false` works together with the variable only: without it the program is instrumented by entry point."""
    configuration = _configuration(openrouter, enabled=False)
    base_urls = {"OTEL_INSTRUMENTATION_OPENROUTER_BASE_URLS": openrouter.url}
    assert _run(tmp_path, openrouter, configuration, **base_urls) == ([], [])
    spans, lines = _run(tmp_path, openrouter, configuration, **base_urls, OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=OTHERS)
    _attributes(spans)
    assert not lines


def test_by_file_and_by_entry_point(openrouter: Simulator, tmp_path: Path) -> None:
    """Without the variable the options of the file apply too, and OpenTelemetry logs one line."""
    configuration = _configuration(openrouter, dialects=["phoenix"])
    spans, lines = _run(tmp_path, openrouter, configuration, OTEL_PYTHON_DISABLED_INSTRUMENTATIONS=OTHERS)
    assert _attributes(spans)["openinference.span.kind"] == "LLM"
    assert lines == ["Attempting to instrument while already instrumented"]


def test_documented_example(openrouter: Simulator, tmp_path: Path) -> None:
    """The example of docs/options.md exports spans with its options; only its hosts are replaced."""
    (example,) = re.findall(r"```yaml\n(.*?)```", (DOCS / "options.md").read_text(), re.DOTALL)
    with Receiver() as receiver:
        configuration = example.replace("http://localhost:4318", receiver.http)
        configuration = configuration.replace("https://gateway.example/openrouter", openrouter.url)
        _, lines = _run(tmp_path, openrouter, configuration)
        (span,) = receiver.spans()
        paths = {export.path for export in receiver.exports}
    assert not lines
    assert paths == {"/v1/traces", "/v1/metrics"}
    assert span["resource"]["service.name"] == ("string_value", "my-service")
    assert span["attributes"]["gen_ai.usage.cost"] == ("double_value", 0.00014)
    assert span["attributes"]["openinference.span.kind"] == ("string_value", "LLM")
    assert "Say hello." in span["attributes"]["gen_ai.input.messages"][1]
