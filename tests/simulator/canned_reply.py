"""A canned reply, independent of the endpoint; an `Endpoint` renders it as a body or as stream events.

This module has what all endpoints share: error statuses, keep-alive comments and blanks, pauses, broken connections.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

JSON = dict[str, Any]
LastChunk = Literal["null finish", "no choices", "repeated finish"]


class Cut:
    """In a body: the server breaks the connection here."""


@dataclass(frozen=True)
class Pause:
    """In a body: the server sends nothing for `seconds`."""

    seconds: float


Piece = bytes | Pause | Cut


@dataclass(frozen=True)
class Reply:
    """One HTTP response, as pieces of its body."""

    pieces: list[Piece]
    content_type: str = "application/json"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class CannedReply:
    """One reply of OpenRouter, independent of the endpoint and of streaming."""

    id: str = "gen-1762179802-UN8pkJI4AGZvryk0kFnb"
    model: str = "openai/gpt-4o-mini"
    provider: str | None = "OpenAI"
    deltas: tuple[JSON, ...] = ({"content": "Hel"}, {"content": "lo"})
    """The model's output as the deltas of a chat stream; `index` in a delta is its choice."""
    finish: Mapping[int, tuple[str, str | None]] = field(default_factory=lambda: {0: ("stop", "stop")})
    """For each choice, its finish reason and its native finish reason."""
    usage: JSON | None = None
    later_usage: tuple[JSON, ...] = ()
    """Usage objects of a chat stream after `usage`, each in a chunk without choices."""
    items: tuple[JSON, ...] = ()
    """More output items of the Responses API."""
    service_tier: str | None = None
    final: LastChunk = "repeated finish"
    """Which of the three recorded forms the chunk with the usage has."""
    keep_alive: int = 0
    """The number of comments before a stream, or of blank lines before a plain body."""
    pause: float = 0.0
    """Seconds between two chunks, and before a plain body."""
    cut_after: int | None = None
    """The number of deltas after which the server breaks the connection."""
    ends_after: int | None = None
    """The number of events after which a stream ends without an error, and without the rest."""
    has_cost_in_stream: bool = True
    """Whether a streamed message has its cost; OpenRouter documents it for whole messages only."""
    routing: JSON | None = None
    """The `openrouter_metadata` that the caller requested."""
    error: JSON | None = None
    """The `error` member of the body, with an error status or with 200; in a stream, of the last chunk."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    verbatim: Reply | None = None
    """Sent unchanged to any request."""

    def reply(self, endpoint: "Endpoint", *, stream: bool) -> Reply:
        """Return the HTTP response, streamed or plain."""
        if self.verbatim is not None:
            return self.verbatim
        headers = {"X-Generation-Id": self.id, **self.headers}
        if self.status != 200:  # noqa: PLR2004 - HTTP's OK
            render_error = getattr(endpoint, "error_body", None)
            body: JSON = {"error": self.error} if render_error is None else render_error(self)
            return Reply(
                [as_bytes({**body, "user_id": "user_canary", **self.metadata()})], status=self.status, headers=headers
            )
        if stream:
            return Reply(list(self._stream(endpoint)), "text/event-stream", headers=headers)
        pieces: list[Piece] = [b"\n         " for _ in range(self.keep_alive)]
        pieces += [Pause(self.pause)] if self.pause else []
        content = as_bytes(endpoint.body(self))
        if self.cut_after is not None:
            return Reply([*pieces, content[: len(content) // 2], Cut()], headers=headers)
        return Reply([*pieces, content], headers=headers)

    def metadata(self) -> JSON:
        """Return `openrouter_metadata` if the caller requested it."""
        return {} if self.routing is None else {"openrouter_metadata": self.routing}

    def _stream(self, endpoint: "Endpoint") -> Iterator[Piece]:
        names_events = getattr(endpoint, "names_events", False)
        yield from [b": OPENROUTER PROCESSING\n\n"] * self.keep_alive
        for position, event in enumerate(endpoint.events(self)):
            if position == self.cut_after:
                yield Cut()
                return
            if position == self.ends_after:
                return
            if self.pause:
                yield Pause(self.pause)
            name = b"event: " + event["type"].encode() + b"\n" if names_events else b""
            yield name + b"data: " + as_bytes(event) + b"\n\n"
        if not names_events:
            yield b"data: [DONE]\n\n"


class Endpoint(Protocol):
    """Renders a canned reply in the format of one endpoint.

    It may have `error_body`, which renders the body of an error, and `names_events`, if its events have names.
    """

    def body(self, canned: CannedReply) -> JSON:
        """Return the body of a plain response."""
        ...

    def events(self, canned: CannedReply) -> Iterator[JSON]:
        """Yield the data of each event of a streamed response."""
        ...


def usage(prompt: int, completion: int, cost: float, *, reasoning: int = 0, cached: int = 0, **more: Any) -> JSON:
    """Return a usage object as OpenRouter has sent it since 2026."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "cost": cost,
        "is_byok": False,
        "prompt_tokens_details": {
            "cached_tokens": cached,
            "cache_write_tokens": 0,
            "audio_tokens": 0,
            "video_tokens": 0,
        },
        "cost_details": {
            "upstream_inference_cost": cost,
            "upstream_inference_prompt_cost": 4e-05,
            "upstream_inference_completions_cost": 0.0001,
        },
        "completion_tokens_details": {"reasoning_tokens": reasoning, "image_tokens": 0, "audio_tokens": 0},
        **more,
    }


def as_bytes(value: object) -> bytes:
    """Return *value* as JSON bytes."""
    return json.dumps(value).encode()
