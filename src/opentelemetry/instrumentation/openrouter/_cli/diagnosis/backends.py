"""What a backend does not show: its dialect is off, or content is off or goes to an event without an exporter."""

import os
from collections.abc import Iterable
from typing import Final

from ..._config import CAPTURE_VARIABLE, Settings, variable_of
from ..._telemetry.dialects import DIALECTS
from .configuration_file import ConfigurationFile
from .exporters import Destination, has_exporter
from .findings import Cause, Findings, note, problem, warning

# Parts of a host that are not the name of the dialect.
_HOSTS: Final = {":6006": "phoenix", "smith.langchain.com": "langsmith", "pydantic.dev": "logfire"}
_PHOENIX: Final = "PHOENIX_"
_CONTENT_ON: Final = {
    "TRACELOOP_TRACE_CONTENT": "true",
    "OPENINFERENCE_HIDE_INPUTS": "false",
    "OPENINFERENCE_HIDE_OUTPUTS": "false",
    "OPENINFERENCE_HIDE_INPUT_MESSAGES": "false",
    "OPENINFERENCE_HIDE_OUTPUT_MESSAGES": "false",
}
"""Variables of other instrumentations, with the value that selects content."""
_OFFICIAL: Final = ("OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT", "OTEL_INSTRUMENTATION_GENAI_UPLOAD_BASE_PATH")
"""Variables of the official instrumentations that have an effect on content only."""


def check_dialects(settings: Settings, destinations: Iterable[Destination]) -> Findings:
    """Check that the dialect of each backend that can be recognized is on."""
    backends = {backend: each.host for each in destinations for backend in [_backend(each.host)] if backend}
    if any(name.startswith(_PHOENIX) for name in os.environ):
        backends.setdefault("phoenix", f"the variables {_PHOENIX}...")
    for backend, reason in backends.items():
        if backend not in settings.dialects:
            yield warning(
                Cause.MISSING_DIALECT,
                f"The backend seems to be {backend} ({reason}), which reads attributes that only its dialect adds: set "
                f"{variable_of('dialects')}={','.join([*settings.dialects, backend])}",
            )
    if "phoenix" in backends:
        yield note(
            "the cost column of Phoenix is its own estimate; examples/phoenix_costs.py adds the charged cost to a span"
        )


def _backend(host: str) -> str | None:
    by_part = next((backend for part, backend in _HOSTS.items() if part in host), None)
    return by_part or next((backend for backend in DIALECTS if backend in host), None)


def check_content(settings: Settings, file: ConfigurationFile | None) -> Findings:
    """Check that content that seems to be wanted is recorded."""
    selected = [name for name, value in _CONTENT_ON.items() if os.environ.get(name, "").strip().lower() == value] + [
        name for name in _OFFICIAL if os.environ.get(name)
    ]
    if settings.capture is None and selected:
        yield warning(
            Cause.CONTENT_OFF,
            f"{selected[0]} selects content for another instrumentation, but this one records none: set "
            f"{CAPTURE_VARIABLE}=span_only to record it.",
        )
    capture = settings.capture
    if capture is not None and capture.on_event and not capture.on_span and not has_exporter("logs", file):
        yield problem(
            Cause.CONTENT_WITHOUT_LOGS,
            "Content goes to the event only, and no log exporter is set up, so no content is exported: set "
            f"OTEL_LOGS_EXPORTER, or {CAPTURE_VARIABLE}=span_only.",
        )
