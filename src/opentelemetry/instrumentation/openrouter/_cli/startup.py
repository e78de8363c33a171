"""Instruments a process of the program that `run` runs, before the program starts.

The end of each span is observed, of whatever provider: the program may have one of its own, and another instrumentation
may have started the span of a call.
"""

import functools
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan, Span

from .. import OpenRouterInstrumentor
from .._config import PREFIX
from .._guard import guarded
from .call_file import append_call
from .calls import read_call
from .default_provider import DefaultProvider
from .environment import CALLS_VARIABLE, OTLP_VARIABLE


@guarded
def start() -> None:
    """Instrument this process, if a `run` has started it."""
    path, otlp = os.environ.get(CALLS_VARIABLE), os.environ.get(OTLP_VARIABLE)
    if path is None:
        return
    receivers: list[Callable[[ReadableSpan], None]] = [_receiver(path)]
    options: dict[str, Any] = {}
    if otlp is not None:
        from .otlp import export_to  # noqa: PLC0415 - imports an HTTP library

        on_end, options["meter_provider"] = export_to(otlp)
        receivers.append(on_end)
    observe_ends(receivers)
    DefaultProvider().install()
    instrument_process(**options)


def instrument_process(**options: Any) -> None:
    """Instrument with the options of the environment variables, and *options*."""
    # As `register()` does, so that the options of a later `instrument()` in the program are added to these. The
    # dialects are those of the variable, because `register()` has others by default.
    dialects = os.environ.get(f"{PREFIX}DIALECTS", "")
    OpenRouterInstrumentor().instrument_registered(dialects=dialects, **options)


def observe_ends(receivers: list[Callable[[ReadableSpan], None]]) -> None:
    """Call the receivers with each span that has ended, of all providers of the SDK."""
    end = Span.end
    guarded_receivers = [guarded(receive) for receive in receivers]

    @functools.wraps(end)
    def end_and_receive(self: Span, *args: Any, **kwargs: Any) -> None:
        was_recording = self.is_recording()
        end(self, *args, **kwargs)
        if was_recording:
            for receive in guarded_receivers:
                receive(self)

    Span.end = end_and_receive


def _receiver(path: str) -> Callable[[ReadableSpan], None]:
    """Return a receiver that leaves the calls in the file."""

    def leave_call(span: ReadableSpan) -> None:
        call = read_call(span)
        if call is not None:
            with suppress(FileNotFoundError):  # the process has outlived `run`
                append_call(path, call)

    return leave_call
