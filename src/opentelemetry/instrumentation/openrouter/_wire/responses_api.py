"""Responses of the Responses API: the whole object, and the events of its stream.

The last event holds the whole object, so both are folded alike. The object has no upstream provider and no native
finish reason; ids are `gen-…` as everywhere (recorded 2025-11 and 2026-07).
Wire: https://openrouter.ai/docs/api/api-reference/responses/create-responses and
https://platform.openai.com/docs/api-reference/responses-streaming
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .errors import EMPTY_RESPONSE, error_from_body
from .fields import mapping, sequence, text
from .response import ResponseRecord, fold_error_event, fold_identity, fold_usage


def fold_response(record: ResponseRecord, body: object) -> None:
    """Fold a whole response; the status `failed` is an error, `incomplete` is not."""
    if record.content is not None:
        record.content.set_body(body)
    fields = mapping(body)
    _fold_object(record, fields)
    if fields.get("status") is None and fields.get("output") is None and record.error is None:
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
        record.has_identity = True
        fold_identity(record, mapping(declared.get("response")))
    elif kind in _LAST:
        _fold_object(record, mapping(declared.get("response")))
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
        return "tool_calls" if _awaits_caller(sequence(response.get("output"))) else "stop"
    return "error" if status == "failed" else None


def _awaits_caller(output: Sequence[object]) -> bool:
    """Whether the caller must run a tool, or approve its run, before the model can go on."""
    items = [mapping(item) for item in output]
    calls = [item for item in items if _is_callers(item)]
    if not calls:
        return False
    # A hosted shell runs on the server: its output follows in the same response.
    finished = [item.get("call_id") for item in items if (text(item.get("type")) or "").endswith("_call_output")]
    return any(call.get("call_id") is None or call["call_id"] not in finished for call in calls)


def _is_callers(item: Mapping[str, Any]) -> bool:
    kind = text(item.get("type"))
    return kind in CALLERS_CALLS or (kind == "tool_search_call" and item.get("execution") == "client")


def _fold_object(record: ResponseRecord, fields: Mapping[str, Any]) -> None:
    fold_identity(record, fields)
    fold_usage(record, fields.get("usage"))
    reason = finish_reason(fields)
    if reason is not None:
        record.finish_reasons[0] = reason
    error = fields.get("error")
    if error is not None or reason == "error":
        record.error = error_from_body(error, error_type=fields.get("error_type"))


def _is_output(kind: str, event: Mapping[str, Any]) -> bool:
    return (kind.endswith(".delta") and bool(event.get("delta"))) or kind.endswith("partial_image")


_LAST: Final = ("response.completed", "response.incomplete", "response.failed")
_INCOMPLETE: Final = {"max_output_tokens": "length"}
CALLERS_CALLS: Final = frozenset(
    (
        "function_call",
        "custom_tool_call",
        "computer_call",
        "local_shell_call",
        "shell_call",
        "apply_patch_call",
        "mcp_approval_request",
    )
)
"""Types of output items for which the response ends until the caller has run the tool, or has approved its run.

https://platform.openai.com/docs/api-reference/responses/object#responses/object-output; all other calls, such as
`web_search_call`, `mcp_call` and `openrouter:…`, run on the server. A `tool_search_call` states who runs it.
"""
