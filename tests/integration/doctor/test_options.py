"""Options with their origins, wrong values, misspelt variables, and the configuration file."""

import importlib.util
import sys
from pathlib import Path

import pytest

from tests.integration.doctor.conftest import Doctor, causes, text_of, texts

PREFIX = "OTEL_INSTRUMENTATION_OPENROUTER_"
CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"
needs_file = pytest.mark.skipif(
    importlib.util.find_spec("opentelemetry.configuration") is None,
    reason="opentelemetry-configuration is not installed",
)


def test_origins(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each option has its value and the variable, or `default`."""
    monkeypatch.setenv(f"{PREFIX}BASE_URLS", "https://user:canary@gw.example/or?key=canary, http://x:1")
    monkeypatch.setenv(f"{PREFIX}SETTLE", "1")
    monkeypatch.setenv(f"{PREFIX}CONTENT_MAX_LENGTH", "20")
    monkeypatch.setenv(f"{PREFIX}CLIENTS", "openai,httpx")
    monkeypatch.setenv(CAPTURE, "span_and_event")
    lines = texts(doctor(), "options")
    assert f"base_urls = https://gw.example/or, http://x:1 ({PREFIX}BASE_URLS)" in lines
    assert f"settle = true ({PREFIX}SETTLE)" in lines
    assert f"content_max_length = 20 ({PREFIX}CONTENT_MAX_LENGTH)" in lines
    assert f"clients = httpx, openai ({PREFIX}CLIENTS)" in lines
    assert f"capture_content = on the span and on the event ({CAPTURE})" in lines
    assert "budget = false (default)" in lines
    assert "dialects = none (default)" in lines
    assert "content_max_length = unlimited (default)" not in lines


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        (f"{PREFIX}DIALECTS", "phoenx", "got 'phoenx' (did you mean phoenix?), so it is ignored"),
        (f"{PREFIX}CLIENTS", "open-ai", "got 'open-ai' (did you mean openai?), so it is ignored"),
        (f"{PREFIX}BROADCAST", "lnik", "got 'lnik' (did you mean link?), so it stays off"),
        (f"{PREFIX}SETTLE", "yes", "settle must be true or false, got 'yes', so it stays off"),
        (f"{PREFIX}CONTENT_MAX_LENGTH", "-1", "got a value that is not a name, so content is not truncated"),
        (f"{PREFIX}BASE_URLS", "gw.example/x", "base_urls must be absolute URLs, got a value that is not a name"),
        (CAPTURE, "span-only", "got 'span-only' (did you mean span_only?), so content capture is disabled"),
    ],
)
def test_wrong_value(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, name: str, value: str, text: str) -> None:
    """A wrong value is a problem with the most similar one; what may be a secret is not shown."""
    monkeypatch.setenv(name, value)
    found = text_of(doctor(), "wrong-value")
    assert text in found
    assert found.endswith(": correct it.")


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        (f"{PREFIX}DIALECT", f"did you mean {PREFIX}DIALECTS?"),
        (f"{PREFIX}CAPTURE_CONTENT", f"did you mean {CAPTURE}?"),
        (f"{PREFIX}{'X' * 60}", "remove it."),
    ],
)
def test_unknown_variable(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, name: str, cure: str) -> None:
    monkeypatch.setenv(name, "phoenix")
    assert text_of(doctor(), "unknown-name") == f"There is no variable {name}, so it is ignored: {cure}"


@pytest.mark.parametrize(
    ("name", "similar"),
    [
        ("OTEL_TRACE_EXPORTER", "OTEL_TRACES_EXPORTER"),
        ("OTEL_INSTRUMENTATION_GEN_AI_CAPTURE_MESSAGE_CONTENT", CAPTURE),
        ("OTEL_INSTRUMENTATION_OPENROUTERS_DIALECTS", f"{PREFIX}DIALECTS"),
        ("OPENROUTER_DIALECTS", f"{PREFIX}DIALECTS"),
    ],
)
def test_similar_variable(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, name: str, similar: str) -> None:
    """A variable that is almost one of OpenTelemetry's is a warning; others are left alone."""
    monkeypatch.setenv(name, "x")
    monkeypatch.setenv("OTEL_PYTHON_FLASK_EXCLUDED_URLS", "x")
    monkeypatch.setenv("OPENROUTER_API_KEY", "x")
    assert text_of(doctor(), "similar-variable").endswith(f": did you mean {similar}?")


def test_similar_variable_without_the_sdk(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the SDK its variables are not known."""
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.environment_variables", None)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINTS", "x")
    assert causes(doctor()) == []


# The configuration file.

FILE = """
file_format: "1.0"
{providers}
instrumentation/development:
  python:
    openrouter:
      base_urls: [https://gw.example/or]
      dialects: [{dialect}]
      settle: null
"""
PROVIDERS = """
tracer_provider:
  processors:
    - batch:
        exporter:
          otlp_http:
            endpoint: ${ADDRESS:-http://phoenix.example:6006/v1/traces}
    - simple:
        exporter:
          console: {}
logger_provider:
  processors:
    - simple:
        exporter:
          console: {}
"""


def _file(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    (folder / "otel.yaml").write_text(text)
    monkeypatch.setenv("OTEL_CONFIG_FILE", str(folder / "otel.yaml"))


@needs_file
def test_file(doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Options and exporters are those of the file; the documented second variable is no problem."""
    _file(tmp_path, monkeypatch, FILE.format(providers=PROVIDERS, dialect="phoenix"))
    monkeypatch.setenv("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "openrouter")
    monkeypatch.setenv(CAPTURE, "event_only")
    findings = doctor("--offline", "--base-url", "https://gw.example/or/v1")
    assert causes(findings) == []
    lines = texts(findings, "options")
    assert "base_urls = https://gw.example/or (file of OTEL_CONFIG_FILE)" in lines
    assert "dialects = phoenix (file of OTEL_CONFIG_FILE)" in lines
    assert "settle = false (default)" in lines
    assert texts(findings, "set-up")[-2:] == [
        "the file of OTEL_CONFIG_FILE exports spans by otlp_http",
        "the file of OTEL_CONFIG_FILE exports spans by console",
    ]
    assert "traces are sent to phoenix.example:6006 by http/protobuf (not tried: --offline)" in texts(findings, "addr")
    assert texts(findings, "base URL")[0].endswith("is traced by the entry https://gw.example/or of base_urls")


@needs_file
def test_mistakes_in_the_file(doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong value and an unknown option are named; without a provider there is no exporter."""
    text = FILE.format(providers="", dialect="phoenx") + "      capture: span_only\n      capture_content: event_only\n"
    _file(tmp_path, monkeypatch, text.replace("[https://gw.example/or]", "5"))
    findings = doctor()
    wrong = [each["text"] for each in findings if each["cause"] == "wrong-value"]
    assert "(did you mean phoenix?)" in wrong[0]
    assert wrong[1].startswith("base_urls must be a list of strings, got 'int'")
    unknown = [each["text"] for each in findings if each["cause"] == "unknown-name"]
    assert unknown == [
        "There is no option capture, so it is ignored: did you mean capture_content?",
        "content capture is disabled, because an option of instrument() is unknown.",
    ]
    assert "the file of OTEL_CONFIG_FILE has no span exporter" in text_of(findings, "no-exporter")
    assert "base_urls = none (file of OTEL_CONFIG_FILE)" in texts(findings, "options")


@needs_file
@pytest.mark.parametrize(
    "providers", [PROVIDERS, PROVIDERS.replace("${ADDRESS:-http://phoenix.example:6006/v1/traces}", "")]
)
def test_file_without_the_section(
    doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, providers: str
) -> None:
    """The options come from the environment; an exporter without an endpoint has the default one."""
    _file(
        tmp_path,
        monkeypatch,
        'file_format: "1.0"\n'
        + providers.replace("endpoint: \n", "{}\n").replace("otlp_http:\n            {}", "otlp_http: {}"),
    )
    findings = doctor("--offline")
    assert "the file of OTEL_CONFIG_FILE has no section" in texts(findings, "options")[0]
    assert len(texts(findings, "addresses")) == 1
    monkeypatch.setenv("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "*")
    assert "remove openrouter or *" in text_of(doctor("--offline"), "instrumentation-disabled")


@needs_file
def test_content_event_with_a_file(doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file has to have a logger provider."""
    _file(tmp_path, monkeypatch, FILE.format(providers=PROVIDERS.partition("logger")[0], dialect="phoenix"))
    monkeypatch.setenv(CAPTURE, "event_only")
    assert causes(doctor("--offline")) == ["content-without-logs"]


@needs_file
@pytest.mark.parametrize(
    ("sampler", "cause", "text"),
    [
        ("always_on: {}", [], "always_on in the file of OTEL_CONFIG_FILE keeps 100 % of the traces"),
        ("always_off: {}", ["sampled-out"], "keeps 0 % of the traces, so no span is recorded: select always_on"),
        ("trace_id_ratio_based: {ratio: 0.05}", ["sampled-out"], "trace_id_ratio_based in the file of"),
        ("trace_id_ratio_based: {ratio: 0.5}", [], "keeps 50 % of the traces"),
        ("trace_id_ratio_based: {}", [], "keeps 100 % of the traces"),
        ("parent_based: {}", [], "parent_based in the file of OTEL_CONFIG_FILE keeps 100 % of the traces"),
        ("parent_based: {root: {always_off: {}}}", ["sampled-out"], "keeps 0 % of the traces, and those of a sampled"),
        ("mine: {}", [], "the sampler mine in the file of OTEL_CONFIG_FILE is selected: the doctor cannot know"),
        ("", [], "each trace is sampled (default)"),
    ],
)
def test_sampler_of_the_file(
    doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sampler: str, cause: list[str], text: str
) -> None:
    """The sampler is that of the file, and the variable has no effect."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    with_sampler = PROVIDERS.replace("logger_provider", f"  sampler:\n    {sampler}\nlogger_provider")
    _file(tmp_path, monkeypatch, FILE.format(providers=with_sampler if sampler else PROVIDERS, dialect="phoenix"))
    findings = doctor("--offline")
    assert causes(findings) == cause
    (line,) = [line for line in texts(findings, "SDK") if "sample" in line]
    assert text in line


@needs_file
def test_disabled_by_the_file(doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _file(tmp_path, monkeypatch, FILE.format(providers="disabled: true\n" + PROVIDERS, dialect="phoenix"))
    assert "has disabled: true" in text_of(doctor("--offline"), "sdk-disabled")


@needs_file
def test_unreadable_file(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_CONFIG_FILE", "/absent/canary.yaml")
    assert "cannot read the file of OTEL_CONFIG_FILE" in text_of(doctor(), "configuration-file")


def test_file_without_its_reader(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Older releases of OpenTelemetry have no reader of options."""
    monkeypatch.setenv("OTEL_CONFIG_FILE", "otel.yaml")
    monkeypatch.setitem(sys.modules, "opentelemetry.configuration", None)
    assert "pip install 'opentelemetry-sdk[file-configuration]'" in text_of(doctor(), "configuration-file")
