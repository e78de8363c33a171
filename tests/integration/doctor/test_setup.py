"""What `opentelemetry-instrument` sets up: providers, samplers, exporters; and the state of a process."""

import sys
from collections.abc import Callable

import pytest
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._cli.diagnosis import process, samplers
from opentelemetry.sdk.trace import TracerProvider

from tests.integration.doctor.conftest import Doctor, causes, text_of, texts

Install = Callable[..., None]
CAPTURE = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"


@pytest.mark.parametrize(
    ("variables", "cause", "text"),
    [
        ({"OTEL_SDK_DISABLED": "True"}, "sdk-disabled", "no span is recorded"),
        (
            {"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "flask, openrouter"},
            "instrumentation-disabled",
            "remove openrouter",
        ),
        ({"OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": "*"}, "instrumentation-disabled", "or * from it"),
        ({"OTEL_TRACES_EXPORTER": "none"}, "no-exporter", "OTEL_TRACES_EXPORTER is none or empty"),
        ({"OTEL_TRACES_EXPORTER": ""}, "no-exporter", "select an exporter, such as otlp, console or openrouter_table"),
        (
            {"OTEL_TRACES_EXPORTER": "jaeger"},
            "exporter-not-installed",
            "OTEL_TRACES_EXPORTER is 'jaeger', which is not",
        ),
        ({"OTEL_TRACES_EXPORTER": "openrouter-table"}, "exporter-not-installed", "did you mean openrouter_table?"),
        ({"OTEL_METRICS_EXPORTER": "promtheus"}, "exporter-not-installed", "did you mean prometheus?"),
        (
            {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"},
            "unsupported-protocol",
            "http/protobuf",
        ),
        ({"OTEL_TRACES_SAMPLER": "always_off"}, "sampled-out", "keeps 0 % of the traces, so no span is recorded"),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0"}, "sampled-out", "keeps 0 %"),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.05"}, "sampled-out", "keeps 5 %"),
        ({"OTEL_TRACES_SAMPLER": "parentbased_always_off"}, "sampled-out", "and those of a sampled parent"),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "half"}, "wrong-value", "from 0 to 1"),
        ({"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "10"}, "wrong-value", "from 0 to 1"),
        ({"OTEL_TRACES_SAMPLER": "always-on"}, "wrong-value", "did you mean always_on?"),
        ({"OTEL_PYTHON_CONFIGURATOR": "configuratr"}, "no-distribution", "did you mean configurator?"),
        ({CAPTURE: "event_only"}, "content-without-logs", "OTEL_LOGS_EXPORTER"),
        ({"TRACELOOP_TRACE_CONTENT": "true"}, "content-off", "TRACELOOP_TRACE_CONTENT selects content"),
        ({"OPENINFERENCE_HIDE_INPUTS": "false"}, "content-off", f"{CAPTURE}=span_only"),
        ({"OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT": "true"}, "content-off", "EMIT_EVENT selects content"),
        (
            {"PHOENIX_COLLECTOR_ENDPOINT": "http://x"},
            "missing-dialect",
            "OTEL_INSTRUMENTATION_OPENROUTER_DIALECTS=phoenix",
        ),
    ],
)
def test_mistake(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], cause: str, text: str
) -> None:
    """Each mistake is the only finding, and its sentence has the cure."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    findings = doctor()
    assert causes(findings) == [cause]
    assert text in text_of(findings, cause)


def test_levels(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sampler that drops all is a problem, one that drops most is a warning."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    for share, levels in (("0.05", ["warning"]), ("0.5", []), ("", [])):
        monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", share)
        assert [each["level"] for each in doctor() if each["cause"]] == levels
    assert "OTEL_TRACES_SAMPLER=parentbased_traceidratio keeps 100 % of the traces" in texts(doctor(), "SDK")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    assert [each["level"] for each in doctor() if each["cause"]] == ["problem"]


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({CAPTURE: "span_and_event"}, ""),
        ({CAPTURE: "event_only", "OTEL_LOGS_EXPORTER": "console"}, ""),
        ({CAPTURE: "span_only", "TRACELOOP_TRACE_CONTENT": "true"}, ""),
        ({"TRACELOOP_TRACE_CONTENT": "false"}, ""),
        ({"PHOENIX_API_KEY": "x", "OTEL_INSTRUMENTATION_OPENROUTER_DIALECTS": "phoenix"}, ""),
        ({"OTEL_SDK_DISABLED": "false"}, ""),
    ],
)
def test_no_mistake(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], text: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert causes(doctor()) == []


def test_sampler_of_another_package(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, package: Install) -> None:
    """A sampler that is installed is not judged."""
    package("sampling", entry_points="[opentelemetry_traces_sampler]\nmine = x:X\n")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "mine")
    findings = doctor()
    assert causes(findings) == []
    assert texts(findings, "SDK") == ["OTEL_TRACES_SAMPLER is 'mine': the doctor cannot know what it drops"]


def test_no_distribution(doctor: Doctor, package: Install) -> None:
    """Without a distribution `opentelemetry-instrument` sets no provider."""
    package("opentelemetry-distro", "0.99b0")
    findings = doctor()
    assert causes(findings) == ["no-distribution"]
    assert text_of(findings, "no-distribution").endswith("pip install opentelemetry-distro")


def test_other_distribution(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, package: Install) -> None:
    """Its default exporter is not known."""
    package("vendor", entry_points="[opentelemetry_distro]\nvendor = x:X\n[opentelemetry_configurator]\nvendor = x:X\n")
    monkeypatch.setenv("OTEL_PYTHON_CONFIGURATOR", "vendor")
    assert causes(doctor()) == []
    monkeypatch.delenv("OTEL_TRACES_EXPORTER")
    assert any("the distribution vendor may have" in line for line in texts(doctor("--offline"), "set-up"))


@pytest.mark.parametrize("other", [True, False])
def test_exporter_of_the_default_protocol(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, package: Install, *, other: bool
) -> None:
    """The default protocol is gRPC; with the exporter for HTTP alone, the variable is the shorter cure."""
    package("opentelemetry-exporter-otlp-proto-grpc", "99")
    if not other:
        package("opentelemetry-exporter-otlp-proto-http", "1.99")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "otlp")
    text = text_of(doctor("--offline"), "exporter-not-installed")
    assert "pip install opentelemetry-exporter-otlp-proto-grpc" in text
    assert text.endswith(", or set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf") is other


def test_program_in_code(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `--in-code` the set-up of `opentelemetry-instrument` is left out."""
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    monkeypatch.setenv("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "openrouter")
    monkeypatch.setenv("OTEL_CONFIG_FILE", "absent")
    findings = doctor("--in-code")
    assert causes(findings) == []
    assert not texts(findings, "set-up")
    assert any("--in-code" in each["section"] for each in doctor())


# The process.


def test_after_uninstrument(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program that calls the doctor after `uninstrument()` sees that the instrumentation is off."""
    monkeypatch.setattr("opentelemetry.trace._TRACER_PROVIDER", TracerProvider())
    instrumentor = OpenRouterInstrumentor()
    instrumentor.instrument()
    assert causes(doctor()) == []
    instrumentor.uninstrument()
    text = text_of(doctor(), "not-enabled")
    assert "because uninstrument() has disabled it: call OpenRouterInstrumentor().instrument()." in text
    instrumentor.instrument()
    findings = doctor()
    instrumentor.uninstrument()
    assert causes(findings) == []
    assert texts(findings, "this process") == [
        "the instrumentation is enabled in this process",
        "the tracer provider of this process is opentelemetry.sdk.trace.TracerProvider",
    ]


def test_no_provider_in_the_process(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a process of `opentelemetry-instrument` whose set-up failed, nothing is loaded and there is no provider."""
    monkeypatch.setitem(sys.modules, process.AUTO, sys)
    findings = doctor()
    assert causes(findings) == ["not-enabled", "no-provider"]
    assert "nothing has loaded it" in text_of(findings, "not-enabled")
    assert "trace.set_tracer_provider(...)" in text_of(findings, "no-provider")


def test_check_that_fails(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of a check is a finding without its text, and the other checks run."""

    def fail(*_: object) -> None:
        raise ValueError("canary")

    monkeypatch.setattr(samplers, "_share", fail)
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_on")
    findings = doctor()
    assert "(ValueError)" in text_of(findings, "check-failed")
    assert "canary" not in str(findings)
    assert texts(findings, "this process")
