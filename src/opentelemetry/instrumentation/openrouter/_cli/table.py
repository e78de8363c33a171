"""Calls and their totals as rows of text; `report` prints them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Final

from .calls import Call
from .summary import OTHERS, Summary, Totals

MISSING: Final = "-"
_MAX_GROUPS: Final = 20
_MAX_TEXT: Final = 100
_MILLISECONDS_UP_TO: Final = 10


@dataclass(frozen=True)
class Table:
    """Rows of text below a head."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: frozenset[int]
    """The columns that are aligned at the right."""
    failed: frozenset[int] = frozenset()
    """The rows of calls that failed."""


@dataclass(frozen=True)
class _Column:
    title: str
    cell: Callable[[Call], str]
    is_right: bool = True
    is_optional: bool = False
    """Whether it is left out if no call has a value."""


def call_table(calls: Sequence[Call]) -> Table:
    """Return the table with one row a call."""
    columns = [
        column for column in _COLUMNS if not column.is_optional or any(column.cell(call) != MISSING for call in calls)
    ]
    return Table(
        [column.title for column in columns],
        [[column.cell(call) for column in columns] for call in calls],
        frozenset(number for number, column in enumerate(columns) if column.is_right),
        frozenset(number for number, call in enumerate(calls) if call.error is not None),
    )


def total_tables(summary: Summary) -> Iterable[Table]:
    """Yield a table of totals for each kind of group; the sum of all is the last row of the first one."""
    for number, (title, groups) in enumerate(summary.groups.items()):
        remaining = iter(groups)
        rows = [_total_row(_text(name), totals) for name, totals in islice(remaining, _MAX_GROUPS)]
        others = Totals()
        for _, totals in remaining:
            others.add_totals(totals)
        if others.calls:
            rows.append(_total_row(OTHERS, others))
        if not number:
            rows.append(_total_row("all", summary.total))
        yield Table([f"by {title}", "calls", "failed", "in", "out", "cost USD"], rows, frozenset({1, 2, 3, 4, 5}))


def call_line(call: Call) -> str:
    """Return one line that describes a call."""
    cost = MISSING if call.exact_cost is None else f"{_money(call.exact_cost)} USD"
    tokens = f"{_number(call.input_tokens)} in, {_number(call.output_tokens)} out"
    parts = [_requested(call), _text(call.provider), tokens, cost, _time(call.duration), _outcome(call)]
    return ", ".join(part for part in parts if part != MISSING)


def _total_row(name: str, totals: Totals) -> list[str]:
    counts = (totals.calls, totals.failed, totals.input_tokens, totals.output_tokens)
    return [name, *map(str, counts), _money(totals.cost)]


def _requested(call: Call) -> str:
    kind = "stream" if call.streamed else call.operation
    return _text(call.requested_model) + ("" if kind == "chat" else f" ({_text(kind)})")


def _outcome(call: Call) -> str:
    if call.error is not None:
        outcome = _text(call.error if not call.error_message else f"{call.error}: {call.error_message}")
    else:
        outcome = "left early" if call.cancelled else "ok"
    details = [f"attempt {call.attempts}"] if (call.attempts or 1) > 1 else []
    if call.retries:
        details.append("1 retry" if call.retries == 1 else f"{call.retries} retries")
    if call.response_cache == "HIT":
        details.append("response cache")
    return f"{outcome} ({', '.join(details)})" if details else outcome


def _text(value: str | None) -> str:
    """Return a text from a request or a response without what could control the terminal, and not too long."""
    if not value:
        return MISSING
    visible = "".join(character if character.isprintable() else " " for character in value[: _MAX_TEXT + 1])
    return visible if len(visible) <= _MAX_TEXT else visible[:_MAX_TEXT] + "..."


def _number(value: int | None) -> str:
    return MISSING if value is None else str(value)


def _money(cost: Decimal | None) -> str:
    return MISSING if cost is None else f"{cost.normalize():f}"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return MISSING
    return f"{seconds * 1000:.0f} ms" if seconds < _MILLISECONDS_UP_TO else f"{seconds:.1f} s"


_COLUMNS: Final[Sequence[_Column]] = (
    _Column("asked", _requested, is_right=False),
    _Column("answered", lambda call: _text(call.response_model), is_right=False),
    _Column("provider", lambda call: _text(call.provider), is_right=False),
    _Column("in", lambda call: _number(call.input_tokens)),
    _Column("cached", lambda call: _number(call.cached_tokens or None), is_optional=True),
    _Column("out", lambda call: _number(call.output_tokens)),
    _Column("cost USD", lambda call: _money(call.exact_cost)),
    _Column("first token", lambda call: _time(call.first_token), is_optional=True),
    _Column("duration", lambda call: _time(call.duration)),
    _Column("outcome", _outcome, is_right=False),
)
