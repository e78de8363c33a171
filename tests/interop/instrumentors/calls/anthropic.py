"""Calls with the Anthropic SDK, without and with the spans that the SDK makes itself."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from tests.anthropic_styles import CallingStyle, styles
from tests.telemetry import Telemetry

from . import SCENARIO, Call

_REQUEST: Final[dict[str, Any]] = {
    "model": "anthropic/claude-sonnet-4.5",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "Say hello."}],
}
_SUBJECTS: Final = {"messages": "without the SDK's spans", "traced": "with the SDK's spans"}


def calls(telemetry: Telemetry) -> Iterator[Call]:
    """Yield every calling style of the Messages API."""
    settings: Mapping[str, Any] = {
        "messages": {"traces": False},
        "traced": {"tracer_provider": telemetry.tracer_provider},
    }
    for endpoint, setting in settings.items():
        for streamed in (False, True):
            for name, style in styles(streamed=streamed, open_telemetry=setting).items():
                yield Call(endpoint, name, _group(endpoint, name, streamed), partial(_run, style))


def _run(style: CallingStyle, simulator: str) -> Any:
    return style(f"{simulator}/{SCENARIO}/api/v1", _REQUEST)


def _group(endpoint: str, style: str, streamed: bool) -> str:
    subject = _SUBJECTS[endpoint]
    if streamed:
        return f"{subject}: streams, helpers"
    return (
        f"{subject}: `with_streaming_response`, not streamed"
        if "streaming response" in style
        else f"{subject}: plain, parsed, raw"
    )
