"""What is known of the answer to one call: a record that whole answers and chunks fold into, and its attributes.

The record holds what `response_attributes` needs, and grows with a stream only where its content is captured. What all
endpoints tell alike is folded here; their bodies are told apart in `_choices`, `_events` and `_results`.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .. import attributes as names
from .._content.accumulators import Transcript
from .errors import Failure, failure_in
from .fields import NOTHING, Attributes, Table, count, integer, items, members, printable, read
from .usage import usage_attributes


@dataclass(slots=True)
class Answer:
    """What is known so far of the answer to one call."""

    id: str | None = None
    model: str | None = None
    provider: str | None = None
    service_tier: str | None = None
    # A factory `dict` has no types, and `dict[int, str]` takes five times as long; this is made for each call.
    finish_reasons: dict[int, str] = field(default_factory=lambda: {})  # noqa: PIE807 - see above
    native_finish_reasons: dict[int, str] = field(default_factory=lambda: {})  # noqa: PIE807 - see above
    usage: object = None
    """The last `usage` object of the wire; read when the call ends."""
    failure: Failure | None = None
    """The error that the body itself tells, though the SDK may raise nothing."""
    first_token: float | None = None
    """The clock's reading at the first chunk with real output, as given to `fold_chunk`."""
    begun: bool = False
    """A chunk with choices has been folded: the identity need not be looked for again."""
    facts: Attributes = field(default_factory=lambda: {})  # noqa: PIE807 - see above
    """Attributes that are complete as they were found: of the cache, of the routing, of the vectors."""
    transcript: Transcript | None = None
    """What the answer says; only where content is captured."""


def response_attributes(answer: Answer) -> Attributes:
    """All attributes that an answer gives a span, but for its times and its failure."""
    found = usage_attributes(answer.usage) if answer.usage is not None else {}
    if answer.facts:
        found.update(answer.facts)
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


def fold_identity(answer: Answer, declared: Mapping[str, Any], others: Mapping[str, Any]) -> None:
    """Fold what stands at the top of a body or a chunk, as `layers` gives it."""
    # Set once, never joined: each chunk repeats them. The tier is known only to the last chunk.
    if answer.id is None:
        answer.id = printable(declared.get("id"))
    if answer.model is None:
        answer.model = printable(declared.get("model"))
    if answer.provider is None:
        answer.provider = printable(others.get("provider", declared.get("provider")))
    tier = declared.get("service_tier", others.get("service_tier"))
    if tier is not None:
        answer.service_tier = printable(tier)
    routing = others.get("openrouter_metadata", declared.get("openrouter_metadata"))
    if routing is not None:
        fold_routing(answer, routing)


def fold_routing(answer: Answer, routing: object) -> None:
    """Fold `openrouter_metadata`, which is there where the caller asked for it, in errors too."""
    read(routing, _ROUTING, answer.facts)
    if answer.provider is None:  # a Responses body does not tell it
        endpoints = items(members(members(routing).get("endpoints")).get("available"))
        chosen = [each for endpoint in endpoints if (each := members(endpoint)).get("selected") is True]
        answer.provider = printable(chosen[0].get("provider")) if chosen else None


def fold_error_event(answer: Answer, event: object, now: float) -> None:  # noqa: ARG001 - one shape for all operations
    """Fold an event of a stream that tells an error: in its member `error`, or in the event itself."""
    found = members(event)
    answer.failure = failure_in(found.get("error") or found, word=found.get("error_type"))
    fold_identity(answer, NOTHING, found)


def fold_refusal(answer: Answer, status: int, body: object) -> None:
    """Fold the body of an error status, as far as it is known: an SDK may leave it to its caller to raise."""
    found = members(body)
    answer.failure = failure_in(found.get("error"), status)
    fold_routing(answer, found.get("openrouter_metadata"))


def fold_error_body(answer: Answer, content: bytes) -> None:
    """Fold the body of an error status: of it the SDK's exception keeps only the `error`, not what stands beside it."""
    if b'"openrouter_metadata"' not in content:
        return
    try:
        body: object = json.loads(content)
    except ValueError:
        return
    fold_routing(answer, members(body).get("openrouter_metadata"))


def fold_headers(answer: Answer, headers: object) -> None:
    """Fold the headers of a response: what its body does not tell, or was not seen to tell.

    Args:
        answer: what is known so far; what it has stays.
        headers: the HTTP library's; anything else is skipped.
    """
    pairs: Iterable[tuple[bytes, bytes]] = getattr(headers, "raw", ())
    told = {name: value.decode("latin-1") for key, value in pairs if (name := key.lower()) in _HEADERS}
    if not told:
        return
    answer.id = answer.id or printable(told.get(b"x-generation-id"))
    answer.provider = answer.provider or printable(told.get(b"x-provider-name"))
    for name in told.keys() & _CACHE_HEADERS.keys():
        attribute, take = _CACHE_HEADERS[name]
        taken = take(told[name])
        if taken is not None:
            answer.facts[attribute] = taken


def _in_order(reasons: dict[int, str]) -> tuple[str, ...]:
    return tuple(reasons.values()) if len(reasons) < 2 else tuple(reasons[index] for index in sorted(reasons))  # noqa: PLR2004 - nothing to sort


def _whole_number(value: object) -> int | None:
    return integer(int(value)) if isinstance(value, str) and value.isdecimal() else None


def _attempts(attempts: object) -> Attributes:
    """Three lists side by side, one entry an attempt: who was asked, for which model, and the HTTP status."""
    tried = [members(attempt) for attempt in items(attempts)[:_MOST_ATTEMPTS]]
    if not tried:
        return {}
    providers, models = ([printable(attempt.get(name)) or "" for attempt in tried] for name in ("provider", "model"))
    return {
        names.OPENROUTER_ROUTING_ATTEMPT_PROVIDERS: tuple(providers),
        names.OPENROUTER_ROUTING_ATTEMPT_MODELS: tuple(models),
        names.OPENROUTER_ROUTING_ATTEMPT_STATUSES: tuple(integer(attempt.get("status")) or 0 for attempt in tried),
    }


_MOST_ATTEMPTS: Final = 64

# https://openrouter.ai/docs/guides/features/router-metadata
_ROUTING: Final[Table] = {
    "requested": (names.OPENROUTER_ROUTING_REQUESTED_MODEL, printable),
    "strategy": (names.OPENROUTER_ROUTING_STRATEGY, printable),
    "region": (names.OPENROUTER_ROUTING_REGION, printable),
    "attempt": (names.OPENROUTER_ROUTING_ATTEMPT_NUMBER, count),
    "attempts": _attempts,
}

# https://openrouter.ai/docs/features/response-caching: a hit has an id of its own, and a usage of zero tokens.
_CACHE_HEADERS: Final = {
    b"x-openrouter-cache-status": (names.OPENROUTER_CACHE_STATUS, printable),
    b"x-openrouter-cache-age": (names.OPENROUTER_CACHE_AGE, _whole_number),
    b"x-openrouter-cache-ttl": (names.OPENROUTER_CACHE_TTL, _whole_number),
    b"x-openrouter-cache-source-id": (names.OPENROUTER_CACHE_SOURCE_ID, printable),
}
# https://openrouter.ai/docs/api/reference/streaming; X-Provider-Name is only named in Access-Control-Expose-Headers
# (recorded 2026-07).
_HEADERS: Final = {b"x-generation-id", b"x-provider-name", *_CACHE_HEADERS}
