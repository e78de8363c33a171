"""The Responses API: items instead of choices, and a stream of typed events; the last event has the whole response.

https://openrouter.ai/docs/api/api-reference/responses/create-responses, and the exchanges recorded 2025-11 and
2026-07: no upstream provider, no native finish reason, ids `gen-…`, other names for the parts of the cost, and `[DONE]`
after the last event.
"""

from collections.abc import Iterator
from typing import Any, Final

from .canned_reply import JSON, CannedReply
from .chat import message_of


class Responses:
    """`/responses`."""

    def body(self, canned: CannedReply) -> JSON:
        """Return the body of a plain response."""
        return _response(canned, _final_status(canned))

    def events(self, canned: CannedReply) -> Iterator[JSON]:
        """Yield the events of a streamed response."""
        for number, event in enumerate(self._events(canned)):
            yield {**event, "sequence_number": number}

    def _events(self, canned: CannedReply) -> Iterator[JSON]:
        created: JSON = {**_response(canned, "in_progress"), "output": [], "usage": None}
        yield {"type": "response.created", "response": created}
        yield {"type": "response.in_progress", "response": created}
        items = _items(canned)
        for index, item in enumerate(items):
            head = {"output_index": index, "item_id": item["id"]}
            yield {"type": "response.output_item.added", "output_index": index, "item": _without_output(item)}
            for content_index, part in enumerate(item.get("content", [])):
                kind, member = _TEXTS[part["type"]]
                at = {**head, "content_index": content_index}
                yield {"type": "response.content_part.added", **at, "part": {**part, member: ""}}
                for piece in _pieces(part[member]):
                    yield {"type": f"response.{kind}.delta", **at, "delta": piece, "logprobs": []}
                yield {"type": f"response.{kind}.done", **at, member: part[member], "logprobs": []}
                yield {"type": "response.content_part.done", **at, "part": part}
            for piece in _pieces(item.get("arguments", "")):
                yield {"type": "response.function_call_arguments.delta", **head, "delta": piece}
            if canned.error is not None and canned.usage is None and item is items[-1]:
                yield {"type": "error", "code": "server_error", "message": canned.error["message"], "param": None}
                return
            yield {"type": "response.output_item.done", "output_index": index, "item": item}
        status = _final_status(canned)
        yield {"type": f"response.{status}", "response": _response(canned, status)}


def _final_status(canned: CannedReply) -> str:
    if canned.error is not None:
        return "failed"
    return {"length": "incomplete", "content_filter": "incomplete", "error": "failed"}.get(
        canned.finish[0][0], "completed"
    )


def _response(canned: CannedReply, status: str) -> JSON:
    reason = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(canned.finish[0][0])
    body: JSON = {
        "id": canned.id,
        "object": "response",
        "created_at": 1762179802,
        "completed_at": None if status == "in_progress" else 1762179803,
        "model": canned.model,
        "status": status,
        "output": _items(canned),
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
        "service_tier": canned.service_tier,
        **canned.metadata(),
    }
    if status == "failed":
        error = canned.error or {"message": "The model failed"}
        metadata: JSON = {**error.get("metadata", {})}
        if "error_type" in metadata:  # top-level in this API
            body["error_type"] = metadata.pop("error_type")
        body["error"] = {"code": "server_error", "message": error["message"], "metadata": metadata}
    return body if canned.usage is None else {**body, "usage": _renamed_usage(canned.usage)}


def _items(canned: CannedReply) -> list[JSON]:
    message = message_of(canned, 0)
    items: list[JSON] = []
    reasoning = message["reasoning"]
    if reasoning:
        content = [{"type": "reasoning_text", "text": reasoning}]
        items.append({"type": "reasoning", "id": "rs_1", "summary": [], "content": content, "signature": "secret_s"})
    if message["content"] or message["refusal"]:
        notes = [{"type": note["type"], **note[note["type"]]} for note in message.get("annotations", [])]
        parts: list[JSON] = []
        if message["content"]:
            parts.append({"type": "output_text", "text": message["content"], "annotations": notes, "logprobs": []})
        if message["refusal"]:
            parts.append({"type": "refusal", "refusal": message["refusal"]})
        items.append({"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": parts})
    for call in message.get("tool_calls", []):
        function = call["function"]
        name, arguments = function["name"], function["arguments"]
        items.append({"type": "function_call", "id": f"fc_{call['id']}", "call_id": call["id"], "name": name})
        items[-1] |= {"arguments": arguments, "status": "completed"}
    for image in message.get("images", []):
        result = image["image_url"]["url"].partition(",")[2]
        items.append({"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": result})
    return [*items, *canned.items]


def _without_output(item: JSON) -> JSON:
    empty: JSON = {"content": [], "arguments": ""}
    return {**item, **{key: value for key, value in empty.items() if key in item}}


def _pieces(text: str) -> list[str]:
    return [text[start : start + 3] for start in range(0, len(text), 3)]


_TEXTS: Final = {  # type of the part -> the event that streams it, and the member that has its text
    "reasoning_text": ("reasoning_text", "text"),
    "output_text": ("output_text", "text"),
    "refusal": ("refusal", "refusal"),
}


def _renamed_usage(usage: JSON) -> JSON:
    renamed: JSON = {}
    for key, value in usage.items():
        inner: Any = value
        renamed[_USAGE_NAMES.get(key, key)] = _renamed_usage(inner) if isinstance(value, dict) else value
    return renamed


_USAGE_NAMES: Final = {
    "prompt_tokens": "input_tokens",
    "completion_tokens": "output_tokens",
    "prompt_tokens_details": "input_tokens_details",
    "completion_tokens_details": "output_tokens_details",
    "upstream_inference_prompt_cost": "upstream_inference_input_cost",
    "upstream_inference_completions_cost": "upstream_inference_output_cost",
}
