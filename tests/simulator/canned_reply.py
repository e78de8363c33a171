"""One answer of OpenRouter, whichever endpoint is asked for it; a `Wire` turns it into a body or into events.

What is common to all endpoints stands here: error statuses, comments and blanks that keep alive, pauses, breaks.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

JSON = dict[str, Any]
LastChunk = Literal["null finish", "no choices", "repeated finish"]


class Cut:
    """In a body: the connection breaks here."""


@dataclass(frozen=True)
class Pause:
    """In a body: nothing comes for so many seconds."""

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
    """One answer of OpenRouter, whichever way it is asked for."""

    id: str = "gen-1762179802-UN8pkJI4AGZvryk0kFnb"
    model: str = "openai/gpt-4o-mini"
    provider: str | None = "OpenAI"
    deltas: tuple[JSON, ...] = ({"content": "Hel"}, {"content": "lo"})
    """What the model says, piece by piece, as chat streams it; `index` in a delta is its choice."""
    finish: Mapping[int, tuple[str, str | None]] = field(default_factory=lambda: {0: ("stop", "stop")})
    """For each choice its finish reason and the native one."""
    usage: JSON | None = None
    service_tier: str | None = None
    final: LastChunk = "repeated finish"
    """Which of the three recorded shapes the chunk with the usage has."""
    keep_alive: int = 0
    """So many comments before a stream, so many blanks before a whole answer."""
    pause: float = 0.0
    """Seconds between two chunks, and before a whole answer."""
    cut_after: int | None = None
    """The connection breaks after so many deltas."""
    routing: JSON | None = None
    """The `openrouter_metadata` that the caller asked for."""
    error: JSON | None = None
    """The `error` member: of the body with an error status, or with 200; in a stream, of its last chunk."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    verbatim: Reply | None = None
    """Sent as it is, whatever was asked."""

    def reply(self, wire: "Wire", *, stream: bool) -> Reply:
        """The HTTP response to a request that asked for a stream, or did not."""
        if self.verbatim is not None:
            return self.verbatim
        headers = {"X-Generation-Id": self.id, **self.headers}
        if self.status != 200:  # noqa: PLR2004 - HTTP's OK
            body: JSON = {"error": self.error, "user_id": "user_canary", **self.metadata()}
            return Reply([as_bytes(body)], status=self.status, headers=headers)
        if stream:
            return Reply(list(self._stream(wire)), "text/event-stream", headers=headers)
        pieces: list[Piece] = [b"\n         " for _ in range(self.keep_alive)]
        pieces += [Pause(self.pause)] if self.pause else []
        content = as_bytes(wire.whole(self))
        if self.cut_after is not None:
            return Reply([*pieces, content[: len(content) // 2], Cut()], headers=headers)
        return Reply([*pieces, content], headers=headers)

    def metadata(self) -> JSON:
        """`openrouter_metadata`, where it was asked for."""
        return {} if self.routing is None else {"openrouter_metadata": self.routing}

    def _stream(self, wire: "Wire") -> Iterator[Piece]:
        yield from [b": OPENROUTER PROCESSING\n\n"] * self.keep_alive
        for position, event in enumerate(wire.events(self)):
            if position == self.cut_after:
                yield Cut()
                return
            if self.pause:
                yield Pause(self.pause)
            yield b"data: " + as_bytes(event) + b"\n\n"
        yield b"data: [DONE]\n\n"


class Wire(Protocol):
    """How one endpoint says an exchange."""

    def whole(self, exchange: CannedReply) -> JSON:
        """The body of a plain answer."""
        ...

    def events(self, exchange: CannedReply) -> Iterator[JSON]:
        """The data of each event of a streamed answer."""
        ...


def usage(prompt: int, completion: int, cost: float, *, reasoning: int = 0, cached: int = 0, **more: Any) -> JSON:
    """A usage object as OpenRouter sends it since 2026."""
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
    """JSON as it goes on the wire."""
    return json.dumps(value).encode()
