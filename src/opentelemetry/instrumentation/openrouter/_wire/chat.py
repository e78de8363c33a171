"""Answers made of choices: chat completions and text completions, whole or in chunks.

Bodies are plain dicts or the SDK's models of them; no exception, no clock and no span is known here.
Wire: https://openrouter.ai/docs/api/reference/overview#responses, and the recorded exchanges of 2025-10 to 2026-09.
"""

from typing import Any, Final

from .errors import EMPTY_RESPONSE, failure_in
from .fields import NOTHING, integer, layers, members, printable
from .response import Answer, fold_identity


def fold_completion(answer: Answer, body: object) -> None:
    """Fold a whole completion."""
    declared, others = layers(body)
    fold_identity(answer, declared, others)
    choices = declared.get("choices")
    _fold_choices(answer, choices)
    if answer.transcript is not None:
        answer.transcript.whole(body)
    usage = declared.get("usage")
    if usage is not None:
        answer.usage = usage
    error = others.get("error", declared.get("error"))
    if error is not None:
        answer.failure = failure_in(error)
    elif choices is None and answer.failure is None:
        answer.failure = EMPTY_RESPONSE


def fold_chunk(answer: Answer, chunk: Any, now: float) -> None:
    """Fold one chunk of a stream, read off the clock at *now*.

    This runs between the caller and each token, so it looks at little: identity in the first chunk, finish reasons
    and usage when they appear (usage may come in a chunk without choices, with a null or with a repeated finish
    reason: three shapes were recorded between 2025-11 and 2026-09; `openrouter_metadata` comes with it or after it).
    """
    declared = getattr(chunk, "__dict__", chunk)
    if not issubclass(type(declared), dict):
        return
    choices = declared.get("choices")
    if choices and issubclass(type(choices), list):
        if not answer.begun:
            answer.begun = True
            fold_identity(answer, *layers(chunk))
        if answer.first_token is None and _has_output(choices):
            answer.first_token = now
        for choice in choices:
            seen = getattr(choice, "__dict__", choice)
            if issubclass(type(seen), dict) and seen.get("finish_reason") is not None:
                _fold_choices(answer, choices)
                break
    if answer.transcript is not None:
        answer.transcript.add(declared)
    if declared.get("usage") is not None:
        answer.usage = declared["usage"]
    if answer.usage is not None:
        fold_identity(answer, *layers(chunk))


def fold_error_chunk(answer: Answer, chunk: object, now: float) -> None:
    """Fold the chunk of a stream that carries an error; its usage and provider come with it (recorded 2025-11)."""
    found = members(chunk)
    fold_chunk(answer, found, now)
    fold_identity(answer, found, NOTHING)
    answer.failure = failure_in(found.get("error"))


def _fold_choices(answer: Answer, choices: Any) -> None:
    for position, choice in enumerate(choices if issubclass(type(choices), list) else ()):
        declared, others = layers(choice)
        reason = printable(declared.get("finish_reason"))
        if reason is None or len(answer.finish_reasons) >= _MOST_CHOICES:
            continue
        index = integer(declared.get("index"))
        index = position if index is None else index
        answer.finish_reasons[index] = reason
        native = printable(others.get("native_finish_reason", declared.get("native_finish_reason")))
        if native is not None:
            answer.native_finish_reasons[index] = native
        if reason == "error" and answer.failure is None:
            answer.failure = failure_in(others.get("error", declared.get("error")))


def _has_output(choices: list[object]) -> bool:
    # Role, empty content and comments are no tokens: reasoning and terminal chunks carry `content: ""`.
    for choice in choices:
        fields = layers(choice)[0]
        declared, others = layers(fields.get("delta"))
        if fields.get("text") or any(declared.get(part) or others.get(part) for part in _OUTPUT):
            return True
    return False


# Members of a delta, https://openrouter.ai/docs/api/reference/streaming and the recorded streams.
_MOST_CHOICES: Final = 64
_OUTPUT: Final = ("content", "reasoning", "reasoning_details", "tool_calls", "images", "audio", "refusal")
