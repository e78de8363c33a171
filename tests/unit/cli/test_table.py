"""Rows of text for calls and totals."""

from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._cli import table as module
from opentelemetry.instrumentation.openrouter._cli.calls import Call
from opentelemetry.instrumentation.openrouter._cli.summary import Summary
from opentelemetry.instrumentation.openrouter._cli.table import call_line, call_table, total_tables


def _call(operation: str = "chat", *, streamed: bool = False, duration: float = 0.0521, **values: Any) -> Call:
    return Call("1", duration, operation, streamed, **values)


def test_rows() -> None:
    """Each column has its format; a failed call is marked."""
    table = call_table(
        [
            _call(
                requested_model="a",
                response_model="a-1",
                provider="P",
                input_tokens=0,
                cached_tokens=5,
                output_tokens=20,
                cost=7.1e-06,
            ),
            _call(streamed=True, first_token=0.0444, duration=12.34, cancelled=True, cost=0),
            _call("embeddings", requested_model="e", error="timeout", error_message="too late", cost=10.0),
        ]
    )
    assert table.head == [
        *("asked", "answered", "provider", "in", "cached", "out"),
        *("cost USD", "first token", "duration", "outcome"),
    ]
    assert table.rows == [
        ["a", "a-1", "P", "0", "5", "20", "0.0000071", "-", "52 ms", "ok"],
        ["- (stream)", "-", "-", "-", "-", "-", "0", "44 ms", "12.3 s", "left early"],
        ["e (embeddings)", "-", "-", "-", "-", "-", "10", "-", "52 ms", "timeout: too late"],
    ]
    assert table.right == {3, 4, 5, 6, 7, 8}
    assert table.failed == {2}


def test_optional_columns() -> None:
    """A column without values is left out."""
    table = call_table([_call(cached_tokens=0)])
    assert table.head == ["asked", "answered", "provider", "in", "out", "cost USD", "duration", "outcome"]
    assert table.right == {3, 4, 5, 6}


@pytest.mark.parametrize(
    ("values", "outcome"),
    [
        ({"error": "timeout"}, "timeout"),
        ({"attempts": 1, "retries": 0, "response_cache": "MISS"}, "ok"),
        ({"attempts": 3, "retries": 1, "response_cache": "HIT"}, "ok (attempt 3, 1 retry, response cache)"),
        ({"error": "timeout", "retries": 2}, "timeout (2 retries)"),
    ],
)
def test_outcome(values: dict[str, Any], outcome: str) -> None:
    assert call_table([_call(**values)]).rows[0][-1] == outcome


def test_hostile_text() -> None:
    """A text from a response does not control the terminal, and is not too long."""
    table = call_table([_call(requested_model="a\x1b[2J\nb", response_model="x" * 101, provider="y" * 100)])
    assert table.rows[0][:3] == ["a [2J b", "x" * 100 + "...", "y" * 100]


def test_totals(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first table ends with the sum of all; the groups after the first ones are one row."""
    monkeypatch.setattr(module, "_MAX_GROUPS", 2)
    summary = Summary()
    for number in range(4):
        summary.add(_call(requested_model=f"m{number}", cost=0.1 * (4 - number), input_tokens=1, provider="P"))
    model, provider = total_tables(summary)
    assert model.head == ["by model", "calls", "failed", "in", "out", "cost USD"]
    assert model.rows == [
        ["m0", "1", "0", "1", "0", "0.4"],
        ["m1", "1", "0", "1", "0", "0.30000000000000004"],
        ["(others)", "2", "0", "2", "0", "0.3"],
        ["all", "4", "0", "4", "0", "1.00000000000000004"],
    ]
    assert provider.rows == [["P", "4", "0", "4", "0", "1.00000000000000004"]]


def test_line() -> None:
    """One line has what is known."""
    assert call_line(_call(requested_model="a", provider="P", input_tokens=1, output_tokens=2, cost=0.5)) == (
        "a, P, 1 in, 2 out, 0.5 USD, 52 ms, ok"
    )
    assert call_line(_call(requested_model="a", error="timeout")) == "a, - in, - out, 52 ms, timeout"
