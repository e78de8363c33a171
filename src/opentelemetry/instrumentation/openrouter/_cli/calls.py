"""A call as the table shows it: read from the attributes of its finished span, written as one line of JSON.

It contains no message content, so that `run` may write it to a file.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any, Final, Protocol

from .. import attributes as names

# https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-agent-spans.md: the name
# of the agent, and the operations that contain calls. Their spans may repeat the tokens of those calls.
_AGENT_NAME: Final = "gen_ai.agent.name"
_NOT_CALLS: Final = {"create_agent", "invoke_agent", "invoke_workflow", "execute_tool", "plan"}


class SpanStatus(Protocol):
    """The status of a finished span."""

    @property
    def description(self) -> str | None:
        """The error message."""
        ...


class FinishedSpan(Protocol):
    """What is read of a finished span; `ReadableSpan` of the SDK has it."""

    @property
    def attributes(self) -> Mapping[str, Any] | None:
        """The attributes."""
        ...

    @property
    def start_time(self) -> int | None:
        """Nanoseconds since the epoch."""
        ...

    @property
    def end_time(self) -> int | None:
        """Nanoseconds since the epoch."""
        ...

    @property
    def status(self) -> SpanStatus:
        """The status."""
        ...


@dataclass(frozen=True)
class Call:
    """One call to OpenRouter. What the span does not have is None."""

    start: str
    """In UTC, as ISO 8601 with microseconds, so that the order of texts is the order of times."""
    duration: float
    """In seconds."""
    operation: str
    streamed: bool
    requested_model: str | None = None
    response_model: str | None = None
    provider: str | None = None
    """The upstream provider."""
    input_tokens: int | None = None
    cached_tokens: int | None = None
    """The input tokens that were read from the upstream provider's cache."""
    output_tokens: int | None = None
    cost: float | None = None
    """In USD."""
    first_token: float | None = None
    """In seconds."""
    error: str | None = None
    error_message: str | None = None
    cancelled: bool = False
    """Whether a stream was left before its end."""
    attempts: int | None = None
    """The upstream attempts that OpenRouter made."""
    retries: int | None = None
    """The retries that the SDK made."""
    response_cache: str | None = None
    """`HIT` if OpenRouter's response cache answered."""
    session: str | None = None
    user: str | None = None
    agent: str | None = None

    @property
    def exact_cost(self) -> Decimal | None:
        """The cost as it is written in the response."""
        return None if self.cost is None else Decimal(repr(self.cost))


def read_call(span: FinishedSpan) -> Call | None:
    """Return the call that *span* describes, or None for the span of something else."""
    attributes: Mapping[str, Any] = span.attributes or {}
    operation = attributes.get(names.GEN_AI_OPERATION_NAME, "chat")
    if attributes.get(names.GEN_AI_PROVIDER_NAME) != "openrouter" or operation in _NOT_CALLS:
        return None
    start, end = span.start_time or 0, span.end_time or 0
    error = attributes.get(names.ERROR_TYPE)
    return Call(
        start=datetime.fromtimestamp(start / 1e9, timezone.utc).isoformat(timespec="microseconds"),
        duration=(end - start) / 1e9,
        operation=operation,
        streamed=attributes.get(names.GEN_AI_REQUEST_STREAM) is True,
        error=error,
        error_message=None if error is None else span.status.description,
        cancelled=names.OPENROUTER_STREAM_CANCELLED in attributes,
        **{field: attributes.get(name) for field, name in _FIELDS.items()},
    )


_FIELDS: Final = {
    "requested_model": names.GEN_AI_REQUEST_MODEL,
    "response_model": names.GEN_AI_RESPONSE_MODEL,
    "provider": names.OPENROUTER_PROVIDER_NAME,
    "input_tokens": names.GEN_AI_USAGE_INPUT_TOKENS,
    "cached_tokens": names.GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
    "output_tokens": names.GEN_AI_USAGE_OUTPUT_TOKENS,
    "cost": names.GEN_AI_USAGE_COST,
    "first_token": names.OPENROUTER_RESPONSE_TIME_TO_FIRST_TOKEN,
    "attempts": names.OPENROUTER_ROUTING_ATTEMPT_NUMBER,
    "retries": names.OPENROUTER_REQUEST_RETRY_COUNT,
    "response_cache": names.OPENROUTER_CACHE_STATUS,
    "session": names.SESSION_ID,
    "user": names.USER_ID,
    "agent": _AGENT_NAME,
}


def call_to_json(call: Call) -> str:
    """Return the call as one line."""
    return json.dumps(asdict(call))


def call_from_json(line: str | bytes) -> Call | None:
    """Return the call of one line, or None if another version of this package wrote it."""
    try:
        return Call(**json.loads(line))
    except (TypeError, ValueError):
        return None
