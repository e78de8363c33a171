"""An environment without the variables that the checks read, packages that are pretended, and the command itself."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.instrumentation import dependencies
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._cli.commands import main
from opentelemetry.instrumentation.openrouter._cli.diagnosis import process

PREFIXES = ("OTEL_", "OPENROUTER_", "OPENINFERENCE_", "TRACELOOP_", "PHOENIX_")
Doctor = Callable[..., list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable, no proxy, and exporters that need no address."""
    for name in os.environ:
        if name.startswith(PREFIXES) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "console")
    for signal in ("METRICS", "LOGS"):
        monkeypatch.setenv(f"OTEL_{signal}_EXPORTER", "none")
    # Versions are looked up each time: `speed_up()` caches them.
    lookup: Any = dependencies
    monkeypatch.setattr(lookup, "version", getattr(lookup.version, "__wrapped__", lookup.version))
    monkeypatch.setattr(OpenRouterInstrumentor(), "was_uninstrumented", False)
    # Other tests import what only `opentelemetry-instrument` imports in a program.
    monkeypatch.delitem(sys.modules, process.AUTO, raising=False)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that installs the metadata of a package, in place of an installed one."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(name: str, version: str = "1.0", entry_points: str = "", requires: tuple[str, ...] = ()) -> None:
        folder = tmp_path / f"{name.replace('-', '_')}-{version}.dist-info"
        folder.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        lines += [f"Requires-Dist: {each}" for each in requires]
        (folder / "METADATA").write_text("\n".join(lines) + "\n")
        (folder / "entry_points.txt").write_text(entry_points)

    return install


@pytest.fixture
def doctor(capsys: pytest.CaptureFixture[str]) -> Doctor:
    """Return a function that runs the command and returns what it finds; its exit code is that of its findings."""

    def run(*arguments: str) -> list[dict[str, Any]]:
        code = main(["doctor", "--json", *arguments])
        captured = capsys.readouterr()
        assert captured.err == ""
        findings = json.loads(captured.out)
        assert code == int(any(each["level"] == "problem" for each in findings))
        return findings

    return run


def causes(findings: list[dict[str, Any]]) -> list[str]:
    """Return the cause of each problem and warning."""
    return [each["cause"] for each in findings if each["cause"] is not None]


def texts(findings: list[dict[str, Any]], section: str) -> list[str]:
    """Return the lines of a section."""
    return [each["text"] for each in findings if each["section"].startswith(section)]


def text_of(findings: list[dict[str, Any]], cause: str) -> str:
    """Return the text of the only finding with *cause*, which is one sentence."""
    (text,) = [each["text"] for each in findings if each["cause"] == cause]
    assert "\n" not in text
    return text
