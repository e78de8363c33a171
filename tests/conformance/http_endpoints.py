"""The requests that an HTTP library sends: each path of OpenRouter, with and without a stream, and paths of no call."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.simulator.jobs import BATCH_ID, VIDEO_ID

_MODEL: Final = "openai/gpt-4o-mini"
_MESSAGES: Final = [{"role": "user", "content": "Say hello."}]


@dataclass(frozen=True)
class HTTPEndpoint:
    """One path with one body."""

    path: str
    body: Mapping[str, Any] = field(default_factory=dict[str, Any])
    method: str = "POST"
    is_covered: bool = True
    """Whether its requests are traced."""
    has_all_patterns: bool = False
    """Whether it is combined with all ways of reading, and all options."""
    is_form: bool = False


_CHAT: Final = {"model": _MODEL, "messages": _MESSAGES}
_RESPONSES: Final = {"model": _MODEL, "input": "Say hello."}
_ANTHROPIC: Final = {**_CHAT, "max_tokens": 300}
_DECISIONS: Final = {"model": _MODEL, "state": "It rains.", "questions": {"wet": {"type": "score", "criteria": []}}}
_STREAM: Final = {"stream": True}

HTTP_ENDPOINTS: Final[Mapping[str, HTTPEndpoint]] = {
    "chat": HTTPEndpoint("/chat/completions", _CHAT, has_all_patterns=True),
    "chat, streamed": HTTPEndpoint("/chat/completions", {**_CHAT, **_STREAM}, has_all_patterns=True),
    "chat, with a query": HTTPEndpoint("/chat/completions?debug=1", _CHAT),
    "completions": HTTPEndpoint("/completions", {"model": _MODEL, "prompt": "Say hello."}),
    "responses": HTTPEndpoint("/responses", _RESPONSES),
    "responses, streamed": HTTPEndpoint("/responses", {**_RESPONSES, **_STREAM}),
    "messages": HTTPEndpoint("/messages", _ANTHROPIC),
    "messages, streamed": HTTPEndpoint("/messages", {**_ANTHROPIC, **_STREAM}),
    "embeddings": HTTPEndpoint("/embeddings", {"model": _MODEL, "input": ["hello", "there"]}),
    "rerank": HTTPEndpoint("/rerank", {"model": _MODEL, "query": "q", "documents": ["a", "b"]}),
    "images": HTTPEndpoint("/images", {"model": _MODEL, "prompt": "A dot"}),
    "images, streamed": HTTPEndpoint("/images/generations", {"model": _MODEL, "prompt": "A dot", **_STREAM}),
    "speech": HTTPEndpoint(
        "/audio/speech", {"model": _MODEL, "input": "Hello", "voice": "alloy"}, has_all_patterns=True
    ),
    "transcription": HTTPEndpoint("/audio/transcriptions", {"model": _MODEL}, is_form=True),
    "decisions": HTTPEndpoint("/systemone", _DECISIONS),
    "video": HTTPEndpoint("/videos", {"model": _MODEL, "prompt": "A dot"}),
    "video, polled": HTTPEndpoint(f"/videos/{VIDEO_ID}", method="GET"),
    "batch": HTTPEndpoint("/batches", {"model": _MODEL, "requests": []}),
    "batch, polled": HTTPEndpoint(f"/batches/{BATCH_ID}", method="GET"),
    "get of a covered path": HTTPEndpoint("/chat/completions", method="GET", is_covered=False),
    "models": HTTPEndpoint("/models", method="GET", is_covered=False),
    "another path": HTTPEndpoint("/credits", _CHAT, is_covered=False),
}
