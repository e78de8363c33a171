"""Whether the instrumentation will be enabled, and whether it is enabled in this process.

The process is the program's own if `opentelemetry-instrument` has started the doctor, or if a program calls it.
"""

import sys
from importlib.metadata import entry_points
from typing import Final

from opentelemetry.trace import ProxyTracerProvider, get_tracer_provider

from ... import OpenRouterInstrumentor
from ..extra import DISTRIBUTION, PACKAGE
from .configuration_file import ConfigurationFile
from .findings import Cause, Findings, note, ok, problem
from .instrumentors import disabled_names

AUTO: Final = "opentelemetry.instrumentation.auto_instrumentation"
"""Imported in each process that `opentelemetry-instrument` starts, before the program."""
_GROUP: Final = "opentelemetry_instrumentor"


def check_entry_point(file: ConfigurationFile | None) -> Findings:
    """Check what `opentelemetry-instrument` loads."""
    entries = [entry for entry in entry_points(group=_GROUP) if entry.name == "openrouter"]
    if not entries:
        yield problem(
            Cause.NO_ENTRY_POINT,
            f"opentelemetry-instrument does not find the instrumentation, because its entry point is not installed: "
            f"install {DISTRIBUTION} with pip, or call OpenRouterInstrumentor().instrument() in the program.",
        )
    elif not {"openrouter", "*"}.intersection(disabled_names()):
        yield ok("opentelemetry-instrument loads the instrumentation")
    elif file is not None and file.options is not None:
        yield ok("the configuration file loads the instrumentation")
    else:
        yield problem(
            Cause.DISABLED,
            "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS disables the instrumentation: remove openrouter or * from it.",
        )


def check_process() -> Findings:
    """Check the state of this process, if it is that of a program."""
    instrumentor = OpenRouterInstrumentor()
    is_enabled = instrumentor.is_instrumented_by_opentelemetry
    if AUTO not in sys.modules and not is_enabled and not instrumentor.was_uninstrumented:
        yield note(
            "nothing is set up in this process; to check what opentelemetry-instrument sets up, run: "
            f"opentelemetry-instrument python -m {PACKAGE} doctor"
        )
        return
    if is_enabled:
        yield ok("the instrumentation is enabled in this process")
    else:
        reason = "uninstrument() has disabled it" if instrumentor.was_uninstrumented else "nothing has loaded it"
        yield problem(
            Cause.NOT_ENABLED,
            f"The instrumentation is off in this process, because {reason}: "
            "call OpenRouterInstrumentor().instrument().",
        )
    provider = get_tracer_provider()
    if isinstance(provider, ProxyTracerProvider):
        yield problem(
            Cause.NO_PROVIDER,
            "No tracer provider is set in this process, so no span is recorded: call "
            "trace.set_tracer_provider(...), or start the program with opentelemetry-instrument.",
        )
    else:
        yield ok(f"the tracer provider of this process is {type(provider).__module__}.{type(provider).__name__}")
