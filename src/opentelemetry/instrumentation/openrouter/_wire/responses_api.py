"""Answers of the Responses API: the whole object, and the events of its stream.

The last event holds the whole object, so both are folded alike. There is no provider and no native finish reason in it;
ids are `gen-…` as everywhere (recorded 2025-11 and 2026-07).
Wire: https://openrouter.ai/docs/api/api-reference/responses/create-responses and
https://platform.openai.com/docs/api-reference/responses-streaming
"""

from collections.abc import Mapping
from typing import Any, Final

from .._content.responses_api import finish_reason
from .errors import EMPTY_RESPONSE, failure_in
from .fields import layers
from .response import Answer, fold_error_event, fold_identity


def fold_response(answer: Answer, body: object) -> None:
    """Fold a whole response; `failed` is an error, `incomplete` is none."""
    if answer.transcript is not None:
        answer.transcript.whole(body)
    declared, others = layers(body)
    _fold_object(answer, declared, others)
    if declared.get("status") is None and declared.get("output") is None and answer.failure is None:
        answer.failure = EMPTY_RESPONSE


def fold_event(answer: Answer, event: Any, now: float) -> None:
    """Fold one event of a stream, read off the clock at *now*; this runs between the caller and each token."""
    declared = getattr(event, "__dict__", event)
    if not issubclass(type(declared), dict):
        return
    kind = declared.get("type")
    if not issubclass(type(kind), str):
        return
    if answer.first_token is None and _is_output(kind, declared):
        answer.first_token = now
    if answer.transcript is not None:
        answer.transcript.add(declared)
    if kind == "response.created":
        fold_identity(answer, *layers(declared.get("response")))
    elif kind in _LAST:
        _fold_object(answer, *layers(declared.get("response")))
    elif kind == "error":
        fold_error_event(answer, event, now)


def _fold_object(answer: Answer, declared: Mapping[str, Any], others: Mapping[str, Any]) -> None:
    fold_identity(answer, declared, others)
    if declared.get("usage") is not None:
        answer.usage = declared["usage"]
    reason = finish_reason(declared)
    if reason is not None:
        answer.finish_reasons[0] = reason
    error = declared.get("error")
    if error is not None or reason == "error":
        answer.failure = failure_in(error, word=others.get("error_type", declared.get("error_type")))


def _is_output(kind: str, event: Mapping[str, Any]) -> bool:
    return (kind.endswith(".delta") and bool(event.get("delta"))) or kind.endswith("partial_image")


_LAST: Final = ("response.completed", "response.incomplete", "response.failed")
