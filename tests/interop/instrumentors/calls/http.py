"""Calls with httpx, httpx2, requests and aiohttp."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from tests.http_calling_styles import EVENTS, NON_STREAMED, READ, Style
from tests.telemetry import Telemetry

from . import SCENARIO, Call

_REQUEST: Final[dict[str, Any]] = {
    "model": "openai/gpt-4o-mini",
    "messages": [{"role": "user", "content": "Say hello."}],
}


def calls(_: Telemetry) -> Iterator[Call]:
    """Yield every way of reading a response, a whole one and a stream."""
    for name, style in {**NON_STREAMED, **READ}.items():
        yield Call(name, "plain", "plain", partial(_run, style, _REQUEST))
    for name, style in {**READ, **EVENTS}.items():
        yield Call(name, "stream", "streams", partial(_run, style, {**_REQUEST, "stream": True}))


def _run(style: Style, body: dict[str, Any], simulator: str) -> Any:
    return style(f"{simulator}/{SCENARIO}/api/v1/chat/completions", body)
