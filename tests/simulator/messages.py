"""The Anthropic Messages API: content blocks, and a stream of named events without `[DONE]`.

OpenRouter's OpenAPI of 2026-08 (`MessagesResult`, `MessagesStreamEvents`) and
https://platform.claude.com/docs/en/build-with-claude/streaming
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from .canned_reply import JSON, CannedReply
from .chat import message_of


class Messages:
    """`/messages`."""

    names_events = True

    def body(self, canned: CannedReply) -> JSON:
        """Return the body of a plain response."""
        if canned.error is not None:
            return {**self.error_body(canned), **canned.metadata()}
        return {**_message(canned), **canned.metadata()}

    def error_body(self, canned: CannedReply) -> JSON:
        """Return the body of an error, and the event of one."""
        error = canned.error or {}
        code, metadata = error.get("code"), error.get("metadata", {})
        kind, error_type = _ERRORS.get(code, ("api_error", None))
        error_type = metadata.get("error_type", error_type)
        fields = {"type": kind, "message": error.get("message"), **({"error_type": error_type} if error_type else {})}
        return {"type": "error", "error": fields, "request_id": None}

    def events(self, canned: CannedReply) -> Iterator[JSON]:
        """Yield the events of a streamed response."""
        message = _message(canned)
        usage = message.pop("usage", {})
        started = {key: usage[key] for key in _STARTED if key in usage}
        yield {
            "type": "message_start",
            "message": {**message, "content": [], "stop_reason": None, "usage": {**started, "output_tokens": 1}},
        }
        yield {"type": "ping"}
        for index, block in enumerate(message["content"]):
            yield {"type": "content_block_start", "index": index, "content_block": _empty(block)}
            for delta in _deltas(block):
                yield {"type": "content_block_delta", "index": index, "delta": delta}
            yield {"type": "content_block_stop", "index": index}
        if canned.error is not None:
            yield {**self.error_body(canned), **canned.metadata()}
            return
        delta = {"stop_reason": message["stop_reason"], "stop_sequence": None, "container": None}
        left_out = () if canned.has_cost_in_stream else ("cost", "cost_details", "is_byok")
        last = {key: value for key, value in usage.items() if key not in left_out}
        yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": 0, **last}}
        yield {"type": "message_stop", **canned.metadata()}


def _message(canned: CannedReply) -> JSON:
    body: JSON = {
        "id": canned.id,
        "type": "message",
        "role": "assistant",
        "model": canned.model,
        "provider": canned.provider,
        "content": list(_blocks(canned)),
        "stop_reason": _STOP_REASONS.get(canned.finish[0][0], canned.finish[0][0]),
        "stop_sequence": None,
        "container": None,
    }
    return body if canned.usage is None else {**body, "usage": _usage(canned)}


def _blocks(canned: CannedReply) -> Iterator[JSON]:
    message = message_of(canned, 0)
    if message["reasoning"]:
        yield {"type": "thinking", "thinking": message["reasoning"], "signature": "secret_signature"}
        yield {"type": "redacted_thinking", "data": "secret_encrypted"}
    for detail in message.get("reasoning_details", []):
        if detail["type"] == "reasoning.server_tool_call":
            call_id = detail["tool_call_id"]
            yield {"type": "server_tool_use", "id": call_id, "name": "web_search", "input": {"query": "weather"}}
            yield {"type": "web_search_tool_result", "tool_use_id": call_id, "content": [_SEARCH_RESULT]}
    if message["content"]:
        citations = [_CITATION for _ in message.get("annotations", [])]
        yield {"type": "text", "text": message["content"], "citations": citations or None}
    for call in message.get("tool_calls", []):
        arguments = call["function"]["arguments"]
        yield {"type": "tool_use", "id": call["id"], "name": call["function"]["name"], "input": json.loads(arguments)}


def _empty(block: JSON) -> JSON:
    """Return a block as it starts."""
    empty: JSON = {"text": "", "thinking": "", "signature": "", "citations": None}
    if block["type"] != "server_tool_use":
        empty["input"] = {}
    return {**block, **{key: value for key, value in empty.items() if key in block}}


def _deltas(block: JSON) -> Iterator[JSON]:
    for kind in ("text", "thinking"):
        for piece in _pieces(block.get(kind, "")):
            yield {"type": f"{kind}_delta", kind: piece}
    for citation in block.get("citations") or ():
        yield {"type": "citations_delta", "citation": citation}
    if "signature" in block:
        yield {"type": "signature_delta", "signature": block["signature"]}
    if block["type"] == "tool_use":
        yield {"type": "input_json_delta", "partial_json": ""}
        for piece in _pieces(json.dumps(block["input"])):
            yield {"type": "input_json_delta", "partial_json": piece}


def _pieces(text: str) -> list[str]:
    return [text[start : start + 3] for start in range(0, len(text), 3)]


def _usage(canned: CannedReply) -> JSON:
    sent = canned.usage or {}
    prompt, completion = sent.get("prompt_tokens_details", {}), sent.get("completion_tokens_details", {})
    cached, written = prompt.get("cached_tokens", 0), prompt.get("cache_write_tokens", 0)
    usage: JSON = {
        "input_tokens": sent["prompt_tokens"] - cached - written,
        "output_tokens": sent["completion_tokens"],
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": cached,
        "cache_creation": None,
        "output_tokens_details": {"thinking_tokens": completion.get("reasoning_tokens", 0)},
        "server_tool_use": {"web_search_requests": 1} if "server_tool_use_details" in sent else None,
        "service_tier": canned.service_tier,
        "iterations": None,
    }
    return {**usage, **{key: sent[key] for key in ("cost", "cost_details", "is_byok") if key in sent}}


_STARTED: Final = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "service_tier")
_STOP_REASONS: Final = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}
_CITATION: Final[JSON] = {
    "type": "web_search_result_location",
    "url": "https://weather.example",
    "title": "Weather",
    "cited_text": "Sunny today",
    "encrypted_index": "secret_index",
}
_SEARCH_RESULT: Final[JSON] = {
    "type": "web_search_result",
    "url": "https://weather.example",
    "title": "Weather",
    "page_age": None,
    "encrypted_content": "secret_encrypted",
}
# HTTP status -> Anthropic's type, https://platform.claude.com/docs/en/api/errors, and OpenRouter's `error_type`.
_ERRORS: Final[dict[Any, tuple[str, str | None]]] = {
    400: ("invalid_request_error", None),
    401: ("authentication_error", None),
    402: ("billing_error", "payment_required"),
    403: ("permission_error", "content_policy_violation"),
    404: ("not_found_error", None),
    413: ("request_too_large", None),
    429: ("rate_limit_error", "rate_limit_exceeded"),
    502: ("api_error", "provider_unavailable"),
    503: ("api_error", "provider_unavailable"),
    529: ("overloaded_error", "provider_overloaded"),
}
