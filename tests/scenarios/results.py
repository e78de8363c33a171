"""Embeddings, rerank, images, speech, transcription, decisions and submitted jobs: the complete span of each scenario."""

from dataclasses import replace
from typing import Any, Final

from tests.simulator.jobs import BATCH_ID, VIDEO_ID

from .chat import CACHED
from .chat import SCENARIOS as CHAT
from .scenario import (
    ID_ONLY,
    IDENTITY,
    PNG_PART,
    Scenario,
    both,
    failed,
    input_messages,
    message,
    output_messages,
    text,
)

MODEL: Final = "openai/gpt-4o-mini"
NOT_AN_OBJECT: Final = ("html", "list_body", "cut_json", "too_deep")
ERRORS: Final = ("rate_limited", "moderated", "html_error", "whitespace", "routed_in_vain", *NOT_AN_OBJECT)
ERROR_IN_200: Final = failed(
    "provider_unavailable",
    "Upstream error from Nvidia: Service temporarily overloaded",
    {**ID_ONLY, "openrouter.error.code": "502"},
)


def _table(
    name: str, request: dict[str, Any], request_attributes: dict[str, Any], hello: Scenario, **more: Scenario
) -> dict[str, Scenario]:
    operation = {"gen_ai.operation.name": name, **request_attributes}
    errors = {each: replace(CHAT[each], content=None) for each in ERRORS}
    plain = {"hello": hello, **errors, "error_in_200": ERROR_IN_200}
    return {
        **{
            each: replace(scenario, request=request, request_attributes=operation, streamed=None)
            for each, scenario in plain.items()
        },
        **{
            each: replace(scenario, request_attributes={**operation, **scenario.request_attributes})
            for each, scenario in more.items()
        },
    }


def _streams(table: dict[str, Scenario], **streamed: Scenario) -> dict[str, Scenario]:
    return {
        name: replace(scenario, streamed=streamed[name].streamed if name in streamed else None)
        for name, scenario in table.items()
    }


EMBEDDINGS_ATTRIBUTES: Final[dict[str, Any]] = {
    **IDENTITY,
    "gen_ai.embeddings.dimension.count": 4,
    "gen_ai.usage.input_tokens": 7,
    "gen_ai.usage.text.input_tokens": 5,
    "gen_ai.usage.image.input_tokens": 2,
    "gen_ai.usage.audio.input_tokens": 0,
    "openrouter.usage.video.input_tokens": 0,
    "gen_ai.usage.cost": 1.4e-06,
    "openrouter.usage.cost": 1.4e-06,
    "openrouter.usage.upstream_inference_cost": 1.4e-06,
    "openrouter.usage.is_byok": False,
}
_EMBEDDINGS_REQUEST: Final[dict[str, Any]] = {"model": MODEL, "input": "Hello", "encoding_format": "float"}
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
    _EMBEDDINGS_REQUEST,
    _FLOAT,
    both(EMBEDDINGS_ATTRIBUTES, content=input_messages(message(text("Hello"), role="user"))),
    base64=Scenario(
        both(EMBEDDINGS_ATTRIBUTES).non_streamed,
        None,
        {**_EMBEDDINGS_REQUEST, "encoding_format": "base64", "dimensions": 4, "input": ["One", "Two"]},
        {"gen_ai.request.encoding_formats": ("base64",), "gen_ai.embeddings.dimension.count": 4},
        content=input_messages(message(text("One"), role="user"), message(text("Two"), role="user")),
        reply_name="hello",
    ),
    many_parts=Scenario(
        both(EMBEDDINGS_ATTRIBUTES).non_streamed,
        None,
        {**_EMBEDDINGS_REQUEST, "input": _MANY_PARTS},
        content=input_messages(message(text("A cat"), PNG_PART, role="user")),
        reply_name="hello",
    ),
    tokens=Scenario(
        both(EMBEDDINGS_ATTRIBUTES).non_streamed,
        None,
        {**_EMBEDDINGS_REQUEST, "input": [[1, 2, 3], [4]]},
        content=input_messages(
            message({"type": "tokens", "count": 3}, role="user"), message({"type": "tokens", "count": 1}, role="user")
        ),
        reply_name="hello",
    ),
    empty=Scenario(
        failed("empty_response", None, {"gen_ai.response.model": "m"}).non_streamed, None, _EMBEDDINGS_REQUEST
    ),
    embedding=Scenario(
        both({**EMBEDDINGS_ATTRIBUTES, "gen_ai.response.model": "text-embedding-3-small"}).non_streamed,
        None,
        _EMBEDDINGS_REQUEST,
    ),
    cached=Scenario(both({**EMBEDDINGS_ATTRIBUTES, **CACHED}).non_streamed, None, _EMBEDDINGS_REQUEST),
)

_RERANK_REQUEST: Final[dict[str, Any]] = {"model": MODEL, "query": "cats", "documents": ["a cat", "a dog"]}
RERANK: Final = _table(
    "rerank",
    _RERANK_REQUEST,
    {},
    both(
        {
            **IDENTITY,
            "gen_ai.usage.input_tokens": 31,
            "gen_ai.usage.cost": 0.002,
            "openrouter.usage.cost": 0.002,
            "openrouter.usage.search_units": 1,
        },
        content=input_messages(message(text("cats"), text("a cat"), text("a dog"), role="user")),
    ),
    empty=Scenario(failed("empty_response", None, {}).non_streamed, None, _RERANK_REQUEST),
)

_IMAGE_REQUEST: Final[dict[str, Any]] = {"model": MODEL, "prompt": "A cat", "n": 2}
_IMAGE_ATTRIBUTES: Final[dict[str, Any]] = {
    **ID_ONLY,  # from the header: the body does not have one
    "gen_ai.usage.input_tokens": 12,
    "gen_ai.usage.output_tokens": 1290,
    "gen_ai.usage.image.output_tokens": 1290,
    "gen_ai.usage.cost": 0.039,
    "openrouter.usage.cost": 0.039,
    "openrouter.usage.is_byok": False,
}
_IMAGE_REQUEST_ATTRIBUTES: Final = {"gen_ai.output.type": "image", "gen_ai.request.choice.count": 2}
_IMAGE_INPUT: Final = input_messages(message(text("A cat"), role="user"))
IMAGES: Final = {
    **_streams(
        _table(
            "generate_content",
            _IMAGE_REQUEST,
            _IMAGE_REQUEST_ATTRIBUTES,
            both(
                _IMAGE_ATTRIBUTES, content={**_IMAGE_INPUT, **output_messages(message(PNG_PART, PNG_PART, reason=None))}
            ),
            empty=Scenario(failed("empty_response", None, {}).non_streamed, None, _IMAGE_REQUEST, reply_name="empty"),
        ),
        error_in_200=ERROR_IN_200,
        rate_limited=CHAT["rate_limited"],
    ),
    "streamed": Scenario(
        None,
        both(_IMAGE_ATTRIBUTES).streamed,
        {**_IMAGE_REQUEST, "n": 1},
        {"gen_ai.operation.name": "generate_content", "gen_ai.output.type": "image"},
        content={**_IMAGE_INPUT, **output_messages(message(PNG_PART, reason=None))},
        reply_name="hello",
    ),
}

_SPEECH_REQUEST: Final[dict[str, Any]] = {"model": MODEL, "input": "Hello", "voice": "alloy"}
SPEECH: Final = {
    name: scenario
    for name, scenario in _table(
        "speech",
        _SPEECH_REQUEST,
        {"gen_ai.output.type": "speech"},
        both(ID_ONLY, content=input_messages(message(text("Hello"), role="user"))),
    ).items()
    if name not in ("whitespace", "error_in_200", *NOT_AN_OBJECT)  # those bytes would be the audio
}

_TRANSCRIPTION_REQUEST: Final[dict[str, Any]] = {"model": MODEL, "file": ("hello.mp3", b"ID3\x04")}
_TRANSCRIPTION_ATTRIBUTES: Final[dict[str, Any]] = {
    **ID_ONLY,
    "gen_ai.usage.input_tokens": 95,
    "gen_ai.usage.output_tokens": 4,
    "gen_ai.usage.cost": 0.0006,
    "openrouter.usage.cost": 0.0006,
    "openrouter.usage.seconds": 9.5,
}
_TRANSCRIPTION: Final = {
    **_table(
        "transcription",
        _TRANSCRIPTION_REQUEST,
        {},
        both(_TRANSCRIPTION_ATTRIBUTES, content=output_messages(message(text("Hello there."), reason=None))),
        empty=Scenario(
            failed("empty_response", None, {"openrouter.usage.seconds": 1.0}).non_streamed, None, _TRANSCRIPTION_REQUEST
        ),
    ),
    "streamed": Scenario(
        None,
        both(_TRANSCRIPTION_ATTRIBUTES).streamed,
        _TRANSCRIPTION_REQUEST,
        {"gen_ai.operation.name": "transcription"},
        content=output_messages(message(text("Hello there."), reason=None)),
        reply_name="hello",
    ),
}
TRANSCRIPTION: Final = {name: scenario for name, scenario in _TRANSCRIPTION.items() if name not in NOT_AN_OBJECT}
"""A transcript may be plain text, so those bodies may be one."""

_DECISIONS_REQUEST: Final[dict[str, Any]] = {
    "model": MODEL,
    "state": "It rains.",
    "questions": {"wet": {"type": "score", "criteria": [], "instructions": "Is it wet?"}},
}
DECISIONS: Final = _table(
    "decisions",
    _DECISIONS_REQUEST,
    {},
    both(
        {
            **IDENTITY,
            "gen_ai.usage.input_tokens": 21,
            "gen_ai.usage.output_tokens": 3,
            "gen_ai.usage.cost": 0.00003,
            "openrouter.usage.cost": 0.00003,
        },
        content=input_messages(message(text("It rains."), role="user")),
    ),
)


def _jobs(
    name: str, request: dict[str, Any], request_attributes: dict[str, Any], submitted: dict[str, Any], **content: Any
) -> dict[str, Scenario]:
    return _table(
        name,
        request,
        request_attributes,
        both(submitted, **content),
        empty=Scenario(failed("empty_response", None, {}).non_streamed, None, request),
    )


VIDEOS: Final = _jobs(
    "video",
    {"model": MODEL, "prompt": "A cat"},
    {"gen_ai.output.type": "video"},
    {"openrouter.job.id": VIDEO_ID, "openrouter.job.status": "pending"},
    content=_IMAGE_INPUT,
)
BATCHES: Final = _jobs(
    "batch",
    {
        "model": MODEL,
        "endpoint": "/v1/chat/completions",
        "requests": [{"custom_id": "one", "body": {"messages": [{"role": "user", "content": "secret"}]}}],
    },
    {},
    {
        "gen_ai.response.model": MODEL,
        "openrouter.job.id": BATCH_ID,
        "openrouter.job.status": "validating",
        "openrouter.job.requests.total": 2,
        "openrouter.job.requests.completed": 0,
        "openrouter.job.requests.failed": 0,
    },
)
