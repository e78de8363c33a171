"""The record of one response, which whole bodies and chunks are folded into, and its attributes.

The record holds what `response_attributes` needs, and grows with a stream only if its content is captured. Fields that
all endpoints share are folded here, the others in `chat`, `responses_api` and `results`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from .. import attributes as names
from .errors import ErrorInfo, error_from_body
from .fields import Attributes, Table, count, integer, mapping, parse_json, printable, read, sequence
from .usage import has_figures, read_usage, usage_attributes


class ContentSink(Protocol):
    """Receives the content of a response; `_content.accumulators` implements it."""

    def set_body(self, body: object) -> None:
        """Receive a whole body."""

    def add(self, chunk: Mapping[str, Any]) -> None:
        """Receive one chunk or one event of a stream."""


@dataclass(slots=True)
class ResponseRecord:
    """The response to one call, as far as it has arrived."""

    id: str | None = None
    model: str | None = None
    provider: str | None = None
    service_tier: str | None = None
    # A factory `dict` has no types, and `dict[int, str]` takes five times as long; each call creates a record.
    finish_reasons: dict[int, str] = field(default_factory=lambda: {})  # noqa: PIE807 - see above
    native_finish_reasons: dict[int, str] = field(default_factory=lambda: {})  # noqa: PIE807 - see above
    usage: object = None
    """The last `usage` object that has a value; read when the call ends."""
    earlier_usage: Attributes | None = None
    """The figures of the `usage` objects before it; nearly all responses have one only."""
    started_usage: object = None
    """The `usage` at the start of a stream, which is reported if there is no other: tokens of the input."""
    lacks_cost: bool = False
    """`usage` is final, but the endpoint does not send the cost with it."""
    error: ErrorInfo | None = None
    """The error in the body, for which the SDK may raise nothing."""
    first_token: float | None = None
    """The clock's reading at the first chunk with real output."""
    has_identity: bool = False
    """The first chunk of a stream with choices, or its first event, has been folded: the identity is known."""
    is_broken: bool = False
    """The stream ended before its finish reasons; see `mark_unfinished`."""
    attributes: Attributes = field(default_factory=lambda: {})  # noqa: PIE807 - see above
    """Attributes that need no further work: cache, routing, retries, dimensions of embeddings."""
    content: ContentSink | None = None
    """Set only if content is captured."""


def response_attributes(record: ResponseRecord) -> Attributes:
    """Return all attributes of a response except its times and its error."""
    usage = record.started_usage if record.usage is None else record.usage
    attributes = {} if usage is None else usage_attributes(usage, record.earlier_usage)
    if record.attributes:
        attributes.update(record.attributes)
    if record.id is not None:
        attributes[names.GEN_AI_RESPONSE_ID] = record.id
    if record.model is not None:
        attributes[names.GEN_AI_RESPONSE_MODEL] = record.model
    if record.provider is not None:
        attributes[names.OPENROUTER_PROVIDER_NAME] = record.provider
    if record.service_tier is not None:
        attributes[names.OPENROUTER_RESPONSE_SERVICE_TIER] = record.service_tier
    if record.finish_reasons:
        attributes[names.GEN_AI_RESPONSE_FINISH_REASONS] = _in_order(record.finish_reasons)
    if record.native_finish_reasons:
        attributes[names.OPENROUTER_RESPONSE_NATIVE_FINISH_REASONS] = _in_order(record.native_finish_reasons)
    return attributes


def fold_identity(record: ResponseRecord, fields: Mapping[str, Any]) -> None:
    """Fold the top-level fields of a body or a chunk. An SDK's models declare some of them only: see `mapping`."""
    # Set once: every chunk repeats them. Only the last chunk has the tier.
    if record.id is None:
        record.id = printable(fields.get("id"))
    if record.model is None:
        record.model = printable(fields.get("model"))
    if record.provider is None:
        record.provider = printable(fields.get("provider"))
    tier = fields.get("service_tier")
    if tier is not None:
        record.service_tier = printable(tier)
    routing = fields.get("openrouter_metadata")
    if routing is not None:
        fold_routing(record, routing)


def fold_usage(record: ResponseRecord, usage: object) -> None:
    """Fold a `usage` object. A later one replaces the figures that it has, and never removes another."""
    if not has_figures(usage):
        return
    if record.usage is not None:
        earlier: Attributes = record.earlier_usage or {}
        read_usage(record.usage, earlier)
        record.earlier_usage = earlier
    record.usage = usage


def mark_unfinished(record: ResponseRecord, choice_count: object) -> None:
    """Set the finish reason `error` for each choice of a stream that broke off before the choice's finish reason.

    The conventions define it for a finish reason that was expected and not received.
    https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/registry/attributes/gen-ai.md

    Args:
        record: a failed or abandoned call; only a stream of choices is changed.
        choice_count: the number of choices that the request asks for; None for one.
    """
    if record.has_identity:
        record.is_broken = True
        for index in range(min(integer(choice_count) or 1, MAX_CHOICES)):
            record.finish_reasons.setdefault(index, "error")


def fold_routing(record: ResponseRecord, routing: object) -> None:
    """Fold `openrouter_metadata`, which is sent if the caller asks for it, also with errors."""
    read(routing, _ROUTING, record.attributes)
    if record.provider is None:  # a Responses body has no `provider`
        endpoints = sequence(mapping(mapping(routing).get("endpoints")).get("available"))
        chosen = [each for endpoint in endpoints if (each := mapping(endpoint)).get("selected") is True]
        record.provider = printable(chosen[0].get("provider")) if chosen else None


def fold_error_event(record: ResponseRecord, event: object, now: float) -> None:  # noqa: ARG001 - one signature for all operations
    """Fold an error event of a stream: the error is its field `error`, or the event itself."""
    fields = mapping(event)
    record.error = error_from_body(fields.get("error") or fields, error_type=fields.get("error_type"))
    fold_identity(record, fields)


def fold_error_response(record: ResponseRecord, status: int, body: object) -> None:
    """Fold an error response that the client has not raised yet; *body* is None until it is read."""
    fields = mapping(body)
    record.error = error_from_body(fields.get("error"), status)
    fold_routing(record, fields.get("openrouter_metadata"))


def fold_error_routing(record: ResponseRecord, content: bytes) -> None:
    """Fold the routing in an error body: the SDK's exception keeps only its field `error`."""
    if b'"openrouter_metadata"' not in content:
        return
    try:
        body = parse_json(content)
    except ValueError:
        return
    fold_routing(record, mapping(body).get("openrouter_metadata"))


def fold_headers(record: ResponseRecord, headers: object) -> None:
    """Fold the response headers: they have what a body lacks, or what was not observed of it.

    Args:
        record: values that it has already stay.
        headers: the HTTP library's headers; any other value is skipped.
    """
    pairs: Iterable[tuple[bytes, bytes]] = getattr(headers, "raw", ())
    present = {name: value.decode("latin-1") for key, value in pairs if (name := key.lower()) in _HEADERS}
    if not present:
        return
    # The id of a message may be the upstream provider's (`msg_…`); `GET /generation` and Broadcast need OpenRouter's.
    if record.id is None or not record.id.startswith("gen-"):
        record.id = printable(present.get(b"x-generation-id")) or record.id
    record.provider = record.provider or printable(present.get(b"x-provider-name"))
    for name in present.keys() & _CACHE_HEADERS.keys():
        attribute, convert = _CACHE_HEADERS[name]
        value = convert(present[name])
        if value is not None:
            record.attributes[attribute] = value


def _in_order(reasons: dict[int, str]) -> tuple[str, ...]:
    return tuple(reasons.values()) if len(reasons) < 2 else tuple(reasons[index] for index in sorted(reasons))  # noqa: PLR2004 - nothing to sort


def _whole_number(value: object) -> int | None:
    return integer(int(value)) if isinstance(value, str) and value.isdecimal() else None


def _attempts(attempts: object) -> Attributes:
    """Three parallel lists with one entry an attempt: the upstream provider, the model, and the HTTP status."""
    tries = [mapping(attempt) for attempt in sequence(attempts)[:_MAX_ATTEMPTS]]
    if not tries:
        return {}
    providers, models = ([printable(attempt.get(name)) or "" for attempt in tries] for name in ("provider", "model"))
    return {
        names.OPENROUTER_ROUTING_ATTEMPT_PROVIDERS: tuple(providers),
        names.OPENROUTER_ROUTING_ATTEMPT_MODELS: tuple(models),
        names.OPENROUTER_ROUTING_ATTEMPT_STATUSES: tuple(integer(attempt.get("status")) or 0 for attempt in tries),
    }


MAX_CHOICES: Final = 64
"""The maximum number of finish reasons of a response."""
_MAX_ATTEMPTS: Final = 64

# https://openrouter.ai/docs/guides/features/router-metadata
_ROUTING: Final[Table] = {
    "requested": (names.OPENROUTER_ROUTING_REQUESTED_MODEL, printable),
    "strategy": (names.OPENROUTER_ROUTING_STRATEGY, printable),
    "region": (names.OPENROUTER_ROUTING_REGION, printable),
    "attempt": (names.OPENROUTER_ROUTING_ATTEMPT_NUMBER, count),
    "attempts": _attempts,
}

# https://openrouter.ai/docs/features/response-caching: a hit has its own id and a usage of zero tokens.
_CACHE_HEADERS: Final = {
    b"x-openrouter-cache-status": (names.OPENROUTER_CACHE_STATUS, printable),
    b"x-openrouter-cache-age": (names.OPENROUTER_CACHE_AGE, _whole_number),
    b"x-openrouter-cache-ttl": (names.OPENROUTER_CACHE_TTL, _whole_number),
    b"x-openrouter-cache-source-id": (names.OPENROUTER_CACHE_SOURCE_ID, printable),
}
# https://openrouter.ai/docs/api/reference/streaming; X-Provider-Name appears only in Access-Control-Expose-Headers
# (recorded 2026-07).
_HEADERS: Final = {b"x-generation-id", b"x-provider-name", *_CACHE_HEADERS}
