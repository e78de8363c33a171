"""Versions, clients and other instrumentations, with pretended packages."""

import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError

import pytest
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.instrumentation.openrouter._cli.diagnosis import clients, instrumentors, versions
from opentelemetry.instrumentation.openrouter._clients import INSTRUMENTATIONS

from tests.integration.doctor.conftest import Doctor, causes, text_of, texts

Install = Callable[..., None]
OWN = "opentelemetry-instrumentation-openrouter"


def test_nothing_is_wrong(doctor: Doctor) -> None:
    """The environment of the tests has no problem."""
    findings = doctor()
    assert causes(findings) == []
    assert f"Python {sys.version_info[0]}.{sys.version_info[1]}.{sys.version_info[2]}" in texts(findings, "versions")


def test_version_out_of_range(doctor: Doctor, package: Install) -> None:
    """The finding names the installed version and the range."""
    package("wrapt", "1.0")
    assert "wrapt 1.0 is installed, but wrapt" in text_of(doctor(), "version-out-of-range")


def test_package_that_is_not_installed(doctor: Doctor, package: Install) -> None:
    """A package of an extra is a note, and clients are not in this section."""
    package(OWN, "9", requires=("absent-core", "absent>=1; extra == 'cli'", "other; extra == 'instruments-any'"))
    lines = texts(doctor(), "versions")
    assert lines[-2:] == ["absent-core is not installed", "absent is not installed (extra cli)"]


def test_no_requirements(doctor: Doctor, package: Install) -> None:
    """Metadata without requirements is read, too; they have no entry points here."""
    package(OWN, "9")
    findings = doctor()
    assert len(texts(findings, "versions")) == 2
    assert "its entry point is not installed" in text_of(findings, "no-entry-point")


def test_without_metadata(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of the sources that is not installed is named."""

    def requires(name: str) -> list[str]:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(versions, "requires", requires)
    assert "has no package metadata" in text_of(doctor(), "no-entry-point")


def test_no_sdk(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, package: Install) -> None:
    """Without the SDK there is a finding, and no crash; without its metadata there are two."""
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    assert "pip install" in text_of(doctor(), "no-provider")
    package(OWN, "9", requires=("opentelemetry-sdk >= 99; extra == 'cli'",))
    assert "opentelemetry-sdk" in text_of(doctor(), "version-out-of-range")
    monkeypatch.setattr(versions, "SDK", "absent-sdk")
    monkeypatch.setattr(versions, "requires", lambda _: ["absent-sdk; extra == 'cli'"])
    assert "no span is recorded" in text_of(doctor(), "no-sdk")


@pytest.mark.parametrize(("version", "age"), [("1.25.9", "old"), ("4.0.0", "new")])
def test_sdk_of_a_client(doctor: Doctor, package: Install, version: str, age: str) -> None:
    """An SDK that is too old or too new is a problem, with the range."""
    package("openai", version)
    text = text_of(doctor(), "client-version")
    assert text.startswith(f"openai {version} is too {age}, so it is not patched")
    assert "'openai >= 1.26.0, < 4'" in text


def test_http_library_and_upper_bound(doctor: Doctor, package: Install) -> None:
    """An HTTP library out of its range is a warning: perhaps nothing uses it. A range may have one bound only."""
    package("requests", "2.0")
    package("dspy", "99")
    found = {each["text"].split()[0]: each for each in doctor() if each["cause"] == "client-version"}
    assert found["requests"]["level"] == found["dspy"]["level"] == "warning"
    assert "too old" in found["requests"]["text"]
    assert "dspy 99 is too new" in found["dspy"]["text"]


def test_excluded_client(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that the option `clients` leaves out is a note; one that is imported is patched."""
    monkeypatch.setenv("OTEL_INSTRUMENTATION_OPENROUTER_CLIENTS", "openai")
    lines = texts(doctor(), "clients")
    assert any(line.startswith("openai") and line.endswith("is patched when it is imported") for line in lines)
    assert any(line.startswith("httpx ") and "is not in the option clients" in line for line in lines)


def test_imported_client(doctor: Doctor) -> None:
    """In a process that is instrumented, the clients that are imported are patched."""
    OpenRouterInstrumentor().instrument()
    try:
        lines = texts(doctor(), "clients")
    finally:
        OpenRouterInstrumentor().uninstrument()
    assert any(line.startswith("openai") and line.endswith(" is patched") for line in lines)


def test_no_client(doctor: Doctor, monkeypatch: pytest.MonkeyPatch, package: Install) -> None:
    """Without a client that is instrumented there is no span."""

    class Absent(INSTRUMENTATIONS["openai"][0]):
        requirement = "absent-client >= 1"

    none = {"openai": (Absent,)}
    monkeypatch.setattr(clients, "INSTRUMENTATIONS", none)
    findings = doctor()
    assert "absent-client is not installed" in texts(findings, "clients")
    assert "OTEL_INSTRUMENTATION_OPENROUTER_CLIENTS" in text_of(findings, "no-client")


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("opentelemetry-instrumentation-genai-openai", "official"),
        ("opentelemetry-instrumentation-openai-v2", "official"),
        ("opentelemetry-instrumentation-openai", "OpenLLMetry"),
        ("openinference-instrumentation-openai", "OpenInference"),
    ],
)
@pytest.mark.parametrize("group", instrumentors.GROUPS)
def test_other_instrumentation(doctor: Doctor, package: Install, name: str, family: str, group: str) -> None:
    """Each is named with its origin, and with what it means for a call."""
    package(name, entry_points=f"[{group}]\nopenai = x:X\n")
    (line,) = [line for line in texts(doctor(), "other") if line.startswith(name)]
    assert line.startswith(f"{name} ({family}): a call is one span of both")


def test_logfire_and_others(doctor: Doctor, package: Install) -> None:
    """Logfire has no entry point; what traces other libraries is one line."""
    package("logfire")
    package("opentelemetry-instrumentation-flask", entry_points="[opentelemetry_instrumentor]\nflask = x:X\n")
    lines = texts(doctor(), "other")
    assert any(line.startswith("logfire (Logfire): ") for line in lines)
    assert lines[-1] == "also installed: opentelemetry-instrumentation-flask"


def test_openllmetry_litellm(doctor: Doctor, package: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    """It hides the cost, unless it is disabled."""
    package(instrumentors.LITELLM, entry_points="[opentelemetry_instrumentor]\nlitellm = x:X\n")
    assert "its cost is not recorded" in text_of(doctor(), "other-hides-cost")
    monkeypatch.setenv("OTEL_PYTHON_DISABLED_INSTRUMENTATIONS", "flask, litellm")
    findings = doctor()
    assert causes(findings) == []
    assert any("is disabled by" in line for line in texts(findings, "other"))


def test_no_other_instrumentation(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instrumentors, "entry_points", lambda **_: [])
    assert texts(doctor(), "other") == ["none is installed"]
