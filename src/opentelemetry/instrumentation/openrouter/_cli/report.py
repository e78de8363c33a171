"""Prints a summary: as tables, in colour on a terminal and as plain text elsewhere, or as JSON."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from io import StringIO
from typing import Any, Final, TextIO

from rich.box import SIMPLE_HEAD, Box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from .calls import Call, call_to_json
from .summary import Summary, Totals
from .table import Table, call_line, call_table, total_tables

MAX_CALLS: Final = 100
"""The number of calls that the table lists."""
_PLAIN: Final = Box("    \n    \n -- \n    \n    \n    \n    \n    \n", ascii=True)
"""A line of dashes below the head, and no other line."""
_WIDE: Final = 10_000
"""The width of a text that is not for a terminal: no line is broken."""
_NO_CALLS: Final = (
    "No call to OpenRouter was recorded. Calls to another base URL are traced if it is in "
    "OTEL_INSTRUMENTATION_OPENROUTER_BASE_URLS."
)


def print_tables(summary: Summary, stream: TextIO, *, with_calls: bool = True, in_notebook: bool = False) -> None:
    """Print the calls and the totals.

    Args:
        summary: the calls.
        stream: where to print.
        with_calls: false if the calls have been printed before.
        in_notebook: print the tables as outputs of the cell, if the process is the kernel of a notebook.
    """
    if not summary.total.calls:
        print(_NO_CALLS, file=stream, flush=True)
        return
    calls = summary.calls[-MAX_CALLS:] if with_calls else []
    if calls:
        _print_tables([call_table(calls), *total_tables(summary)], stream, in_notebook=in_notebook)
    else:
        _print_tables(total_tables(summary), stream, in_notebook=in_notebook)
    if calls and summary.total.calls > len(calls):
        print(f"\nThe newest {len(calls)} of {summary.total.calls} calls are listed.", file=stream)
    if summary.total.without_cost:
        print(f"\nCalls without an error and without a cost: {summary.total.without_cost}.", file=stream)
    stream.flush()


def print_json(summary: Summary, stream: TextIO, *, with_calls: bool = True) -> None:
    """Print the calls, unless they have been printed before, and the totals, as one JSON object on one line."""
    document: dict[str, Any] = {"calls": [asdict(call) for call in summary.calls]} if with_calls else {}
    document["total"] = _plain_totals(summary.total)
    for title, groups in summary.groups.items():
        document[f"by_{title}"] = [{title: name, **_plain_totals(totals)} for name, totals in groups]
    print(json.dumps(document), file=stream, flush=True)


def print_call(call: Call, stream: TextIO, *, as_json: bool) -> None:
    """Print one call that has just ended, as one line."""
    print(call_to_json(call) if as_json else call_line(call), file=stream, flush=True)


def _plain_totals(totals: Totals) -> dict[str, Any]:
    return {**asdict(totals), "cost": None if totals.cost is None else float(totals.cost)}


def _print_tables(tables: Iterable[Table], stream: TextIO, *, in_notebook: bool) -> None:
    # In a kernel rich ignores `file`, and displays what it prints, unless `force_jupyter` is false.
    is_kernel = None if in_notebook else False
    console = Console(file=stream, highlight=False, markup=False, emoji=False, force_jupyter=is_kernel)
    for number, table in enumerate(tables):
        if number:
            print(file=stream)
        if console.is_jupyter:
            console.print(_rich_table(table, SIMPLE_HEAD), width=_WIDE)
        elif console.is_terminal:
            console.print(_rich_table(table, SIMPLE_HEAD))
        else:
            text = StringIO()
            plain = Console(file=text, width=_WIDE, color_system=None, force_jupyter=False)
            plain.print(_rich_table(table, _PLAIN))
            print(*(line.rstrip() for line in text.getvalue().splitlines()), sep="\n", file=stream)


def _rich_table(table: Table, box: Box) -> RichTable:
    rich = RichTable(box=box, show_edge=False, pad_edge=False, padding=(0, 1, 0, 0))
    for number, title in enumerate(table.head):
        is_right = number in table.right
        rich.add_column(title, justify="right" if is_right else "left", no_wrap=is_right, overflow="fold")
    for number, row in enumerate(table.rows):
        rich.add_row(*map(Text, row), style="red" if number in table.failed else None)
    return rich
