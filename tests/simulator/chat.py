"""Chat completions, and the older text completions: bodies made of choices.

https://openrouter.ai/docs/api/api-reference/chat/send-chat-completion-request and the recorded exchanges.
"""

from collections.abc import Iterator
from typing import Any

from .canned_reply import JSON, CannedReply


class Chat:
    """`/chat/completions`."""

    kind = "chat.completion"

    def whole(self, exchange: CannedReply) -> JSON:
        """The body of a plain answer."""
        if exchange.error is not None and exchange.usage is None:
            return {"id": exchange.id, "error": exchange.error, **exchange.metadata()}
        choices = [
            {
                "logprobs": None,
                "finish_reason": reason,
                "native_finish_reason": native,
                "index": index,
                **self._said(exchange, index),
            }
            for index, (reason, native) in exchange.finish.items()
        ]
        body = {**_head(exchange, self.kind), "choices": choices, "system_fingerprint": None, **exchange.metadata()}
        if exchange.service_tier is not None:
            body["service_tier"] = exchange.service_tier
        if exchange.error is not None:
            body["error"] = exchange.error
        return body if exchange.usage is None else {**body, "usage": exchange.usage}

    def events(self, exchange: CannedReply) -> Iterator[JSON]:
        """The chunks of a streamed answer."""
        head: JSON = {**_head(exchange, f"{self.kind}.chunk"), "choices": []}
        for delta in exchange.deltas:
            index = delta.get("index", 0)
            said = {key: value for key, value in delta.items() if key != "index"}
            yield {**head, "choices": [self._choice(index, said)]}
        if exchange.error is not None:
            chunk = {**head, "choices": [self._choice(0, {"content": ""})], "error": exchange.error}
            yield chunk if exchange.usage is None else {**chunk, "usage": exchange.usage}
            return
        finished = [self._choice(index, {"content": ""}, *reasons) for index, reasons in exchange.finish.items()]
        yield {**head, "choices": finished}
        if exchange.usage is not None:
            last = {
                "null finish": [self._choice(index, {"content": ""}) for index in exchange.finish],
                "no choices": [],
                "repeated finish": finished,
            }[exchange.final]
            tier = {} if exchange.service_tier is None else {"service_tier": exchange.service_tier}
            yield {**head, "choices": last, **tier, "usage": exchange.usage}
        if exchange.routing is not None:
            yield {**head, "choices": finished, **exchange.metadata()}

    def _choice(self, index: int, delta: JSON, reason: str | None = None, native: str | None = None) -> JSON:
        return {
            "index": index,
            "delta": {"role": "assistant", **delta},
            "finish_reason": reason,
            "native_finish_reason": native,
            "logprobs": None,
        }

    def _said(self, exchange: CannedReply, index: int) -> JSON:
        return {"message": message_of(exchange, index)}


class Completions(Chat):
    """`/completions`: the same with a text in place of a message."""

    kind = "text_completion"

    def _choice(self, index: int, delta: JSON, reason: str | None = None, native: str | None = None) -> JSON:
        choice = super()._choice(index, {}, reason, native)
        return {**choice, "text": delta.get("content") or "", "delta": None}

    def _said(self, exchange: CannedReply, index: int) -> JSON:
        return {"text": message_of(exchange, index)["content"] or ""}


def message_of(exchange: CannedReply, index: int) -> JSON:
    """What a choice says in all."""
    message: JSON = {"role": "assistant", "content": None, "refusal": None, "reasoning": None}
    calls: dict[int, JSON] = {}
    details: dict[tuple[str, int], JSON] = {}
    deltas = [delta for delta in exchange.deltas if delta.get("index", 0) == index]
    for key, value in [pair for delta in deltas for pair in delta.items() if pair[1] is not None]:
        if key in ("content", "reasoning", "refusal"):
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
    known = calls.setdefault(call["index"], {**call, "function": {"name": None, "arguments": ""}})
    known["function"]["name"] = known["function"]["name"] or call["function"].get("name")
    known["function"]["arguments"] += call["function"].get("arguments", "")


def _join_texts(known: JSON, piece: JSON) -> None:
    for key, value in piece.items():
        joined = key in ("text", "summary", "data", "transcript") and key in known
        known[key] = known[key] + value if joined else value


def _head(exchange: CannedReply, kind: str) -> dict[str, Any]:
    head: JSON = {"id": exchange.id, "object": kind, "created": 1762179802, "model": exchange.model}
    return head if exchange.provider is None else {**head, "provider": exchange.provider}
