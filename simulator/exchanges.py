"""What the simulator answers: one `Exchange` a scenario, from which both the whole answer and the stream are made.

The shapes are those of recorded answers (2025-10 to 2026-09) and of https://openrouter.ai/docs/api/reference/overview,
streaming and errors-and-debugging; the contents are invented.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

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
class Exchange:
    """One answer of OpenRouter, whichever way it is asked for."""

    id: str = "gen-1762179802-UN8pkJI4AGZvryk0kFnb"
    model: str = "openai/gpt-4o-mini"
    provider: str | None = "OpenAI"
    deltas: tuple[JSON, ...] = ({"content": "Hel"}, {"content": "lo"})
    """What the model says, piece by piece; `index` in a delta is its choice."""
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
    error: JSON | None = None
    """The `error` member: of the body with an error status, or with 200; in a stream, of its last chunk."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    verbatim: Reply | None = None
    """Sent as it is, whatever was asked."""

    def reply(self, *, stream: bool) -> Reply:
        """The HTTP response to a request that asked for a stream, or did not."""
        if self.verbatim is not None:
            return self.verbatim
        headers = {"X-Generation-Id": self.id, **self.headers}
        if self.status != 200:  # noqa: PLR2004 - HTTP's OK
            return Reply([_json({"error": self.error, "user_id": "user_canary"})], status=self.status, headers=headers)
        if stream:
            return Reply(list(self._events()), "text/event-stream", headers=headers)
        pieces: list[Piece] = [b"\n         " for _ in range(self.keep_alive)]
        pieces += [Pause(self.pause)] if self.pause else []
        body = _json(self.whole())
        if self.cut_after is not None:
            return Reply([*pieces, body[: len(body) // 2], Cut()], headers=headers)
        return Reply([*pieces, body], headers=headers)

    def whole(self) -> JSON:
        """The body of a plain answer."""
        if self.error is not None and self.usage is None:
            return {"id": self.id, "error": self.error}
        choices = [
            {
                "logprobs": None,
                "finish_reason": reason,
                "native_finish_reason": native,
                "index": index,
                "message": self._message(index),
            }
            for index, (reason, native) in self.finish.items()
        ]
        body = {**self._head("chat.completion"), "choices": choices, "system_fingerprint": None}
        if self.service_tier is not None:
            body["service_tier"] = self.service_tier
        if self.error is not None:
            body["error"] = self.error
        return body if self.usage is None else {**body, "usage": self.usage}

    def chunks(self) -> Iterator[JSON]:
        """The chunks of a streamed answer."""
        for delta in self.deltas:
            index = delta.get("index", 0)
            yield self._chunk([self._choice(index, {k: v for k, v in delta.items() if k != "index"})])
        if self.error is not None:
            error_chunk = self._chunk([self._choice(0, {"content": ""})], error=self.error)
            yield error_chunk if self.usage is None else {**error_chunk, "usage": self.usage}
            return
        finished = [self._choice(index, {"content": ""}, *reasons) for index, reasons in self.finish.items()]
        yield self._chunk(finished)
        if self.usage is not None:
            last = {
                "null finish": [self._choice(index, {"content": ""}) for index in self.finish],
                "no choices": [],
                "repeated finish": finished,
            }[self.final]
            tier = {} if self.service_tier is None else {"service_tier": self.service_tier}
            yield self._chunk(last, **tier, usage=self.usage)

    def _events(self) -> Iterator[Piece]:
        yield from [b": OPENROUTER PROCESSING\n\n"] * self.keep_alive
        for position, chunk in enumerate(self.chunks()):
            if position == self.cut_after:
                yield Cut()
                return
            if self.pause:
                yield Pause(self.pause)
            yield b"data: " + _json(chunk) + b"\n\n"
        yield b"data: [DONE]\n\n"

    def _head(self, kind: str) -> JSON:
        head: JSON = {"id": self.id, "object": kind, "created": 1762179802, "model": self.model}
        return head if self.provider is None else {**head, "provider": self.provider}

    def _chunk(self, choices: list[JSON], **more: Any) -> JSON:
        return {**self._head("chat.completion.chunk"), "choices": choices, **more}

    def _choice(self, index: int, delta: JSON, reason: str | None = None, native: str | None = None) -> JSON:
        return {
            "index": index,
            "delta": {"role": "assistant", **delta},
            "finish_reason": reason,
            "native_finish_reason": native,
            "logprobs": None,
        }

    def _message(self, index: int) -> JSON:
        message: JSON = {"role": "assistant", "content": None, "refusal": None, "reasoning": None}
        calls: dict[int, JSON] = {}
        for delta in self.deltas:
            if delta.get("index", 0) != index:
                continue
            for key, value in delta.items():
                if value is None:
                    continue
                if key in ("content", "reasoning"):
                    message[key] = (message[key] or "") + value
                elif key == "tool_calls":
                    for call in value:
                        known = calls.setdefault(call["index"], {**call, "function": {"name": None, "arguments": ""}})
                        known["function"]["name"] = known["function"]["name"] or call["function"].get("name")
                        known["function"]["arguments"] += call["function"].get("arguments", "")
                elif key != "index":
                    message[key] = value
        return {**message, "tool_calls": list(calls.values())} if calls else message


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


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _failing(status: int, message: str, **metadata: Any) -> Exchange:
    error: JSON = {"message": message, "code": status}
    return Exchange(status=status, error={**error, "metadata": metadata} if metadata else error)


_HELLO: Final = Exchange(usage=usage(43, 120, 0.00014, reasoning=11, cached=12))
_TOOL_CALL: Final = {"index": 0, "id": "call_a", "type": "function"}
_DEEPSEEK: Final = "deepseek/deepseek-chat-v3.1"

EXCHANGES: Final[Mapping[str, Exchange]] = {
    "hello": _HELLO,
    "null_finish": replace(_HELLO, final="null finish"),
    "no_choices": replace(_HELLO, final="no choices"),
    "served_elsewhere": Exchange(
        model=_DEEPSEEK,
        provider="DeepInfra",
        usage=usage(10, 20, 7.1e-06),
        service_tier="default",
        keep_alive=3,
        headers={"X-Provider-Name": "DeepInfra"},
    ),
    # OpenRouter's fee and what the provider bills: in floats they would add up to 0.00030000000000000003.
    "byok": Exchange(
        model="openai/gpt-4o",
        provider="Azure",
        usage=usage(
            43,
            120,
            0.0001,
            is_byok=True,
            cost_details={
                "upstream_inference_cost": 0.0002,
                "upstream_inference_prompt_cost": 0.00005,
                "upstream_inference_completions_cost": 0.00015,
            },
        ),
    ),
    "free": Exchange(
        model="minimax/minimax-m2:free",
        provider="Minimax",
        usage=usage(
            43,
            10,
            0,
            cost_details={
                "upstream_inference_cost": None,
                "upstream_inference_prompt_cost": 0,
                "upstream_inference_completions_cost": 0,
            },
        ),
    ),
    "whole_dollars": Exchange(usage={"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18, "cost": 2}),
    "cost_is_text": Exchange(usage={"prompt_tokens": 9, "completion_tokens": 9, "total_tokens": 18, "cost": "0.1"}),
    "oldest": Exchange(  # 2025-10: neither cost nor tier
        provider="Google",
        finish={0: ("stop", "STOP")},
        usage={"prompt_tokens": 31, "completion_tokens": 21, "total_tokens": 52},
    ),
    "reasoning": Exchange(
        model="anthropic/claude-sonnet-4.5",
        provider="Anthropic",
        deltas=(
            {"content": "", "reasoning": "Let me "},
            {"content": "", "reasoning": "think."},
            {"content": "Four."},
        ),
        finish={0: ("stop", "end_turn")},
        usage=usage(20, 30, 0.00051, reasoning=25),
    ),
    "tools": Exchange(
        model="mistralai/mistral-small",
        provider="Mistral",
        deltas=(
            {"content": None, "tool_calls": [{**_TOOL_CALL, "function": {"name": "weather", "arguments": '{"city"'}}]},
            {"content": None, "tool_calls": [{**_TOOL_CALL, "function": {"arguments": ': "Paris"}'}}]},
        ),
        finish={0: ("tool_calls", "tool_calls")},
        usage=usage(80, 12, 0.00002),
    ),
    "server_tools": Exchange(
        usage={  # no `is_byok`, and a cost far above the inference cost
            "prompt_tokens": 900,
            "completion_tokens": 69,
            "total_tokens": 969,
            "cost": 0.0160614,
            "cost_details": {
                "upstream_inference_cost": 0.0001764,
                "upstream_inference_prompt_cost": 0.000135,
                "upstream_inference_completions_cost": 4.14e-05,
                "server_tool_cost": 0.015885,
            },
            "prompt_tokens_details": {"cached_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0},
            "server_tool_use_details": {"tool_calls_requested": 1, "tool_calls_executed": 1},
        },
    ),
    "two_choices": Exchange(
        deltas=({"index": 0, "content": "Yes"}, {"index": 1, "content": "No"}, {"index": 1, "content": "!"}),
        finish={1: ("tool_calls", "tool_use"), 0: ("stop", "stop")},
        usage=usage(5, 3, 1e-06),
    ),
    "answer_as_json": replace(_HELLO, deltas=({"content": '{"city": '}, {"content": '"Paris"}'})),
    "too_long": replace(_HELLO, finish={0: ("length", "MAX_TOKENS")}),
    "filtered": replace(_HELLO, finish={0: ("content_filter", "SAFETY")}),
    "slow": replace(_HELLO, deltas=tuple({"content": f"{n} "} for n in range(50)), pause=0.05, keep_alive=1),
    "hanging": replace(_HELLO, pause=20.0),
    "long": replace(_HELLO, deltas=tuple({"content": f"{n} "} for n in range(1200))),
    "cut": replace(_HELLO, deltas=({"content": "a"}, {"content": "b"}, {"content": "c"}), cut_after=2),
    # Recorded 2025-11: the usage of the failed stream comes in the very chunk that tells the error.
    "error_in_stream": replace(
        _HELLO,
        error={
            "code": 502,
            "message": "Upstream error",
            "metadata": {"provider_code": "overloaded_error", "raw": "secret_raw"},
        },
    ),
    "error_in_stream_without_usage": Exchange(error={"code": "server_error", "message": "Provider disconnected"}),
    "error_finish": Exchange(finish={0: ("error", "error")}, usage=usage(43, 2, 0)),
    "error_in_200": Exchange(
        error={"message": "Upstream error from Nvidia: Service temporarily overloaded", "code": 502}
    ),
    "error_instead_of_stream": Exchange(
        verbatim=Reply([b'{"error": {"message": "Model is warming up", "code": 503}, "user_id": "user_canary"}'])
    ),
    "choices_null": Exchange(
        verbatim=Reply([b'{"id": "gen-1-null", "model": "openai/gpt-4o-mini", "provider": "OpenAI", "choices": null}'])
    ),
    "whitespace": Exchange(verbatim=Reply([b"\n         ", b"\n         "])),
    "empty_stream": Exchange(verbatim=Reply([b": OPENROUTER PROCESSING\n\ndata: [DONE]\n\n"], "text/event-stream")),
    "bad_request": _failing(400, "nope is not a valid model ID"),
    "unauthorized": _failing(401, "No auth credentials found"),
    "no_credits": _failing(402, "Insufficient credits"),
    "moderated": _failing(
        403,
        "Your input was flagged",
        reasons=["violence"],
        flagged_input="secret_flagged",
        provider_name="OpenAI",
    ),
    "forbidden": _failing(403, "Key limit exceeded"),
    "not_found": _failing(404, "No endpoints found"),
    "request_timeout": _failing(408, "Request timed out"),
    "too_large": _failing(413, "Payload too large"),
    "unprocessable": _failing(422, "Unprocessable"),
    "rate_limited": _failing(429, "Provider returned error", provider_name="Google", raw="secret_raw"),
    "internal": _failing(500, "Internal Server Error"),
    "bad_gateway": _failing(502, "Provider returned error", provider_name="Novita", raw="secret_raw"),
    "no_provider": _failing(503, "No available provider"),
    "gateway_timeout": _failing(504, "Timed out"),
    "edge_timeout": _failing(524, "Timed out at the edge"),
    "overloaded": _failing(529, "Provider overloaded", error_type="provider_overloaded", provider_code="529"),
    "too_many_tokens": _failing(400, "Too long", error_type="context_length_exceeded", provider_name="OpenAI"),
    "html_error": Exchange(verbatim=Reply([b"<html>secret_raw</html>"], "text/html", status=502)),
}
