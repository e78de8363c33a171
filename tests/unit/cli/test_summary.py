"""Totals are exact, and a summary has a limit."""

from decimal import Decimal
from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._cli import summary as module
from opentelemetry.instrumentation.openrouter._cli.calls import Call
from opentelemetry.instrumentation.openrouter._cli.summary import Summary, Totals


def _call(start: int = 0, **values: Any) -> Call:
    return Call(str(start), 0.1, "chat", streamed=False, **values)


def test_totals_are_exact() -> None:
    """Costs are added as decimals; a call without a cost counts if it did not fail."""
    summary = Summary()
    for _ in range(10):
        summary.add(_call(cost=0.1, input_tokens=2, output_tokens=3))
    summary.add(_call(error="timeout"))
    summary.add(_call(cost=None))
    assert summary.total == Totals(12, 1, 20, 30, Decimal("1.0"), 1)


def test_no_cost_and_free() -> None:
    """No cost is not the same as zero."""
    summary = Summary()
    summary.add(_call())
    assert summary.total.cost is None
    summary.add(_call(cost=0))
    assert summary.total.cost == 0


def test_submission_of_a_job() -> None:
    """The cost of a job is that of its end."""
    summary = Summary()
    summary.add(Call("1", 0.1, "video", streamed=False))
    assert summary.total.without_cost == 0


def test_groups() -> None:
    """The highest cost is first; a group that no call has a value of is absent."""
    summary = Summary()
    summary.add(_call(requested_model="failed", error="e", session="s"))
    summary.add(_call(requested_model="x", response_model="cheap", cost=0.1))
    summary.add(_call(response_model="dear", cost=0.2))
    assert list(summary.groups) == ["model", "session"]
    assert [name for name, _ in summary.groups["model"]] == ["dear", "cheap", "failed"]
    assert [(name, totals.calls) for name, totals in summary.groups["session"]] == [(None, 2), ("s", 1)]


def test_calls_are_sorted_and_limited() -> None:
    """The newest calls are kept, by start."""
    summary = Summary(max_calls=2)
    for start in (1, 3, 2):
        summary.add(_call(start))
    assert [call.start for call in summary.calls] == ["2", "3"]
    assert summary.total.calls == 3


def test_groups_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Further groups are one."""
    monkeypatch.setattr(module, "_MAX_GROUPS", 2)
    summary = Summary()
    for user in "abcda":
        summary.add(_call(user=user))
    assert {name: totals.calls for name, totals in summary.groups["user"]} == {"a": 2, "b": 1, "(others)": 2}
