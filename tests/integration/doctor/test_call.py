"""`doctor --call`: one real call to the simulator, and its span."""

import logging
import sys

import pytest
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._cli.diagnosis import call

from tests.integration.doctor.conftest import Doctor, causes, text_of, texts
from tests.simulator import Simulator
from tests.simulator.canned_reply import Reply

KEY = "sk-or-v1-0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def gateway(openrouter: Simulator, monkeypatch: pytest.MonkeyPatch) -> str:
    """The base URL of the simulator, which is traced, and a key."""
    monkeypatch.setenv("OTEL_INSTRUMENTATION_OPENROUTER_BASE_URLS", openrouter.url)
    monkeypatch.setenv("OPENROUTER_API_KEY", KEY)
    return openrouter.base_url()


@pytest.mark.parametrize("client", ["openai", "httpx", "httpx2", "requests"])
def test_call(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, gateway: str, client: str) -> None:
    """The span has the cost, what the dialect adds is marked, and there is no content, also if it is selected."""
    pytest.importorskip(client)
    clients = "httpx" if client == "httpx2" else client
    monkeypatch.setattr(call, "_CALLS", {client: call._CALLS[client]})
    monkeypatch.setenv("OTEL_INSTRUMENTATION_OPENROUTER_CLIENTS", clients)
    monkeypatch.setenv("OTEL_INSTRUMENTATION_OPENROUTER_DIALECTS", "phoenix,arize")
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "span_only")
    findings = doctor("--base-url", gateway, "--call", "m")
    assert causes(findings) == []
    first, *lines = texts(findings, "call")
    assert first == f"the call by {client} made the span 'chat m'"
    assert "  gen_ai.usage.cost = 0.00014" in lines
    assert "  llm.cost.total = 0.00014 (dialect)" in lines
    assert "Reply with one word" not in str(findings)
    assert not any("messages" in line for line in lines)
    assert not OpenRouterInstrumentor().is_instrumented_by_opentelemetry


def test_call_in_an_instrumented_process(doctor: Doctor, gateway: str) -> None:
    """The call is recorded here only, whatever is set up."""
    OpenRouterInstrumentor().instrument()
    findings = doctor("--base-url", gateway, "--call", "m", "--in-code")
    assert texts(findings, "call")[0].startswith("the call by openai made the span")
    assert not OpenRouterInstrumentor().is_instrumented_by_opentelemetry


@pytest.mark.parametrize(
    ("model", "text"),
    [
        ("nobody/no-such-model", "failed with the status 400: check the model and the base URL."),
        ("google/gemini-flash", "failed with the status 429: check the model and the base URL."),
    ],
)
def test_failed_call(doctor: Doctor, gateway: str, model: str, text: str) -> None:
    """The status is named, and the span has the error; a failed call needs no cost."""
    findings = doctor("--base-url", gateway, "--call", model)
    assert causes(findings) == ["call-failed"]
    assert text_of(findings, "call-failed").endswith(text)
    assert any(line.startswith("  error.type = ") for line in texts(findings, "call"))


def test_unauthorized(doctor: Doctor, openrouter: Simulator) -> None:
    openrouter.verbatim["denied"] = Reply([b'{"error": {"message": "canary", "code": 401}}'], status=401)
    findings = doctor("--base-url", openrouter.base_url("denied"), "--call", "m")
    assert text_of(findings, "call-failed").endswith("failed with the status 401: check OPENROUTER_API_KEY.")


def test_no_connection(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_INSTRUMENTATION_OPENROUTER_BASE_URLS", "http://127.0.0.1:9")
    findings = doctor("--base-url", "http://127.0.0.1:9", "--call", "m")
    assert "failed with APIConnectionError: check the base URL and the network" in text_of(findings, "call-failed")


def test_no_cost(doctor: Doctor, openrouter: Simulator) -> None:
    """A gateway that removes `usage` from the response."""
    openrouter.verbatim["poor"] = Reply([b'{"id": "1", "model": "m", "choices": []}'])
    findings = doctor("--base-url", openrouter.base_url("poor"), "--call", "m")
    assert causes(findings) == ["no-cost"]


def test_no_span(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, gateway: str) -> None:
    """A base URL that is not traced, and a disabled SDK, are named before."""
    monkeypatch.delenv("OTEL_INSTRUMENTATION_OPENROUTER_BASE_URLS")
    assert causes(doctor("--base-url", gateway, "--call", "m")) == ["base-url-not-traced", "no-span"]


def test_nothing_is_called(
    doctor: Doctor, openrouter: Simulator, monkeypatch: pytest.MonkeyPatch, gateway: str
) -> None:
    """Without a key, a client or the SDK there is no call."""
    arguments = ("--base-url", gateway, "--call", "m")
    received = len(openrouter.received)
    monkeypatch.setenv("OTEL_INSTRUMENTATION_OPENROUTER_CLIENTS", "anthropic")
    assert causes(doctor(*arguments)) == ["no-client"]
    monkeypatch.delenv("OPENROUTER_API_KEY")
    assert causes(doctor(*arguments)) == ["no-api-key"]
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    assert "no-sdk" in causes(doctor(*arguments))
    assert len(openrouter.received) == received


def test_default_base_url(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is OpenRouter's own."""
    monkeypatch.delenv("OPENROUTER_API_KEY")
    findings = doctor("--call", "m")
    assert texts(findings, "base URL") == ["https://openrouter.ai/api/v1 is traced, because its host is known"]


def test_log_records(
    doctor: Doctor, monkeypatch: pytest.MonkeyPatch, gateway: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A wrong value, which may be a secret, is not logged during the call either."""
    monkeypatch.setenv("OTEL_INSTRUMENTATION_OPENROUTER_SETTLE", "canary-value")
    caplog.set_level(logging.DEBUG)
    assert causes(doctor("--base-url", gateway, "--call", "m")) == ["wrong-value"]
    assert "canary" not in caplog.text
