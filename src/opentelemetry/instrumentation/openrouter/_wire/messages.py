"""The Anthropic Messages API at OpenRouter: its request, the whole message, and the events of its stream.

Usage and stop reasons are renamed to those of the other endpoints, so that one table reads them all.
Wire: https://openrouter.ai/docs/api/api-reference/anthropic-messages/create-messages (OpenAPI of 2026-08) and
https://platform.claude.com/docs/en/api/messages
"""

from collections.abc import Mapping
from typing import Any, Final

from .. import attributes as names
from .errors import EMPTY_RESPONSE, error_from_body
from .fields import Attributes, Table, count, mapping, printable, read, text, texts
from .request import request_attributes
from .response import ResponseRecord, fold_identity, fold_routing
from .usage import has_figures


def message_request_attributes(body: Mapping[str, object], *headers: object) -> Attributes:
    """Return the attributes of one request: those of the other endpoints, and the fields of this one.

    `metadata` has one field here, `user_id`, which is what the other endpoints call `user`.
    """
    attributes = request_attributes({key: value for key, value in body.items() if key != "metadata"}, *headers)
    read(body, _REQUEST, attributes)
    return attributes


def fold_message(record: ResponseRecord, body: object) -> None:
    """Fold a whole message, or the error in place of one."""
    fields = mapping(body)
    _fold_fields(record, fields)
    if record.content is not None:
        record.content.set_body(body)
    usage = fields.get("usage")
    if has_figures(usage):
        record.usage = unified_usage(usage)
    _fold_stop_reason(record, fields.get("stop_reason"))
    error = fields.get("error")
    if error is not None:
        record.error = error_from_body(error)
    elif fields.get("content") is None and record.error is None:
        record.error = EMPTY_RESPONSE


def fold_message_event(record: ResponseRecord, event: Any, now: float) -> None:
    """Fold one event of a stream that arrived at *now*; the caller waits for this with each token."""
    node: Any = getattr(event, "__dict__", event)
    if not isinstance(node, dict):
        return
    declared: dict[str, Any] = node  # pyright: ignore[reportUnknownVariableType] - JSON: converters check its values
    kind = declared.get("type")
    if record.content is not None:
        record.content.add(declared)
    if record.first_token is None and _is_output(kind, declared):
        record.first_token = now
    if kind == "message_start":
        message = mapping(declared.get("message"))
        record.has_identity = True
        _fold_fields(record, message)
        # It has the tokens of the input, and placeholders for those of the output.
        started = {key: value for key, value in mapping(message.get("usage")).items() if not key.startswith("output")}
        record.started_usage = unified_usage(started)
    elif kind == "message_delta":
        _fold_message_delta(record, mapping(event))
    elif kind == "message_stop":
        fold_identity(record, mapping(event))
    elif kind == "error":
        fold_message_error(record, event, now)


def fold_message_error(record: ResponseRecord, event: object, now: float) -> None:  # noqa: ARG001 - one signature for all operations
    """Fold an error event."""
    fields = mapping(event)
    record.error = error_from_body(fields.get("error"))
    fold_routing(record, fields.get("openrouter_metadata"))


def unified_usage(usage: object, before: object = None) -> dict[str, Any]:
    """Return a `usage` object with the field names of the other endpoints.

    `input_tokens` leaves cached tokens out here ("Total input tokens in a request is the summation of `input_tokens`,
    `cache_creation_input_tokens`, and `cache_read_input_tokens`", https://platform.claude.com/docs/en/api/messages);
    `gen_ai.usage.input_tokens` includes them.

    Args:
        usage: as sent. In `message_delta` it is cumulative, and null where nothing has changed.
        before: what this function returned for an earlier event of the same stream.
    """
    sent = {_RENAMED.get(key, key): value for key, value in mapping(usage).items() if value is not None}
    unified: dict[str, Any] = {**mapping(before), **sent}
    uncached, written, cached = (count(unified.get(key)) for key in _INPUT_TOKENS)
    if uncached is not None or written is not None or cached is not None:
        unified["input_tokens"] = (uncached or 0) + (written or 0) + (cached or 0)
        unified["input_tokens_details"] = {"cache_write_tokens": written, "cached_tokens": cached}
    if "output_tokens_details" in sent:
        thinking = mapping(sent["output_tokens_details"]).get("thinking_tokens")
        unified["output_tokens_details"] = {"reasoning_tokens": thinking}
    return unified


def finish_reason(stop_reason: object) -> str | None:
    """Return chat's finish reason for a stop reason; an unknown one stays as it is."""
    reason = printable(stop_reason)
    return None if reason is None else _FINISH_REASONS.get(reason, reason)


def _fold_fields(record: ResponseRecord, fields: Mapping[str, Any]) -> None:
    fold_identity(record, fields)
    tier = mapping(fields.get("usage")).get("service_tier")
    if tier is not None:
        record.service_tier = printable(tier)


def _fold_message_delta(record: ResponseRecord, event: Mapping[str, Any]) -> None:
    usage = event.get("usage")
    if has_figures(usage):
        record.usage = unified = unified_usage(usage, record.usage or record.started_usage)
        # OpenRouter's OpenAPI declares the cost of a whole message, and not that of a stream.
        record.lacks_cost = unified.get("cost") is None
    _fold_fields(record, event)
    _fold_stop_reason(record, mapping(event.get("delta")).get("stop_reason"))


def _fold_stop_reason(record: ResponseRecord, stop_reason: object) -> None:
    native, reason = printable(stop_reason), finish_reason(stop_reason)
    if native is not None and reason is not None:
        record.native_finish_reasons[0], record.finish_reasons[0] = native, reason


def _is_output(kind: object, event: Mapping[str, Any]) -> bool:
    # A block of text starts empty, and a signature is not output.
    if kind == "content_block_delta":
        delta = mapping(event.get("delta"))
        return any(delta.get(name) for name in _TEXTS)
    return kind == "content_block_start" and mapping(event.get("content_block")).get("type") not in _STARTS_EMPTY


def _output_format(output: object) -> str | None:
    return "json" if mapping(output).get("type") == "json_schema" else None


_REQUEST: Final[Table] = {
    "stop_sequences": (names.GEN_AI_REQUEST_STOP_SEQUENCES, texts),
    "metadata": {"user_id": (names.USER_ID, text)},
    "output_config": {
        "effort": (names.GEN_AI_REQUEST_REASONING_LEVEL, text),
        "format": (names.GEN_AI_OUTPUT_TYPE, _output_format),
    },
    "output_format": (names.GEN_AI_OUTPUT_TYPE, _output_format),  # its older name
}

_RENAMED: Final = {"input_tokens": "uncached_input_tokens"}
_INPUT_TOKENS: Final = ("uncached_input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
_STARTS_EMPTY: Final = ("text", "thinking")
_TEXTS: Final = ("text", "thinking", "partial_json", "citation")
# https://platform.claude.com/docs/en/api/handling-stop-reasons
_FINISH_REASONS: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "compaction": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
