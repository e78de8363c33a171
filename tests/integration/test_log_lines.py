"""The log lines that show whether it works: one at INFO when it is enabled, one at DEBUG for each other host."""

import logging
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata

import openai
import pytest
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._clients import base
from opentelemetry.instrumentation.openrouter._guard import logger

from tests.calling_styles import OPTIONS
from tests.scenarios import REQUEST
from tests.simulator import Simulator
from tests.telemetry import Telemetry

Make = Callable[..., openai.OpenAI]


def _lines(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == logger.name and record.levelno == level]


def _host(openrouter: Simulator) -> str:
    return openrouter.url.removeprefix("http://")


def test_enabled(openrouter: Simulator, telemetry: Telemetry, caplog: pytest.LogCaptureFixture) -> None:
    """`instrument()` logs one line with the installed version of each client; credentials and query are not in it."""
    caplog.clear()
    telemetry.reinstrument([openrouter.url.replace("://", "://user:canary@") + "?key=canary"], settle=True)
    (line,) = _lines(caplog, logging.INFO)
    assert line.startswith(f"OpenRouter instrumentation enabled. Clients: openai {metadata.version('openai')}")
    assert f", {_host(openrouter)}. Dialects: none. Content: not captured. Other options: settle=True." in line
    assert "canary" not in caplog.text


def test_without_info(telemetry: Telemetry, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without INFO no line is made."""
    monkeypatch.delattr(base, "version")
    caplog.set_level(logging.WARNING, logger=logger.name)
    telemetry.reinstrument()
    assert not _lines(caplog, logging.INFO)


def test_without_metadata(
    telemetry: Telemetry, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client whose metadata is missing, as in a frozen program, has no version in the line."""

    def version(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(base, "version", version)
    telemetry.reinstrument()
    assert "Clients: openai of unknown version" in _lines(caplog, logging.INFO)[-1]


@pytest.mark.internal_error
def test_line_that_fails(
    telemetry: Telemetry, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the line cannot be made, the clients are instrumented all the same."""

    def version(_: str) -> str:
        raise RuntimeError

    monkeypatch.setattr(base, "version", version)
    telemetry.reinstrument()
    assert OpenRouterInstrumentor().is_instrumented_by_opentelemetry
    assert "failed in _log_enabled" in caplog.text


@pytest.mark.parametrize(
    ("before", "description"), [("", " (any host, when it is imported)"), ("import openrouter", " (any host)")]
)
def test_openrouter_sdk(before: str, description: str) -> None:
    """OpenRouter's own SDK is patched when the program imports it, and the line does not claim more."""
    pytest.importorskip("openrouter")
    script = f"""
import logging
logging.basicConfig(level=logging.INFO)
{before}
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
OpenRouterInstrumentor().instrument()
"""
    completed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    (line,) = completed.stderr.strip().splitlines()
    assert f", openrouter {metadata.version('openrouter')}{description}, httpx " in line


def test_other_host(
    telemetry: Telemetry, client: Make, openrouter: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    """The first call to another host is one line at DEBUG; the calls are not traced and their results are the same."""
    telemetry.reinstrument()
    for scenario in ("hello", "hello", "reasoning"):
        assert client(scenario).chat.completions.create(**REQUEST).id
    assert not telemetry.raw_spans
    (line,) = _lines(caplog, logging.DEBUG)
    assert line.startswith(f"calls to {_host(openrouter)} are not instrumented; add its base URL to base_urls if ")


def test_other_host_without_secrets(telemetry: Telemetry, caplog: pytest.LogCaptureFixture) -> None:
    """The line has the host and the port, not the credentials or the query of the client's base URL."""
    telemetry.reinstrument()
    with (
        openai.OpenAI(base_url="http://user:canary@127.0.0.1:9/v1?key=canary", **OPTIONS) as client,
        pytest.raises(openai.APIConnectionError),
    ):
        client.chat.completions.create(**REQUEST)
    (line,) = _lines(caplog, logging.DEBUG)
    assert line.startswith("calls to 127.0.0.1:9 are not instrumented")
    assert "canary" not in line


def test_openrouter_is_no_other_host(telemetry: Telemetry, client: Make, caplog: pytest.LogCaptureFixture) -> None:
    """Calls that are traced log nothing."""
    caplog.clear()
    client("hello").chat.completions.create(**REQUEST)
    telemetry.one_span()
    assert not _lines(caplog, logging.DEBUG)
