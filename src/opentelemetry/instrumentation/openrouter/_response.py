"""Whole answers and chunks fold into one record; a whole answer is a stream of one.

The record holds what `response_attributes` needs and nothing that grows with a stream. Bodies are plain dicts or the
SDK's models of them; no exception, no clock and no span is known here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from . import attributes as names
from ._errors import EMPTY_RESPONSE, Failure, failure_in
from ._usage import usage_attributes
from ._wire import NOTHING, Attributes, integer, layers, members, text


@dataclass(slots=True)
class Answer:
    """What is known so far of the answer to one call."""

    id: str | None = None
    model: str | None = None
    provider: str | None = None
    service_tier: str | None = None
    finish_reasons: dict[int, str] = field(default_factory=dict[int, str])
    native_finish_reasons: dict[int, str] = field(default_factory=dict[int, str])
    usage: object = None
    """The last `usage` object of the wire; read when the call ends."""
    failure: Failure | None = None
    """The error that the body itself tells, though the SDK may raise nothing."""
    first_token: float | None = None
    """The clock's reading at the first chunk with real output, as given to `fold_chunk`."""
    begun: bool = False
    """A chunk with choices has been folded: the identity need not be looked for again."""


def fold_whole(answer: Answer, body: object) -> None:
    """Fold a whole chat completion."""
    declared, others = layers(body)
    _fold_identity(answer, declared, others)
    choices = declared.get("choices")
    _fold_choices(answer, choices)
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
    reason: three shapes were recorded between 2025-11 and 2026-09).
    """
    declared = getattr(chunk, "__dict__", chunk)
    if not issubclass(type(declared), dict):
        return
    choices = declared.get("choices")
    if choices and issubclass(type(choices), list):
        if not answer.begun:
            answer.begun = True
            _fold_identity(answer, *layers(chunk))
        if answer.first_token is None and _has_output(choices):
            answer.first_token = now
        for choice in choices:
            seen = getattr(choice, "__dict__", choice)
            if issubclass(type(seen), dict) and seen.get("finish_reason") is not None:
                _fold_choices(answer, choices)
                break
    if declared.get("usage") is not None:
        answer.usage = declared["usage"]
        _fold_identity(answer, *layers(chunk))


def fold_error_event(answer: Answer, event: object, now: float) -> None:
    """Fold the event of a stream that carries an error; its usage and provider come with it (recorded 2025-11)."""
    found = members(event)
    fold_chunk(answer, found, now)
    _fold_identity(answer, found, NOTHING)
    answer.failure = failure_in(found.get("error"))


def response_attributes(answer: Answer) -> Attributes:
    """All attributes that an answer gives a span, but for its times and its failure."""
    found = usage_attributes(answer.usage) if answer.usage is not None else {}
    if answer.id is not None:
        found[names.GEN_AI_RESPONSE_ID] = answer.id
    if answer.model is not None:
        found[names.GEN_AI_RESPONSE_MODEL] = answer.model
    if answer.provider is not None:
        found[names.OPENROUTER_PROVIDER_NAME] = answer.provider
    if answer.service_tier is not None:
        found[names.OPENROUTER_RESPONSE_SERVICE_TIER] = answer.service_tier
    if answer.finish_reasons:
        found[names.GEN_AI_RESPONSE_FINISH_REASONS] = _in_order(answer.finish_reasons)
    if answer.native_finish_reasons:
        found[names.OPENROUTER_RESPONSE_NATIVE_FINISH_REASONS] = _in_order(answer.native_finish_reasons)
    return found


def _fold_identity(answer: Answer, declared: Mapping[str, Any], others: Mapping[str, Any]) -> None:
    # Set once, never joined: each chunk repeats them. The tier is known only to the last chunk.
    if answer.id is None:
        answer.id = text(declared.get("id"))
    if answer.model is None:
        answer.model = text(declared.get("model"))
    if answer.provider is None:
        answer.provider = text(others.get("provider", declared.get("provider")))
    tier = declared.get("service_tier", others.get("service_tier"))
    if tier is not None:
        answer.service_tier = text(tier)


def _fold_choices(answer: Answer, choices: Any) -> None:
    for position, choice in enumerate(choices if issubclass(type(choices), list) else ()):
        declared, others = layers(choice)
        reason = text(declared.get("finish_reason"))
        if reason is None:
            continue
        index = integer(declared.get("index"))
        index = position if index is None else index
        answer.finish_reasons[index] = reason
        native = text(others.get("native_finish_reason", declared.get("native_finish_reason")))
        if native is not None:
            answer.native_finish_reasons[index] = native
        if reason == "error" and answer.failure is None:
            answer.failure = failure_in(others.get("error", declared.get("error")))


def _has_output(choices: list[object]) -> bool:
    # Role, empty content and comments are no tokens: reasoning and terminal chunks carry `content: ""`.
    for choice in choices:
        declared, others = layers(layers(choice)[0].get("delta"))
        if any(declared.get(part) or others.get(part) for part in _OUTPUT):
            return True
    return False


def _in_order(reasons: dict[int, str]) -> tuple[str, ...]:
    return tuple(reasons.values()) if len(reasons) < 2 else tuple(reasons[index] for index in sorted(reasons))  # noqa: PLR2004 - nothing to sort


# Members of a delta, https://openrouter.ai/docs/api/reference/streaming and the recorded streams.
_OUTPUT: Final = ("content", "reasoning", "reasoning_details", "tool_calls", "images", "audio", "refusal")
