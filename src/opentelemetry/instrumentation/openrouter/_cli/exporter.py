"""A span exporter that prints a table of the calls when the program ends: `OTEL_TRACES_EXPORTER=openrouter_table`."""

import os
import sys
from collections.abc import Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from .calls import read_call
from .extra import missing_extra
from .summary import Summary

MAX_CALLS = 100
"""The number of calls that are kept; the totals count all."""


class TableExporter(SpanExporter):
    """Adds up the calls, and prints them to standard error at `shutdown()`. Each process prints its own."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._summary: Summary | None = Summary(MAX_CALLS)
        self._process = os.getpid()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Add the spans that are calls."""
        if self._process != os.getpid():  # a fork has the calls of its parent, too
            self._start()
        for span in spans:
            call = read_call(span)
            if call is not None and self._summary is not None:
                self._summary.add(call)
        return SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Print the table; only the first time, and not in a fork without calls."""
        summary, self._summary = self._summary, None
        is_closed = sys.stderr is None  # pyright: ignore[reportUnnecessaryComparison] - the typeshed has no None
        if summary is None or self._process != os.getpid() or is_closed:
            return
        missing = missing_extra()
        if missing is not None:
            print(missing, file=sys.stderr)
            return
        from .report import print_tables  # noqa: PLC0415 - needs a package of the extra

        print_tables(summary, sys.stderr)

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - the signature of the base class
        """There is nothing to flush before the end."""
        return True
