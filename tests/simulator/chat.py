"""Chat completions and the older text completions: bodies with choices.

https://openrouter.ai/docs/api/api-reference/chat/send-chat-completion-request and the recordings.
"""

from collections.abc import Iterator
from typing import Any

from .canned_reply import JSON, CannedReply


class Chat:
    """`/chat/completions`."""

    kind = "chat.completion"

    def body(self, canned: CannedReply) -> JSON:
        """Return the body of a plain response."""
        if canned.error is not None and canned.usage is None:
            return {"id": canned.id, "error": canned.error, **canned.metadata()}
        choices = [
            {
                "logprobs": None,
                "finish_reason": reason,
                "native_finish_reason": native,
                "index": index,
                **self._output(canned, index),
            }
            for index, (reason, native) in canned.finish.items()
        ]
        body = {**_head(canned, self.kind), "choices": choices, "system_fingerprint": None, **canned.metadata()}
        if canned.service_tier is not None:
            body["service_tier"] = canned.service_tier
        if canned.error is not None:
            body["error"] = canned.error
        if canned.usage is None:
            return body
        later = {key: value for each in canned.later_usage for key, value in each.items() if value not in (None, {})}
        return {**body, "usage": {**canned.usage, **later}}

    def events(self, canned: CannedReply) -> Iterator[JSON]:
        """Yield the chunks of a streamed response."""
        head: JSON = {**_head(canned, f"{self.kind}.chunk"), "choices": []}
        for delta in canned.deltas:
            index = delta.get("index", 0)
            content = {key: value for key, value in delta.items() if key != "index"}
            yield {**head, "choices": [self._choice(index, content)]}
        if canned.error is not None:
            chunk = {**head, "choices": [self._choice(0, {"content": ""})], "error": canned.error}
            yield chunk if canned.usage is None else {**chunk, "usage": canned.usage}
            return
        finished = [self._choice(index, {"content": ""}, *reasons) for index, reasons in canned.finish.items()]
        yield {**head, "choices": finished}
        if canned.usage is not None:
            last = {
                "null finish": [self._choice(index, {"content": ""}) for index in canned.finish],
                "no choices": [],
                "repeated finish": finished,
            }[canned.final]
            tier = {} if canned.service_tier is None else {"service_tier": canned.service_tier}
            yield {**head, "choices": last, **tier, "usage": canned.usage}
            yield from ({**head, "usage": later} for later in canned.later_usage)
        if canned.routing is not None:
            yield {**head, "choices": finished, **canned.metadata()}

    def _choice(self, index: int, delta: JSON, reason: str | None = None, native: str | None = None) -> JSON:
        return {
            "index": index,
            "delta": {"role": "assistant", **delta},
            "finish_reason": reason,
            "native_finish_reason": native,
            "logprobs": None,
        }

    def _output(self, canned: CannedReply, index: int) -> JSON:
        return {"message": message_of(canned, index)}


class Completions(Chat):
    """`/completions`: the same with a text instead of a message."""

    kind = "text_completion"

    def _choice(self, index: int, delta: JSON, reason: str | None = None, native: str | None = None) -> JSON:
        choice = super()._choice(index, {}, reason, native)
        return {**choice, "text": delta.get("content") or "", "delta": None}

    def _output(self, canned: CannedReply, index: int) -> JSON:
        return {"text": message_of(canned, index)["content"] or ""}


def message_of(canned: CannedReply, index: int) -> JSON:
    """Return the complete message of one choice."""
    message: JSON = {"role": "assistant", "content": None, "refusal": None, "reasoning": None}
    calls: dict[int, JSON] = {}
    details: dict[tuple[str, int], JSON] = {}
    deltas = [delta for delta in canned.deltas if delta.get("index", 0) == index]
    for key, value in [pair for delta in deltas for pair in delta.items() if pair[1] is not None]:
        if key == "content" and isinstance(value, list):
            message[key] = _joined_blocks(message[key] or [], value)
        elif key in ("content", "reasoning", "refusal"):
            message[key] = (message[key] or "") + value
        elif key == "tool_calls":
            for call in value:
                _join_call(calls, call)
        elif key == "reasoning_details":
            for detail in value:
                _join_texts(details.setdefault((detail["type"], detail["index"]), {}), detail)
        elif key == "audio":
            _join_texts(message.setdefault("audio", {}), value)
        elif key != "index":  # annotations, images
            message[key] = [*message.get(key, []), *value]
    joined = {"reasoning_details": [*details.values()], "tool_calls": [*calls.values()]}
    return {**message, **{key: value for key, value in joined.items() if value}}


def _join_call(calls: dict[int, JSON], call: JSON) -> None:
    if "function" not in call:
        calls[call["index"]] = call
        return
    merged = calls.setdefault(call["index"], {**call, "function": {"name": None, "arguments": ""}})
    merged["function"]["name"] = merged["function"]["name"] or call["function"].get("name")
    merged["function"]["arguments"] += call["function"].get("arguments", "")


def _join_texts(merged: JSON, piece: JSON) -> None:
    for key, value in piece.items():
        joined = key in ("text", "summary", "data", "transcript") and key in merged
        merged[key] = merged[key] + value if joined else value


def _joined_blocks(blocks: list[JSON], more: Any) -> list[JSON]:
    if blocks and blocks[-1]["type"] == more[0]["type"] == "text":
        return [*blocks[:-1], {**more[0], "text": blocks[-1]["text"] + more[0]["text"]}]
    return [*blocks, *more]


def _head(canned: CannedReply, kind: str) -> dict[str, Any]:
    head: JSON = {"id": canned.id, "object": kind, "created": 1762179802, "model": canned.model}
    return head if canned.provider is None else {**head, "provider": canned.provider}
