"""The command as a person runs it: in processes of its own, without the SDK, with secrets in every variable."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution, metadata
from pathlib import Path
from typing import Final

import pytest
from opentelemetry.instrumentation.openrouter._cli.commands import main
from opentelemetry.instrumentation.openrouter._cli.diagnosis.exporters import SIGNALS
from opentelemetry.instrumentation.openrouter._cli.diagnosis.findings import Cause
from opentelemetry.instrumentation.openrouter._cli.diagnosis.secrets import host_of, shown_name, without_secret_values
from opentelemetry.instrumentation.openrouter._config import option_names, variable_of

from tests.doc_tables import DOCS
from tests.environments import ROOT
from tests.integration.doctor.conftest import PREFIXES
from tests.otlp import Receiver
from tests.simulator import Simulator

MODULE: Final = ("-m", "opentelemetry.instrumentation.openrouter", "doctor")
NONE: Final = {f"OTEL_{signal.upper()}_EXPORTER": "none" for signal in SIGNALS}
SECONDS: Final = 60
SOURCE: Final = dict(
    url.split(", ") for url in metadata("opentelemetry-instrumentation-openrouter").get_all("Project-URL", [])
)["Source"]


def _run(command: Iterable[str], **variables: str) -> tuple[int, str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith((*PREFIXES, "PYTHON")) and not name.lower().endswith("_proxy")
    }
    completed = subprocess.run(
        list(command), env={**inherited, **variables}, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    return completed.returncode, completed.stdout, completed.stderr


def test_lines(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `--json` each finding is a line with its cause in brackets; the last line counts them."""
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "0 problems, 0 warnings."
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    assert main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert (
        "  problem  [sdk-disabled] OTEL_SDK_DISABLED=true disables the SDK, so no span is recorded: remove the variable."
        in lines
    )
    assert lines[-1] == f"1 problem, 0 warnings. Each name in brackets: {SOURCE}/blob/main/docs/troubleshooting.md"


@pytest.mark.parametrize(
    "arguments", [["app.py"], ["--call"], ["--base-ulr", "x"], ["--call", "m", "--offline"], ["--base-url"]]
)
def test_wrong_arguments(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["doctor", *arguments])
    assert exit_.value.code == 2
    assert "usage: python -m opentelemetry.instrumentation.openrouter" in capsys.readouterr().err


def test_opentelemetry_instrument() -> None:
    """Started by `opentelemetry-instrument`, the doctor sees what that has set up."""
    instrument = str(Path(sys.executable).with_name("opentelemetry-instrument"))
    with Receiver() as receiver:
        variables = {
            **NONE,
            "OTEL_TRACES_EXPORTER": "otlp",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.http,
        }
        code, out, err = _run([instrument, sys.executable, *MODULE], **variables)
        assert (code, err) == (0, "")
        assert "  ok       the instrumentation is enabled in this process\n" in out
        assert "  ok       the tracer provider of this process is opentelemetry.sdk.trace.TracerProvider\n" in out
        assert f"{receiver.http.removeprefix('http://')} by http/protobuf, which answers\n" in out
        assert receiver.spans() == []


def test_failed_set_up() -> None:
    """An exporter that is not installed ends the set-up, and the doctor names both."""
    instrument = str(Path(sys.executable).with_name("opentelemetry-instrument"))
    code, out, _ = _run([instrument, sys.executable, *MODULE], **{**NONE, "OTEL_TRACES_EXPORTER": "jaeger"})
    assert code == 1
    for cause in ("exporter-not-installed", "not-enabled", "no-provider"):
        assert f"  problem  [{cause}] " in out


def _link(folder: Path, names: Iterable[str]) -> None:
    """Link the files of some installed packages into *folder*."""
    for name in names:
        for file in distribution(name).files or ():
            target = folder / file
            if ".." not in file.parts and file.suffix not in (".pyc", ".pth"):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.symlink_to(Path(str(file.locate())))


def test_without_the_sdk(tmp_path: Path) -> None:
    """With nothing but the packages that are required, the doctor names the SDK, the distribution and the client."""
    required = ("opentelemetry-api", "opentelemetry-instrumentation", "opentelemetry-semantic-conventions", "wrapt")
    own = "opentelemetry-instrumentation-openrouter"
    _link(tmp_path, (*required, "packaging", "typing-extensions", own))
    with suppress(PackageNotFoundError):  # older releases of the API require it
        _link(tmp_path, ("importlib-metadata", "zipp"))
    package = Path("opentelemetry", "instrumentation", "openrouter")
    shutil.copytree(ROOT / "src" / package, tmp_path / package)
    # -S: without the packages of this environment.
    code, out, err = _run([sys.executable, "-S", *MODULE, "--call", "m"], PYTHONPATH=str(tmp_path))
    assert (code, err) == (1, "")
    for cause in ("no-sdk", "no-provider", "no-client", "no-distribution", "exporter-not-installed"):
        assert f"  problem  [{cause}] " in out
    assert "check-failed" not in out


# Secrets.

SECRET: Final = "sk-or-v1-5ecre75ecre75ecre75ecre75ecre75ecre75ecre75ecre75ecre7"
USER: Final = "u5er:pa55w0rd"


@pytest.mark.parametrize("flags", [[], ["--json"]])
@pytest.mark.parametrize(
    "value",
    [
        SECRET,
        f"Bearer {SECRET}",
        f"authorization=Bearer%20{SECRET},x-key={SECRET}",
        f"http://{USER}@127.0.0.1:9/{{path}}?api_key={SECRET}#{SECRET}",
        f"{USER}@127.0.0.1:9?api_key={SECRET}",
        f"console,{SECRET}",
    ],
)
def test_secrets(openrouter: Simulator, value: str, flags: list[str]) -> None:
    """A secret in any variable, as it is or in a URL, is not in the output; nor is one in `--base-url`."""
    official = ("PROTOCOL", "ENDPOINT", "HEADERS", "CERTIFICATE")
    names = {
        *[name for name in map(variable_of, option_names()) if name is not None],
        *[f"OTEL_EXPORTER_OTLP_{part}{name}" for name in official for part in ("", "TRACES_", "METRICS_", "LOGS_")],
        *NONE,
        *("OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG", "OTEL_SDK_DISABLED", "OTEL_RESOURCE_ATTRIBUTES"),
        *("OTEL_PYTHON_CONFIGURATOR", "OTEL_PYTHON_DISTRO", "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS"),
        *(
            "OPENROUTER_API_KEY",
            "OPENAI_API_KEY",
            "PHOENIX_API_KEY",
            "PHOENIX_CLIENT_HEADERS",
            "TRACELOOP_TRACE_CONTENT",
        ),
        *("OTEL_INSTRUMENTATION_OPENROUTER_DIALECT", "OTEL_TRACE_EXPORTER", "OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT"),
    }
    variables = dict.fromkeys(names, value)
    base_url = f"http://{USER}@{openrouter.base_url().removeprefix('http://')}?key={SECRET}"
    for otlp in ({}, {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}):
        command = [sys.executable, *MODULE, "--base-url", base_url, *flags]
        code, out, err = _run(command, **{**variables, **otlp})
        assert (code, err) == (1, "")
        for secret in (SECRET, "5ecre7", "pa55w0rd", "u5er"):
            assert secret not in out
        assert "check-failed" not in out


def test_secret_without_a_form() -> None:
    """No check itself shows a value that should be a name, a number or a URL."""
    value = "5ecre7.0a1b2c3d"
    names = (
        *(
            f"OTEL_INSTRUMENTATION_OPENROUTER_{option.upper()}"
            for option in ("base_urls", "content_max_length", "dialects")
        ),
        *(
            f"OTEL_INSTRUMENTATION_OPENROUTER_{option.upper()}"
            for option in ("settle", "budget", "broadcast", "clients")
        ),
        *("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG"),
        *("OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_PYTHON_CONFIGURATOR", "OTEL_METRICS_EXPORTER", "OTEL_CONFIG_FILES"),
    )
    for exporter in ("otlp", value):
        variables = {**dict.fromkeys(names, value), "OTEL_TRACES_EXPORTER": exporter}
        code, out, err = _run([sys.executable, *MODULE, "--base-url", value], **variables)
        assert (code, err) == (1, "")
        assert value not in out
        assert "*" * 3 not in out
        assert out.count("[wrong-value]") == 9


def test_without_secret_values(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last filter hides secrets by the variable that has them, and by their form."""
    monkeypatch.setenv("MY_API_KEY", "plainvalue")
    monkeypatch.setenv("MY_HEADERS", "a=one%20two%20three,b=short")
    monkeypatch.setenv("MY_TOKEN_FILE", "/run/file")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "two three")
    text = "plainvalue one two three short /run/file sk-abcdefghijklmnop Basic YWJj http://u:p@h/x?y=z#w"
    assert without_secret_values(text) == "*** *** short /run/file *** *** http://h/x"


def test_shown_name() -> None:
    assert shown_name("consle", ["console"]) == "'consle' (did you mean console?)"
    assert shown_name("jaeger", ["console"]) == "'jaeger'"
    assert shown_name("a-b:c", ["console"]) == "a value that is not a name"


@pytest.mark.parametrize(
    ("url", "host"),
    [("http://u:p@h:1/x?y", "h:1"), ("h:1", "h:1"), ("https://h", "h"), ("http://h:x", ""), ("", ""), ("http://[", "")],
)
def test_host_of(url: str, host: str) -> None:
    assert host_of(url) == host


# Documentation.


def test_each_cause_is_documented() -> None:
    """The table of the doctor's findings has one row for each cause, and no other."""
    section = (DOCS / "troubleshooting.md").read_text().partition("## What the doctor finds\n")[2].partition("\n## ")[0]
    rows = [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")]
    assert sorted(rows) == sorted(cause.value for cause in Cause)
