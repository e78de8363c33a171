"""A scenario: a request to one endpoint, and the complete span that each calling style must produce."""

from dataclasses import dataclass, field
from typing import Any, Final

MESSAGES: Final = [{"role": "user", "content": "Say hello."}]
REQUEST: Final[dict[str, Any]] = {"model": "openai/gpt-4o-mini", "messages": MESSAGES}
REQUEST_ATTRIBUTES: Final[dict[str, Any]] = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openrouter",
    "gen_ai.request.model": "openai/gpt-4o-mini",
    "server.address": "127.0.0.1",
}
IDENTITY: Final[dict[str, Any]] = {
    "gen_ai.response.id": "gen-1762179802-UN8pkJI4AGZvryk0kFnb",
    "gen_ai.response.model": "openai/gpt-4o-mini",
    "openrouter.provider.name": "OpenAI",
}
ID_ONLY: Final = {"gen_ai.response.id": "gen-1762179802-UN8pkJI4AGZvryk0kFnb"}
STOP_FINISH: Final[dict[str, Any]] = {
    "gen_ai.response.finish_reasons": ("stop",),
    "openrouter.response.native_finish_reasons": ("stop",),
}


def usage_attributes(
    prompt: int, completion: int, cost: float, *, reasoning: int = 0, cached: int = 0
) -> dict[str, Any]:
    """Return the attributes of the usage that `simulator.canned_reply.usage` sends."""
    return {
        "gen_ai.usage.input_tokens": prompt,
        "gen_ai.usage.output_tokens": completion,
        "gen_ai.usage.cache_read.input_tokens": cached,
        "gen_ai.usage.cache_write.input_tokens": 0,
        "gen_ai.usage.audio.input_tokens": 0,
        "openrouter.usage.video.input_tokens": 0,
        "gen_ai.usage.reasoning.output_tokens": reasoning,
        "gen_ai.usage.image.output_tokens": 0,
        "gen_ai.usage.audio.output_tokens": 0,
        "gen_ai.usage.cost": cost,
        "openrouter.usage.cost": cost,
        "openrouter.usage.upstream_inference_cost": cost,
        "openrouter.usage.input_cost": 4e-05,
        "openrouter.usage.output_cost": 0.0001,
        "openrouter.usage.is_byok": False,
    }


@dataclass(frozen=True)
class ExpectedSpan:
    """The span that all streamed, or all non-streamed, calling styles must produce."""

    attributes: dict[str, Any]
    status: str = "UNSET"
    description: str | None = None


@dataclass(frozen=True)
class Scenario:
    """One scenario: a request and the expected spans; None if the scenario does not cover that kind of style."""

    non_streamed: ExpectedSpan | None
    streamed: ExpectedSpan | None
    request: dict[str, Any] = field(default_factory=lambda: REQUEST)
    request_attributes: dict[str, Any] = field(default_factory=dict[str, Any])
    """The attributes of the request, in addition to `REQUEST_ATTRIBUTES`."""
    content: dict[str, Any] | None = None
    """The captured content if capture is enabled; None if the scenario does not cover content."""
    reply_name: str | None = None
    """The name of the canned reply, if it is not the scenario's own."""
    supports_parse: bool = True
    """Whether `.parse()` and the stream helpers accept the request and the content, which must be a text for them."""


def both(attributes: dict[str, Any], **more: Any) -> Scenario:
    return Scenario(ExpectedSpan(attributes), ExpectedSpan(attributes), **more)


def failed(type_: str, message: str | None, attributes: dict[str, Any], **more: Any) -> Scenario:
    error = ExpectedSpan({**attributes, "error.type": type_}, "ERROR", message)
    return Scenario(error, error, **more)


def http_error(status: int, type_: str, message: str, **more: str) -> Scenario:
    found: dict[str, Any] = {**ID_ONLY, "openrouter.error.code": str(status)}
    for name, value in more.items():
        found[{"provider": "openrouter.provider.name", "provider_code": "openrouter.error.provider_code"}[name]] = value
    return failed(type_, message, found)


def message(*parts: dict[str, Any], role: str = "assistant", reason: str | None = "stop") -> list[dict[str, Any]]:
    """Return one captured message; the assistant's has a finish reason."""
    message: dict[str, Any] = {"role": role, "parts": list(parts)}
    return [message if reason is None or role != "assistant" else {**message, "finish_reason": reason}]


def text(content: str, kind: str = "text") -> dict[str, Any]:
    return {"type": kind, "content": content}


def input_messages(*messages: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the captured input messages."""
    return {"gen_ai.input.messages": [message for each in messages for message in each]}


def output_messages(*messages: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the captured output messages."""
    return {"gen_ai.output.messages": [message for each in messages for message in each]}


HELLO_INPUT: Final = input_messages(message(text("Say hello."), role="user"))
HELLO_CONTENT: Final = {**HELLO_INPUT, **output_messages(message(text("Hello")))}
PNG_PART: Final = {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "", "byte_size": 6000}
PDF_PART: Final = {
    "type": "blob",
    "modality": "document",
    "mime_type": "application/pdf",
    "content": "",
    "byte_size": 2,
    "name": "a.pdf",
}
CITATION_PART: Final = {
    "type": "url_citation",
    "url": "https://weather.example",
    "title": "Weather",
    "content": "Sunny today",
    "start_index": 0,
    "end_index": 4,
}
