"""What a scenario is made of: a request to one endpoint, and the whole span that each way of asking must give."""

from dataclasses import dataclass, field
from typing import Any, Final

MESSAGES: Final = [{"role": "user", "content": "Say hello."}]
REQUEST: Final[dict[str, Any]] = {"model": "openai/gpt-4o-mini", "messages": MESSAGES}
ASKED: Final[dict[str, Any]] = {
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
STOPPED: Final[dict[str, Any]] = {
    "gen_ai.response.finish_reasons": ("stop",),
    "openrouter.response.native_finish_reasons": ("stop",),
}


def spent(prompt: int, completion: int, cost: float, *, reasoning: int = 0, cached: int = 0) -> dict[str, Any]:
    """What `simulator.exchanges.usage` gives."""
    return {
        "gen_ai.usage.input_tokens": prompt,
        "gen_ai.usage.output_tokens": completion,
        "gen_ai.usage.cache_read.input_tokens": cached,
        "gen_ai.usage.cache_write.input_tokens": 0,
        "gen_ai.usage.audio.input_tokens": 0,
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
class Expected:
    """What one kind of ways must give."""

    attributes: dict[str, Any]
    status: str = "UNSET"
    description: str | None = None


@dataclass(frozen=True)
class Scenario:
    """One scenario: a request and what comes of it, or None where it says nothing about that kind of ways."""

    whole: Expected | None
    streamed: Expected | None
    request: dict[str, Any] = field(default_factory=lambda: REQUEST)
    asked: dict[str, Any] = field(default_factory=dict[str, Any])
    """What the span says of the request, beside `ASKED`."""
    content: dict[str, Any] | None = None
    """What is captured, where capturing is on; None where the scenario says nothing about it."""
    exchange: str | None = None
    """The simulator's name for it, where it is another."""
    parses: bool = True
    """`.parse()` and the stream helpers take the request: they refuse some tools before anything is sent."""


def both(attributes: dict[str, Any], **more: Any) -> Scenario:
    return Scenario(Expected(attributes), Expected(attributes), **more)


def failed(type_: str, message: str | None, attributes: dict[str, Any], **more: Any) -> Scenario:
    failure = Expected({**attributes, "error.type": type_}, "ERROR", message)
    return Scenario(failure, failure, **more)


def refused(status: int, type_: str, message: str, **more: str) -> Scenario:
    found: dict[str, Any] = {**ID_ONLY, "openrouter.error.code": str(status)}
    for name, value in more.items():
        found[{"provider": "openrouter.provider.name", "provider_code": "openrouter.error.provider_code"}[name]] = value
    return failed(type_, message, found)


def said(*parts: dict[str, Any], role: str = "assistant", reason: str | None = "stop") -> list[dict[str, Any]]:
    """One message; of an assistant it says why it ended."""
    message: dict[str, Any] = {"role": role, "parts": list(parts)}
    return [message if reason is None or role != "assistant" else {**message, "finish_reason": reason}]


def text(content: str, kind: str = "text") -> dict[str, Any]:
    return {"type": kind, "content": content}


def asked(*messages: list[dict[str, Any]]) -> dict[str, Any]:
    """What was asked, as captured."""
    return {"gen_ai.input.messages": [message for each in messages for message in each]}


def answered(*messages: list[dict[str, Any]]) -> dict[str, Any]:
    """What was answered, as captured."""
    return {"gen_ai.output.messages": [message for each in messages for message in each]}


HELLO_ASKED: Final = asked(said(text("Say hello."), role="user"))
HELLO_CONTENT: Final = {**HELLO_ASKED, **answered(said(text("Hello")))}
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
