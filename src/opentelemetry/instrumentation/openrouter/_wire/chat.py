"""Chat completions and text completions, whole or in chunks.

Bodies are plain dicts or an SDK's models. Nothing here knows exceptions, a clock or a span.
Wire: https://openrouter.ai/docs/api/reference/overview#responses, and exchanges recorded from 2025-10 to 2026-09.
"""

from typing import Any, Final

from .errors import EMPTY_RESPONSE, error_from_body
from .fields import declared_and_extra, integer, mapping, printable, sequence
from .response import MAX_CHOICES, ResponseRecord, fold_identity, fold_usage


def fold_completion(record: ResponseRecord, body: object) -> None:
    """Fold a whole completion."""
    fields = mapping(body)
    fold_identity(record, fields)
    choices = fields.get("choices")
    _fold_choices(record, choices)
    if record.content is not None:
        record.content.set_body(body)
    fold_usage(record, fields.get("usage"))
    error = fields.get("error")
    if error is not None:
        record.error = error_from_body(error)
    elif choices is None and record.error is None:
        record.error = EMPTY_RESPONSE


def fold_chunk(record: ResponseRecord, chunk: Any, now: float) -> None:  # noqa: C901 - no calls: see below
    """Fold one chunk of a stream that arrived at *now*, a reading of the clock.

    The caller waits for this with each token, so it reads little: the identity in the first chunk, finish reasons and
    usage when they appear. Usage may come in a chunk without choices, with a null or with a repeated finish reason
    (all three recorded between 2025-11 and 2026-09); `openrouter_metadata` comes with it or after it.
    """
    node: Any = getattr(chunk, "__dict__", chunk)
    if not isinstance(node, dict):
        return
    declared: dict[str, Any] = node  # pyright: ignore[reportUnknownVariableType] - JSON: converters check its values
    if "usage" not in declared and declared is not chunk:  # a model of the caller's own, which declares fewer fields
        declared = dict(mapping(chunk))
    listed: Any = declared.get("choices")
    if listed and isinstance(listed, list):
        choices: list[Any] = listed  # pyright: ignore[reportUnknownVariableType] - JSON: converters check its values
        if not record.has_identity:
            record.has_identity = True
            fold_identity(record, mapping(chunk))
        if record.first_token is None and _has_output(choices):
            record.first_token = now
        for choice in choices:
            fields: Any = getattr(choice, "__dict__", choice)
            if isinstance(fields, dict) and fields.get("finish_reason") is not None:  # pyright: ignore[reportUnknownMemberType] - as above
                _fold_choices(record, choices)
                break
    if record.content is not None:
        record.content.add(declared)
    if declared.get("usage") is not None:
        fold_usage(record, declared["usage"])
    if record.usage is not None:
        fold_identity(record, mapping(chunk))


def fold_error_chunk(record: ResponseRecord, chunk: object, now: float) -> None:
    """Fold the chunk that carries an error; it has usage and provider too (recorded 2025-11)."""
    fields = mapping(chunk)
    fold_chunk(record, fields, now)
    fold_identity(record, fields)
    record.error = error_from_body(fields.get("error"))


def _fold_choices(record: ResponseRecord, choices: Any) -> None:
    for position, choice in enumerate(sequence(choices)):
        fields = mapping(choice)
        reason = printable(fields.get("finish_reason"))
        if reason is None or len(record.finish_reasons) >= MAX_CHOICES:
            continue
        index = integer(fields.get("index"))
        index = position if index is None else index
        record.finish_reasons[index] = reason
        native = printable(fields.get("native_finish_reason"))
        if native is not None:
            record.native_finish_reasons[index] = native
        if reason == "error" and record.error is None:
            record.error = error_from_body(fields.get("error"))


def _has_output(choices: list[object]) -> bool:
    # A role, empty content and comments are not output: reasoning and terminal chunks have `content: ""`.
    for choice in choices:
        fields = declared_and_extra(choice)[0]
        declared, extra = declared_and_extra(fields.get("delta"))
        content = fields.get("text") or declared.get("content")
        if content and (isinstance(content, str) or any(map(_is_filled, sequence(content)))):
            return True
        if any(declared.get(name) or extra.get(name) for name in _OUTPUT):
            return True
    return False


def _is_filled(block: object) -> bool:
    """Whether a block of `content` has more than a type; some upstream providers send empty text blocks."""
    return any(value for name, value in mapping(block).items() if name != "type")


# Fields of a delta: https://openrouter.ai/docs/api/reference/streaming and the recorded streams.
_OUTPUT: Final = ("reasoning", "reasoning_details", "tool_calls", "images", "audio", "refusal")
