"""What is printed: tables, notes and JSON."""

import builtins
import io
import json
from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._cli import report
from opentelemetry.instrumentation.openrouter._cli.calls import Call
from opentelemetry.instrumentation.openrouter._cli.report import print_call, print_json, print_tables
from opentelemetry.instrumentation.openrouter._cli.summary import Summary


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


def _call(start: int = 1, **values: Any) -> Call:
    values = {"requested_model": "a", "cost": 0.1, **values}
    return Call(str(start), 0.05, "chat", streamed=False, **values)


def _summary(*calls: Call) -> Summary:
    summary = Summary()
    for call in calls:
        summary.add(call)
    return summary


def _printed(summary: Summary, **options: Any) -> list[str]:
    stream = io.StringIO()
    print_tables(summary, stream, **options)
    return stream.getvalue().splitlines()


def test_plain() -> None:
    """Text that is not for a terminal has no colours, no broken lines and no trailing spaces."""
    assert _printed(_summary(_call(), _call(2, requested_model="[red]" + "x" * 90, error="e"))) == [
        "asked" + " " * 92 + "answered  provider  in  out  cost USD  duration  outcome",
        "-" * 153,
        "a" + " " * 96 + "-         -          -    -       0.1     50 ms  ok",
        "[red]" + "x" * 90 + "  -         -          -    -       0.1     50 ms  e",
        "",
        "by model" + " " * 89 + "calls  failed  in  out  cost USD",
        "-" * 129,
        "[red]" + "x" * 90 + "      1       1   0    0       0.1",
        "a" + " " * 96 + "    1       0   0    0       0.1",
        "all" + " " * 94 + "    2       1   0    0       0.2",
    ]


def test_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the kernel of a notebook the text goes to the stream, too."""
    expected = _printed(_summary(_call()))
    monkeypatch.setattr(builtins, "get_ipython", type("ZMQInteractiveShell", (), {}), raising=False)
    assert _printed(_summary(_call())) == expected


def test_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal gets colours, and its lines are as wide as it is."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "60")
    stream = Terminal()
    print_tables(_summary(_call(requested_model="x" * 80, error="e")), stream)
    assert "\x1b[31m" in stream.getvalue()
    assert "x" * 80 not in stream.getvalue()


def test_no_calls() -> None:
    """A program without calls gets the reason that is the most frequent one."""
    (line,) = _printed(Summary())
    assert "OTEL_INSTRUMENTATION_OPENROUTER_BASE_URLS" in line


def test_without_calls() -> None:
    """After `--live` the totals remain."""
    lines = _printed(_summary(_call()), with_calls=False)
    assert lines[0].startswith("by model")


def test_notes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls that are not listed, and calls without a cost, are counted."""
    monkeypatch.setattr(report, "MAX_CALLS", 1)
    lines = _printed(_summary(_call(1), _call(2, requested_model="b", cost=None)))
    assert lines[2].startswith("b ")
    assert "The newest 1 of 2 calls are listed." in lines
    assert lines[-1] == "Calls without an error and without a cost: 1."


def test_json() -> None:
    """One line, with numbers as numbers."""
    stream = io.StringIO()
    print_json(_summary(_call(user="u"), _call(2, cost=0.2)), stream)
    document = json.loads(stream.getvalue())
    assert [call["cost"] for call in document["calls"]] == [0.1, 0.2]
    totals = {"calls": 2, "failed": 0, "input_tokens": 0, "output_tokens": 0, "cost": 0.3, "without_cost": 0}
    assert document["total"] == totals
    assert document["by_model"] == [{"model": "a", **totals}]
    assert [group["user"] for group in document["by_user"]] == [None, "u"]
    stream = io.StringIO()
    print_json(Summary(), stream, with_calls=False)
    assert json.loads(stream.getvalue()) == {"total": {**totals, "calls": 0, "cost": None}}


def test_call() -> None:
    stream = io.StringIO()
    print_call(_call(), stream, as_json=False)
    print_call(_call(), stream, as_json=True)
    text, line = stream.getvalue().splitlines()
    assert text == "a, - in, - out, 0.1 USD, 50 ms, ok"
    assert json.loads(line)["cost"] == 0.1
