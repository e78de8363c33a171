"""The command `run`, in this process, with a program that is only pretended."""

import json
import runpy
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter import __version__
from opentelemetry.instrumentation.openrouter._cli import run
from opentelemetry.instrumentation.openrouter._cli.call_file import append_call
from opentelemetry.instrumentation.openrouter._cli.calls import Call
from opentelemetry.instrumentation.openrouter._cli.commands import main
from opentelemetry.instrumentation.openrouter._cli.extra import PACKAGE

FIRST = Call("1", 0.05, "chat", streamed=False, requested_model="a", cost=0.1)
SECOND = Call("2", 0.05, "chat", streamed=False, requested_model="b", cost=0.2)


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """The programs that were run; each makes two calls and exits with code 3."""
    commands: list[Sequence[str]] = []

    def run_child(command: Sequence[str], environment: Mapping[str, str], look: Callable[[], None] | None) -> int:
        commands.append(command)
        assert environment.get("_OPENROUTER_RUN_OTLP") in (None, "http://x")
        append_call(environment["_OPENROUTER_RUN_CALLS"], FIRST)
        if look is not None:
            look()
        append_call(environment["_OPENROUTER_RUN_CALLS"], SECOND)
        return 3

    monkeypatch.setattr(run, "run_child", run_child)
    monkeypatch.setattr(sys, "orig_argv", ["python", "-B", "-m", PACKAGE, "run", "..."])
    return commands


def test_table(programs: list[Sequence[str]], capsys: pytest.CaptureFixture[str]) -> None:
    """The table goes to standard error, the program gets its arguments, and its exit code is returned."""
    assert main(["run", "--otlp", "http://x", "app.py", "--json", "-m", "--", "x"]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("\nasked ")
    assert programs == [[sys.executable, "-B", "app.py", "--json", "-m", "--", "x"]]


def test_closed_standard_error(
    programs: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is printed to standard output in its place."""
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["run", "app.py"]) == 3
    assert capsys.readouterr().out == ""
    assert len(programs) == 1


def test_module(programs: list[Sequence[str]]) -> None:
    assert main(["run", "-m", "module", "-v"]) == 3
    assert programs == [[sys.executable, "-B", "-m", "module", "-v"]]


@pytest.mark.parametrize("live", [False, True])
def test_json(programs: list[Sequence[str]], capsys: pytest.CaptureFixture[str], *, live: bool) -> None:
    """With `--live` each call is a line, and the totals are the last one; otherwise all is one line."""
    assert main(["run", "--json", *(["--live"] * live), "app.py"]) == 3
    *calls, document = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [call["cost"] for call in (calls if live else document["calls"])] == [0.1, 0.2]
    assert ("calls" in document) is not live
    assert document["total"]["cost"] == 0.3


def test_live(programs: list[Sequence[str]], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--live", "app.py"]) == 3
    lines = capsys.readouterr().err.splitlines()
    assert [line[:2] for line in lines[:2]] == ["a,", "b,"]
    assert lines[2] == ""
    assert lines[3].startswith("by model")


def test_output(programs: list[Sequence[str]], capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The report may go to a file; one that cannot be written is an error before the program runs."""
    assert main(["run", "--json", "-o", str(tmp_path / "report"), "app.py"]) == 3
    assert json.loads((tmp_path / "report").read_text())["total"]["calls"] == 2
    assert capsys.readouterr().err == ""
    assert main(["run", "-o", str(tmp_path / "no" / "report"), "app.py"]) == 2
    assert "No such file" in capsys.readouterr().err
    assert len(programs) == 1


def test_without_the_extra(
    programs: list[Sequence[str]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line names the command that installs what is missing; the program does not run."""
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    assert main(["run", "--otlp", "http://x", "app.py"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "pip install 'opentelemetry-instrumentation-openrouter[cli]'" in line
    assert programs == []
    assert main(["run", "app.py"]) == 3


@pytest.mark.parametrize("flag", ["ignore_environment", "no_site"])
def test_flags(
    programs: list[Sequence[str]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, flag: str
) -> None:
    """An interpreter that imports no `sitecustomize` cannot be instrumented."""

    class Flags:
        ignore_environment = flag == "ignore_environment"
        no_site = flag == "no_site"

    monkeypatch.setattr(sys, "flags", Flags)
    assert main(["run", "app.py"]) == 2
    assert "-E, -I or -S" in capsys.readouterr().err
    assert programs == []


@pytest.mark.internal_error
def test_error_of_the_report(programs: list[Sequence[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of ours does not change the exit code."""

    def fail(*_: object, **__: object) -> Any:
        raise ValueError

    monkeypatch.setattr(f"{PACKAGE}._cli.report.print_tables", fail)
    assert main(["run", "app.py"]) == 3


@pytest.mark.parametrize("arguments", [[], ["run"], ["run", "-m"], ["walk"], ["run", "--jason", "app.py"]])
def test_wrong_arguments(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(arguments)
    assert exit_.value.code == 2
    assert "usage: python -m opentelemetry.instrumentation.openrouter" in capsys.readouterr().err


def test_main(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The module is executable, and importable without an effect."""
    monkeypatch.setattr(sys, "argv", [PACKAGE, "--version"])
    with pytest.raises(SystemExit) as exit_:
        runpy.run_module(PACKAGE, run_name="__main__", alter_sys=True)
    assert exit_.value.code == 0
    assert capsys.readouterr().out == f"{__version__}\n"
    runpy.run_module(f"{PACKAGE}.__main__", run_name="imported")


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["run", "--help"])
    assert "run [options] (app.py | -m module) [arguments ...]" in capsys.readouterr().out
