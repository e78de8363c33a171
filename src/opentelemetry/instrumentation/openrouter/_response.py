"""Whole answers and chunks fold into one record; a whole answer is a stream of one.

The record holds what `response_attributes` needs and nothing that grows with a stream. Bodies are plain dicts or the
SDK's models of them; no exception, no clock and no span is known here.
"""

from dataclasses import dataclass, field
from typing import Any, Final, cast

from . import attributes as names
from ._errors import EMPTY_RESPONSE, Failure, failure_in
from ._usage import usage_attributes
from ._wire import Attributes, integer, members, text


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
    found = members(body)
    _fold_identity(answer, found)
    choices = found.get("choices")
    _fold_choices(answer, choices)
    if (usage := found.get("usage")) is not None:
        answer.usage = usage
    if (error := found.get("error")) is not None:
        answer.failure = failure_in(error)
    elif choices is None and answer.failure is None:
        answer.failure = EMPTY_RESPONSE


def fold_chunk(answer: Answer, chunk: object, now: float) -> None:
    """Fold one chunk of a stream, read off the clock at *now*.

    This runs between the caller and each token, so it looks at little: identity in the first chunk, finish reasons
    and usage when they appear (usage may come in a chunk without choices, with a null or with a repeated finish
    reason: three shapes were recorded between 2025-11 and 2026-09).
    """
    # Declared fields only, without the merge that `members` makes; the rest is looked at where it is needed.
    declared = cast("dict[str, Any]", chunk if type(chunk) is dict else getattr(chunk, "__dict__", _NOTHING))
    choices = declared.get("choices")
    if type(choices) is list and choices:
        if not answer.begun:
            answer.begun = True
            _fold_identity(answer, members(chunk))
        if answer.first_token is None and _has_output(choices):
            answer.first_token = now
        for choice in choices:
            seen = choice if type(choice) is dict else getattr(choice, "__dict__", _NOTHING)
            if seen.get("finish_reason") is not None:
                _fold_choices(answer, choices)
                break
    if declared.get("usage") is not None:
        answer.usage = declared["usage"]
        _fold_identity(answer, members(chunk))


def fold_error_event(answer: Answer, event: object, now: float) -> None:
    """Fold the event of a stream that carries an error; its usage and provider come with it (recorded 2025-11)."""
    found = members(event)
    fold_chunk(answer, found, now)
    _fold_identity(answer, found)
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


def _fold_identity(answer: Answer, found: Any) -> None:
    # Set once, never joined: each chunk repeats them. The tier is known only to the last chunk.
    answer.id = answer.id or text(found.get("id"))
    answer.model = answer.model or text(found.get("model"))
    answer.provider = answer.provider or text(found.get("provider"))
    answer.service_tier = text(found.get("service_tier")) or answer.service_tier


def _fold_choices(answer: Answer, choices: object) -> None:
    if not isinstance(choices, list):
        return
    for position, choice in enumerate(cast("list[object]", choices)):
        found = members(choice)
        reason = text(found.get("finish_reason"))
        if reason is None:
            continue
        index = integer(found.get("index"))
        index = position if index is None else index
        answer.finish_reasons[index] = reason
        if native := text(found.get("native_finish_reason")):
            answer.native_finish_reasons[index] = native
        if reason == "error" and answer.failure is None:
            answer.failure = failure_in(found.get("error"))


def _has_output(choices: object) -> bool:
    # Role, empty content and comments are no tokens: reasoning and terminal chunks carry `content: ""`.
    return isinstance(choices, list) and any(
        delta.get(part)
        for choice in cast("list[object]", choices)
        for delta in (members(members(choice).get("delta")),)
        for part in _OUTPUT
    )


def _in_order(reasons: dict[int, str]) -> tuple[str, ...]:
    return tuple(reasons.values()) if len(reasons) < 2 else tuple(reasons[index] for index in sorted(reasons))  # noqa: PLR2004 - nothing to sort


_NOTHING: Final[dict[str, Any]] = {}

# Members of a delta, https://openrouter.ai/docs/api/reference/streaming and the recorded streams.
_OUTPUT: Final = ("content", "reasoning", "reasoning_details", "tool_calls", "images", "audio", "refusal")
