"""The parameters of a request as one JSON object, from the attributes of its span."""

import json
from collections.abc import Mapping
from typing import Any, Final

from .. import attributes as names
from .dialect_values import SpanSnapshot, is_embedding


def llm_parameters(span: SpanSnapshot) -> str | None:
    """The parameters of a request that generates something."""
    return None if is_embedding(span) else _parameters(span, _GENERATION)


def embedding_parameters(span: SpanSnapshot) -> str | None:
    """The parameters of an embedding request."""
    return _parameters(span, _EMBEDDING) if is_embedding(span) else None


def _parameters(span: SpanSnapshot, rows: Mapping[str, str]) -> str | None:
    found: dict[str, Any] = {key: value for key, name in rows.items() if (value := _value(span, name)) is not None}
    provider = {key: value for key, name in _PROVIDER.items() if (value := _value(span, name)) is not None}
    if provider:
        found["provider"] = provider
    return json.dumps(found, ensure_ascii=False) if found else None


def _value(span: SpanSnapshot, name: str) -> Any:
    value = span.attributes.get(name)
    # The attribute is a list by convention, the parameter a text.
    return value[0] if name == names.GEN_AI_REQUEST_ENCODING_FORMATS and value else value


# Fields of the wire, as `_wire/request.py` reads them. The user, the session and `metadata` are no parameters.
_COMMON: Final = {
    "model": names.GEN_AI_REQUEST_MODEL,
    "models": names.OPENROUTER_REQUEST_MODELS,
    "service_tier": names.OPENROUTER_REQUEST_SERVICE_TIER,
}
_GENERATION: Final = {
    **_COMMON,
    "temperature": names.GEN_AI_REQUEST_TEMPERATURE,
    "top_p": names.GEN_AI_REQUEST_TOP_P,
    "top_k": names.GEN_AI_REQUEST_TOP_K,
    "max_tokens": names.GEN_AI_REQUEST_MAX_TOKENS,
    "frequency_penalty": names.GEN_AI_REQUEST_FREQUENCY_PENALTY,
    "presence_penalty": names.GEN_AI_REQUEST_PRESENCE_PENALTY,
    "stop": names.GEN_AI_REQUEST_STOP_SEQUENCES,
    "seed": names.GEN_AI_REQUEST_SEED,
    "n": names.GEN_AI_REQUEST_CHOICE_COUNT,
    "stream": names.GEN_AI_REQUEST_STREAM,
    "reasoning_effort": names.GEN_AI_REQUEST_REASONING_LEVEL,
    "transforms": names.OPENROUTER_REQUEST_TRANSFORMS,
    "route": names.OPENROUTER_REQUEST_ROUTE,
    "preset": names.OPENROUTER_REQUEST_PRESET,
}
_EMBEDDING: Final = {
    **_COMMON,
    "dimensions": names.GEN_AI_EMBEDDINGS_DIMENSION_COUNT,
    "encoding_format": names.GEN_AI_REQUEST_ENCODING_FORMATS,
}
_PROVIDER: Final = {
    "order": names.OPENROUTER_REQUEST_PROVIDER_ORDER,
    "only": names.OPENROUTER_REQUEST_PROVIDER_ONLY,
    "ignore": names.OPENROUTER_REQUEST_PROVIDER_IGNORE,
    "quantizations": names.OPENROUTER_REQUEST_PROVIDER_QUANTIZATIONS,
    "sort": names.OPENROUTER_REQUEST_PROVIDER_SORT,
    "data_collection": names.OPENROUTER_REQUEST_PROVIDER_DATA_COLLECTION,
    "allow_fallbacks": names.OPENROUTER_REQUEST_PROVIDER_ALLOW_FALLBACKS,
    "require_parameters": names.OPENROUTER_REQUEST_PROVIDER_REQUIRE_PARAMETERS,
    "zdr": names.OPENROUTER_REQUEST_PROVIDER_ZDR,
}
