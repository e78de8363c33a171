"""The Responses API: items in place of choices, and a stream of typed events whose last one holds everything.

https://openrouter.ai/docs/api/api-reference/responses/create-responses, and the exchanges recorded 2025-11 and 2026-07:
no provider, no native finish reason, ids `gen-…`, cost parts under other names, `[DONE]` after the last event.
"""

from collections.abc import Iterator
from typing import Any, Final

from .canned_reply import JSON, CannedReply
from .chat import message_of


class Responses:
    """`/responses`."""

    def whole(self, exchange: CannedReply) -> JSON:
        """The body of a plain answer."""
        return _response(exchange, _ended(exchange))

    def events(self, exchange: CannedReply) -> Iterator[JSON]:
        """The events of a streamed answer."""
        for number, event in enumerate(self._events(exchange)):
            yield {**event, "sequence_number": number}

    def _events(self, exchange: CannedReply) -> Iterator[JSON]:
        begun: JSON = {**_response(exchange, "in_progress"), "output": [], "usage": None}
        yield {"type": "response.created", "response": begun}
        yield {"type": "response.in_progress", "response": begun}
        items = _items(exchange)
        for index, item in enumerate(items):
            head = {"output_index": index, "item_id": item["id"]}
            yield {"type": "response.output_item.added", "output_index": index, "item": _emptied(item)}
            for place, part in enumerate(item.get("content", [])):
                kind, member = _TEXTS[part["type"]]
                at = {**head, "content_index": place}
                yield {"type": "response.content_part.added", **at, "part": {**part, member: ""}}
                for piece in _pieces(part[member]):
                    yield {"type": f"response.{kind}.delta", **at, "delta": piece, "logprobs": []}
                yield {"type": f"response.{kind}.done", **at, member: part[member], "logprobs": []}
                yield {"type": "response.content_part.done", **at, "part": part}
            for piece in _pieces(item.get("arguments", "")):
                yield {"type": "response.function_call_arguments.delta", **head, "delta": piece}
            if exchange.error is not None and exchange.usage is None and item is items[-1]:
                yield {"type": "error", "code": "server_error", "message": exchange.error["message"], "param": None}
                return
            yield {"type": "response.output_item.done", "output_index": index, "item": item}
        ended = _ended(exchange)
        yield {"type": f"response.{ended}", "response": _response(exchange, ended)}


def _ended(exchange: CannedReply) -> str:
    if exchange.error is not None:
        return "failed"
    return {"length": "incomplete", "content_filter": "incomplete", "error": "failed"}.get(
        exchange.finish[0][0], "completed"
    )


def _response(exchange: CannedReply, status: str) -> JSON:
    reason = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(exchange.finish[0][0])
    body: JSON = {
        "id": exchange.id,
        "object": "response",
        "created_at": 1762179802,
        "completed_at": None if status == "in_progress" else 1762179803,
        "model": exchange.model,
        "status": status,
        "output": _items(exchange),
        "error": None,
        "incomplete_details": {"reason": reason} if status == "incomplete" else None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": None,
        "frequency_penalty": 0.0,
        "presence_penalty": 0.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "service_tier": exchange.service_tier,
        **exchange.metadata(),
    }
    if status == "failed":
        error = exchange.error or {"message": "The model failed"}
        metadata: JSON = {**error.get("metadata", {})}
        if "error_type" in metadata:  # at the top in this API
            body["error_type"] = metadata.pop("error_type")
        body["error"] = {"code": "server_error", "message": error["message"], "metadata": metadata}
    return body if exchange.usage is None else {**body, "usage": _usage(exchange.usage)}


def _items(exchange: CannedReply) -> list[JSON]:
    message = message_of(exchange, 0)
    items: list[JSON] = []
    reasoned = message["reasoning"]
    if reasoned:
        content = [{"type": "reasoning_text", "text": reasoned}]
        items.append({"type": "reasoning", "id": "rs_1", "summary": [], "content": content, "signature": "secret_s"})
    if message["content"] or message["refusal"]:
        notes = [{"type": note["type"], **note[note["type"]]} for note in message.get("annotations", [])]
        said: list[JSON] = []
        if message["content"]:
            said.append({"type": "output_text", "text": message["content"], "annotations": notes, "logprobs": []})
        if message["refusal"]:
            said.append({"type": "refusal", "refusal": message["refusal"]})
        items.append({"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": said})
    for call in message.get("tool_calls", []):
        function = call["function"]
        name, arguments = function["name"], function["arguments"]
        items.append({"type": "function_call", "id": f"fc_{call['id']}", "call_id": call["id"], "name": name})
        items[-1] |= {"arguments": arguments, "status": "completed"}
    for image in message.get("images", []):
        result = image["image_url"]["url"].partition(",")[2]
        items.append({"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": result})
    return items


def _emptied(item: JSON) -> JSON:
    empty: JSON = {"content": [], "arguments": ""}
    return {**item, **{key: value for key, value in empty.items() if key in item}}


def _pieces(text: str) -> list[str]:
    return [text[start : start + 3] for start in range(0, len(text), 3)]


_TEXTS: Final = {  # part -> the event that streams it, and the member that holds its text
    "reasoning_text": ("reasoning_text", "text"),
    "output_text": ("output_text", "text"),
    "refusal": ("refusal", "refusal"),
}


def _usage(usage: JSON) -> JSON:
    renamed: JSON = {}
    for key, value in usage.items():
        inner: Any = value
        renamed[_RENAMED.get(key, key)] = _usage(inner) if isinstance(value, dict) else value
    return renamed


_RENAMED: Final = {
    "prompt_tokens": "input_tokens",
    "completion_tokens": "output_tokens",
    "prompt_tokens_details": "input_tokens_details",
    "completion_tokens_details": "output_tokens_details",
    "upstream_inference_prompt_cost": "upstream_inference_input_cost",
    "upstream_inference_completions_cost": "upstream_inference_output_cost",
}
