"""Calls with the OpenAI SDK."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from tests.calling_styles import STREAMED_STYLES, CallingStyle, styles_of
from tests.telemetry import Telemetry

from . import EMBEDDING, SCENARIO, Call

_REQUESTS: Final[Mapping[str, dict[str, Any]]] = {
    "chat": {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "Say hello."}]},
    "completions": {"model": "openai/gpt-4o-mini", "prompt": "Say hello."},
    "responses": {"model": "openai/gpt-4o-mini", "input": "Say hello."},
    "embeddings": {"model": "openai/gpt-4o-mini", "input": "hello"},
}
_TITLES: Final = {
    "chat": "chat, text completions: plain, parsed, raw",
    "completions": "chat, text completions: plain, parsed, raw",
    "responses": "Responses: plain, parsed, raw",
    "embeddings": "embeddings: plain, raw",
}


def calls(_: Telemetry) -> Iterator[Call]:
    """Yield every calling style of each endpoint that the instrumentors know."""
    for endpoint, request in _REQUESTS.items():
        for styles in styles_of(endpoint):
            for name, style in styles.items():
                if endpoint != "embeddings" or name not in STREAMED_STYLES:
                    run = partial(_run, style, request)
                    expected: dict[str, Any] = EMBEDDING if endpoint == "embeddings" else {}
                    yield Call(endpoint, name, _group(endpoint, name), run, **expected)


def _run(style: CallingStyle, request: dict[str, Any], simulator: str) -> Any:
    return style(f"{simulator}/{SCENARIO}/api/v1", request)


def _group(endpoint: str, style: str) -> str:
    title = _TITLES[endpoint]
    subject = title.partition(":")[0]
    if style in STREAMED_STYLES:
        return f"{subject}: streams, helpers"
    return f"{subject}: `with_streaming_response`, not streamed" if "streaming response" in style else title
