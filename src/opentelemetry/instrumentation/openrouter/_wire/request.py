"""The attributes of a request: wire field -> attribute, one row each.

The request is the merged JSON body (`extra_body` included) and a few headers, as plain mappings. Rows without a source
of their own are fields of the chat request,
https://openrouter.ai/docs/api/api-reference/chat/send-chat-completion-request
"""

from collections.abc import Iterable, Mapping
from typing import Final, cast

from .. import attributes as names
from .fields import Attributes, Table, double, flag, integer, mapping, prefixed, read, text, texts


def request_attributes(body: Mapping[str, object], *headers: object) -> Attributes:
    """Return the attributes of one request; pure.

    Args:
        body: the merged wire body.
        headers: mappings of header names to values, weakest first; any other value is skipped.
    """
    attributes: Attributes = {}
    for source in headers:
        if source:
            for header, value in mapping(source).items():
                attributes.update(_header(str(header).lower(), value))
    read(body, _BODY, attributes)
    # Both may be sent; `max_tokens` is deprecated.
    if "max_completion_tokens" in body:
        read({"max_tokens": body["max_completion_tokens"]}, _BODY, attributes)
    return attributes


def baggage_attributes(entries: Mapping[str, object], keys: Iterable[str]) -> Attributes:
    """Return the attributes from the OpenTelemetry baggage of the caller's context; pure.

    Args:
        entries: the baggage.
        keys: the entries that become attributes, each under its own name; a session is a conversation as well.
    """
    attributes: Attributes = {}
    for key in keys:
        value = text(entries.get(key))
        if value is not None:
            attributes.update(_session(value) if key == names.SESSION_ID else {key: value})
    return attributes


def _header(name: str, value: object) -> Attributes:
    # https://openrouter.ai/docs/app-attribution; `x-session-id` is the header form of the body's `session_id`.
    if name == "x-session-id":
        return _session(value)
    attribute = _APP_HEADERS.get(name)
    string = text(value)
    return {attribute: string} if attribute and string else {}


def _session(value: object) -> Attributes:
    session = text(value)
    return {names.SESSION_ID: session, names.GEN_AI_CONVERSATION_ID: session} if session else {}


def _several_choices(value: object) -> int | None:
    number = integer(value)
    return None if number == 1 else number  # the convention: only if it is not 1


def _streamed(value: object) -> bool | None:
    return True if value is True else None  # the convention: absent unless streamed


def _output_type(response_format: object) -> str | None:
    # https://openrouter.ai/docs/features/structured-outputs
    kind = mapping(response_format).get("type")
    return {"text": "text", "json_object": "json", "json_schema": "json"}.get(kind) if isinstance(kind, str) else None


def _output_modality(modalities: object) -> str | None:
    # https://openrouter.ai/docs/features/multimodal/image-generation; `text` may be listed as well.
    requested = texts(modalities) or ()
    return next((kind for modality, kind in (("image", "image"), ("audio", "speech")) if modality in requested), None)


def _plugin_ids(plugins: object) -> tuple[str, ...] | None:
    if not isinstance(plugins, (list, tuple)):
        return None
    return texts([mapping(plugin).get("id") for plugin in cast("list[object]", plugins)])


def _sorting(sort: object) -> str | None:
    return text(sort) or text(mapping(sort).get("by"))  # a string, or {by, partition}


def _metadata(metadata: object) -> Attributes:
    return prefixed(metadata, names.OPENROUTER_REQUEST_METADATA, text)


_APP_HEADERS: Final = {
    "http-referer": names.OPENROUTER_APP_URL,
    "x-openrouter-title": names.OPENROUTER_APP_TITLE,
    "x-title": names.OPENROUTER_APP_TITLE,
}

_BODY: Final[Table] = {
    "model": (names.GEN_AI_REQUEST_MODEL, text),
    "models": (names.OPENROUTER_REQUEST_MODELS, texts),
    "temperature": (names.GEN_AI_REQUEST_TEMPERATURE, double),
    "top_p": (names.GEN_AI_REQUEST_TOP_P, double),
    "top_k": (names.GEN_AI_REQUEST_TOP_K, integer),
    "max_tokens": (names.GEN_AI_REQUEST_MAX_TOKENS, integer),
    "max_output_tokens": (names.GEN_AI_REQUEST_MAX_TOKENS, integer),  # Responses
    "frequency_penalty": (names.GEN_AI_REQUEST_FREQUENCY_PENALTY, double),
    "presence_penalty": (names.GEN_AI_REQUEST_PRESENCE_PENALTY, double),
    "stop": (names.GEN_AI_REQUEST_STOP_SEQUENCES, texts),
    "seed": (names.GEN_AI_REQUEST_SEED, integer),
    "n": (names.GEN_AI_REQUEST_CHOICE_COUNT, _several_choices),
    "stream": (names.GEN_AI_REQUEST_STREAM, _streamed),
    # https://openrouter.ai/docs/use-cases/reasoning-tokens: either spelling, they must agree
    "reasoning_effort": (names.GEN_AI_REQUEST_REASONING_LEVEL, text),
    "reasoning": {"effort": (names.GEN_AI_REQUEST_REASONING_LEVEL, text)},
    "response_format": (names.GEN_AI_OUTPUT_TYPE, _output_type),
    # Responses: https://openrouter.ai/docs/api/api-reference/responses/create-responses
    "text": {"format": (names.GEN_AI_OUTPUT_TYPE, _output_type)},
    "previous_response_id": (names.GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID, text),
    # https://openrouter.ai/docs/api/api-reference/embeddings/create-embeddings
    "dimensions": (names.GEN_AI_EMBEDDINGS_DIMENSION_COUNT, integer),
    "encoding_format": (names.GEN_AI_REQUEST_ENCODING_FORMATS, texts),
    "modalities": (names.GEN_AI_OUTPUT_TYPE, _output_modality),
    # https://openrouter.ai/docs/features/provider-routing
    "provider": {
        "order": (names.OPENROUTER_REQUEST_PROVIDER_ORDER, texts),
        "only": (names.OPENROUTER_REQUEST_PROVIDER_ONLY, texts),
        "ignore": (names.OPENROUTER_REQUEST_PROVIDER_IGNORE, texts),
        "quantizations": (names.OPENROUTER_REQUEST_PROVIDER_QUANTIZATIONS, texts),
        "sort": (names.OPENROUTER_REQUEST_PROVIDER_SORT, _sorting),
        "data_collection": (names.OPENROUTER_REQUEST_PROVIDER_DATA_COLLECTION, text),
        "allow_fallbacks": (names.OPENROUTER_REQUEST_PROVIDER_ALLOW_FALLBACKS, flag),
        "require_parameters": (names.OPENROUTER_REQUEST_PROVIDER_REQUIRE_PARAMETERS, flag),
        "zdr": (names.OPENROUTER_REQUEST_PROVIDER_ZDR, flag),
    },
    "plugins": (names.OPENROUTER_REQUEST_PLUGINS, _plugin_ids),
    # https://openrouter.ai/docs/features/message-transforms
    "transforms": (names.OPENROUTER_REQUEST_TRANSFORMS, texts),
    "route": (names.OPENROUTER_REQUEST_ROUTE, text),
    "preset": (names.OPENROUTER_REQUEST_PRESET, text),  # https://openrouter.ai/docs/features/presets
    "service_tier": (names.OPENROUTER_REQUEST_SERVICE_TIER, text),
    "metadata": _metadata,  # OpenRouter accepts 16 pairs
    "user": (names.USER_ID, text),
    "session_id": _session,  # https://openrouter.ai/docs/guides/features/broadcast
}
