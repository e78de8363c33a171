"""For notebooks: `record_costs()` enables the instrumentation and adds up the calls, `show_costs()` prints them.

Both need the extra `cli`. A cell that calls them may run again.
"""

import functools
import sys
from threading import Lock
from typing import Any

from . import OpenRouterInstrumentor
from ._cli.calls import read_call
from ._cli.extra import missing_extra
from ._cli.summary import Summary

__all__ = ["record_costs", "show_costs"]

_MAX_CALLS = 100
"""The number of calls that are kept; the totals count all."""


def record_costs() -> None:
    """Enable the instrumentation, unless it is enabled, and add up the calls of this process from now on.

    The options are those of the environment variables and of `instrument()`, before or after it. Without a tracer
    provider one is set, until the program sets its own.

    Raises:
        ImportError: a package of the extra `cli` is missing.
    """
    missing = missing_extra()
    if missing is not None:
        raise ImportError(missing)
    from ._cli.default_provider import DefaultProvider  # noqa: PLC0415 - needs a package of the extra
    from ._cli.startup import instrument_process  # noqa: PLC0415 - as above

    _recorded()
    DefaultProvider().install()
    if not OpenRouterInstrumentor().is_instrumented_by_opentelemetry:
        instrument_process()


def show_costs() -> None:
    """Print a table of the calls since the first `record_costs()`, and exact totals.

    Raises:
        RuntimeError: `record_costs()` was not called.
    """
    if not _recorded.cache_info().currsize:
        raise RuntimeError("Call record_costs() before the calls to OpenRouter, then show_costs().")
    from ._cli.report import print_tables  # noqa: PLC0415 - needs a package of the extra

    summary, lock = _recorded()
    with lock:
        print_tables(summary, sys.stdout, in_notebook=True)


@functools.cache
def _recorded() -> tuple[Summary, Lock]:
    """Observe the calls, once per process; return their summary, and the lock of its readers and writers."""
    from ._cli.startup import observe_ends  # noqa: PLC0415 - needs a package of the extra

    summary, lock = Summary(_MAX_CALLS), Lock()

    def add(span: Any) -> None:
        call = read_call(span)
        if call is not None:
            with lock:
                summary.add(call)

    observe_ends([add])
    return summary, lock
