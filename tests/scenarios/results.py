"""Embeddings, rerank, images, speech and transcription: thin rows, and nothing that the wire tells is missed."""

from dataclasses import replace
from typing import Any, Final

from .chat import CACHED
from .chat import SCENARIOS as CHAT
from .record import ID_ONLY, IDENTITY, PNG_PART, Scenario, answered, asked, both, failed, said, text

MODEL: Final = "openai/gpt-4o-mini"
FAILURES: Final = ("rate_limited", "moderated", "html_error", "whitespace", "routed_in_vain")
IN_200: Final = failed(
    "provider_unavailable",
    "Upstream error from Nvidia: Service temporarily overloaded",
    {**ID_ONLY, "openrouter.error.code": "502"},
)


def _table(
    name: str, request: dict[str, Any], asks: dict[str, Any], hello: Scenario, **more: Scenario
) -> dict[str, Scenario]:
    operation = {"gen_ai.operation.name": name, **asks}
    failures = {each: replace(CHAT[each], content=None) for each in FAILURES}
    plain = {"hello": hello, **failures, "error_in_200": IN_200}
    return {
        **{
            each: replace(scenario, request=request, asked=operation, streamed=None) for each, scenario in plain.items()
        },
        **{each: replace(scenario, asked={**operation, **scenario.asked}) for each, scenario in more.items()},
    }


def _streams(table: dict[str, Scenario], **streamed: Scenario) -> dict[str, Scenario]:
    return {
        name: replace(scenario, streamed=streamed[name].streamed if name in streamed else None)
        for name, scenario in table.items()
    }


VECTORS: Final[dict[str, Any]] = {
    **IDENTITY,
    "gen_ai.embeddings.dimension.count": 4,
    "gen_ai.usage.input_tokens": 7,
    "gen_ai.usage.text.input_tokens": 5,
    "gen_ai.usage.image.input_tokens": 2,
    "gen_ai.usage.audio.input_tokens": 0,
    "gen_ai.usage.cost": 1.4e-06,
    "openrouter.usage.cost": 1.4e-06,
    "openrouter.usage.upstream_inference_cost": 1.4e-06,
    "openrouter.usage.is_byok": False,
}
_EMBED: Final[dict[str, Any]] = {"model": MODEL, "input": "Hello", "encoding_format": "float"}
_FLOAT: Final = {"gen_ai.request.encoding_formats": ("float",)}
_MANY_PARTS: Final[list[Any]] = [
    {
        "content": [
            {"type": "text", "text": "A cat"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 8000}},
        ]
    }
]
EMBEDDINGS: Final = _table(
    "embeddings",
    _EMBED,
    _FLOAT,
    both(VECTORS, content=asked(said(text("Hello"), role="user"))),
    base64=Scenario(
        both(VECTORS).whole,
        None,
        {**_EMBED, "encoding_format": "base64", "dimensions": 4, "input": ["One", "Two"]},
        {"gen_ai.request.encoding_formats": ("base64",), "gen_ai.embeddings.dimension.count": 4},
        content=asked(said(text("One"), role="user"), said(text("Two"), role="user")),
        exchange="hello",
    ),
    many_parts=Scenario(
        both(VECTORS).whole,
        None,
        {**_EMBED, "input": _MANY_PARTS},
        content=asked(said(text("A cat"), PNG_PART, role="user")),
        exchange="hello",
    ),
    tokens=Scenario(
        both(VECTORS).whole,
        None,
        {**_EMBED, "input": [[1, 2, 3], [4]]},
        content=asked(
            said({"type": "tokens", "count": 3}, role="user"), said({"type": "tokens", "count": 1}, role="user")
        ),
        exchange="hello",
    ),
    empty=Scenario(failed("empty_response", None, {"gen_ai.response.model": "m"}).whole, None, _EMBED),
    embedding=Scenario(both({**VECTORS, "gen_ai.response.model": "text-embedding-3-small"}).whole, None, _EMBED),
    cached=Scenario(both({**VECTORS, **CACHED}).whole, None, _EMBED),
)

_RERANK: Final[dict[str, Any]] = {"model": MODEL, "query": "cats", "documents": ["a cat", "a dog"]}
RERANK: Final = _table(
    "rerank",
    _RERANK,
    {},
    both(
        {
            **IDENTITY,
            "gen_ai.usage.input_tokens": 31,
            "gen_ai.usage.cost": 0.002,
            "openrouter.usage.cost": 0.002,
            "openrouter.usage.search_units": 1,
        },
        content=asked(said(text("cats"), text("a cat"), text("a dog"), role="user")),
    ),
    empty=Scenario(failed("empty_response", None, {}).whole, None, _RERANK),
)

_DRAW: Final[dict[str, Any]] = {"model": MODEL, "prompt": "A cat", "n": 2}
_DRAWN: Final[dict[str, Any]] = {
    **ID_ONLY,  # by the header: the body has none
    "gen_ai.usage.input_tokens": 12,
    "gen_ai.usage.output_tokens": 1290,
    "gen_ai.usage.image.output_tokens": 1290,
    "gen_ai.usage.cost": 0.039,
    "openrouter.usage.cost": 0.039,
    "openrouter.usage.is_byok": False,
}
_DRAWING: Final = {"gen_ai.output.type": "image", "gen_ai.request.choice.count": 2}
_CAT: Final = asked(said(text("A cat"), role="user"))
IMAGES: Final = {
    **_streams(
        _table(
            "generate_content",
            _DRAW,
            _DRAWING,
            both(_DRAWN, content={**_CAT, **answered(said(PNG_PART, PNG_PART, reason=None))}),
            empty=Scenario(failed("empty_response", None, {}).whole, None, _DRAW, exchange="empty"),
        ),
        error_in_200=IN_200,
        rate_limited=CHAT["rate_limited"],
    ),
    "streamed": Scenario(
        None,
        both(_DRAWN).streamed,
        {**_DRAW, "n": 1},
        {"gen_ai.operation.name": "generate_content", "gen_ai.output.type": "image"},
        content={**_CAT, **answered(said(PNG_PART, reason=None))},
        exchange="hello",
    ),
}

_SPEAK: Final[dict[str, Any]] = {"model": MODEL, "input": "Hello", "voice": "alloy"}
SPEECH: Final = {
    name: scenario
    for name, scenario in _table(
        "speech",
        _SPEAK,
        {"gen_ai.output.type": "speech"},
        both(ID_ONLY, content=asked(said(text("Hello"), role="user"))),
    ).items()
    if name not in ("whitespace", "error_in_200")  # those bytes would be the sound
}

_HEAR: Final[dict[str, Any]] = {"model": MODEL, "file": ("hello.mp3", b"ID3\x04")}
_HEARD: Final[dict[str, Any]] = {
    **ID_ONLY,
    "gen_ai.usage.input_tokens": 95,
    "gen_ai.usage.output_tokens": 4,
    "gen_ai.usage.cost": 0.0006,
    "openrouter.usage.cost": 0.0006,
    "openrouter.usage.seconds": 9.5,
}
TRANSCRIPTION: Final = {
    **_table(
        "transcription",
        _HEAR,
        {},
        both(_HEARD, content=answered(said(text("Hello there."), reason=None))),
        empty=Scenario(failed("empty_response", None, {"openrouter.usage.seconds": 1.0}).whole, None, _HEAR),
    ),
    "streamed": Scenario(
        None,
        both(_HEARD).streamed,
        _HEAR,
        {"gen_ai.operation.name": "transcription"},
        content=answered(said(text("Hello there."), reason=None)),
        exchange="hello",
    ),
}
