"""Responses of the Responses API: the whole object, and the events of its stream.

The last event holds the whole object, so both are folded alike. The object has no upstream provider and no native
finish reason; ids are `gen-…` as everywhere (recorded 2025-11 and 2026-07).
Wire: https://openrouter.ai/docs/api/api-reference/responses/create-responses and
https://platform.openai.com/docs/api-reference/responses-streaming
"""

from collections.abc import Mapping
from typing import Any, Final

from .errors import EMPTY_RESPONSE, error_from_body
from .fields import declared_and_extra, mapping, sequence, text
from .response import ResponseRecord, fold_error_event, fold_identity


def fold_response(record: ResponseRecord, body: object) -> None:
    """Fold a whole response; the status `failed` is an error, `incomplete` is not."""
    if record.content is not None:
        record.content.set_body(body)
    declared, extra = declared_and_extra(body)
    _fold_object(record, declared, extra)
    if declared.get("status") is None and declared.get("output") is None and record.error is None:
        record.error = EMPTY_RESPONSE


def fold_event(record: ResponseRecord, event: Any, now: float) -> None:
    """Fold one event of a stream that arrived at *now*; the caller waits for this with each token."""
    node: Any = getattr(event, "__dict__", event)
    if not isinstance(node, dict):
        return
    declared: dict[str, Any] = node  # pyright: ignore[reportUnknownVariableType] - JSON: converters check its values
    kind = declared.get("type")
    if not isinstance(kind, str):
        return
    if record.first_token is None and _is_output(kind, declared):
        record.first_token = now
    if record.content is not None:
        record.content.add(declared)
    if kind == "response.created":
        fold_identity(record, *declared_and_extra(declared.get("response")))
    elif kind in _LAST:
        _fold_object(record, *declared_and_extra(declared.get("response")))
    elif kind == "error":
        fold_error_event(record, event, now)


def finish_reason(response: Mapping[str, Any]) -> str | None:
    """Return chat's finish reason for the status of a response: the Responses API has no finish reason.

    https://platform.openai.com/docs/api-reference/responses/object#responses/object-status
    """
    status = text(response.get("status"))
    if status == "incomplete":
        reason = text(mapping(response.get("incomplete_details")).get("reason"))
        return _INCOMPLETE.get(reason, reason) if reason else "length"
    if status == "completed":
        called = any(mapping(item).get("type") in _CALLS for item in sequence(response.get("output")))
        return "tool_calls" if called else "stop"
    return "error" if status == "failed" else None


def _fold_object(record: ResponseRecord, declared: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
    fold_identity(record, declared, extra)
    if declared.get("usage") is not None:
        record.usage = declared["usage"]
    reason = finish_reason(declared)
    if reason is not None:
        record.finish_reasons[0] = reason
    error = declared.get("error")
    if error is not None or reason == "error":
        record.error = error_from_body(error, error_type=extra.get("error_type", declared.get("error_type")))


def _is_output(kind: str, event: Mapping[str, Any]) -> bool:
    return (kind.endswith(".delta") and bool(event.get("delta"))) or kind.endswith("partial_image")


_LAST: Final = ("response.completed", "response.incomplete", "response.failed")
_INCOMPLETE: Final = {"max_output_tokens": "length"}
_CALLS: Final = ("function_call", "custom_tool_call")
