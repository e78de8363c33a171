"""Instructor: `from_anthropic` with structured output, plain and streamed, and retries after invalid output.

https://python.useinstructor.com/integrations/anthropic/ and https://python.useinstructor.com/concepts/reask_validation/
"""

import asyncio
from collections.abc import Callable
from typing import Any

import anthropic
import instructor
from pydantic import BaseModel, ValidationInfo, field_validator

MODEL = "anthropic/claude-sonnet-4.5"
REQUEST: Any = {
    "model": MODEL,
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "Which city is it, and how warm?"}],
}


class Weather(BaseModel):
    """The structured output."""

    city: str
    degrees: int


class DoubtedWeather(Weather):
    """Output that the validator rejects once for each of the given doubts."""

    @field_validator("degrees")
    @classmethod
    def believe(cls, degrees: int, info: ValidationInfo) -> int:
        """Reject the value while doubts are left."""
        doubts: list[str] = (info.context or {}).get("doubts", [])
        if doubts:
            raise ValueError(doubts.pop())
        return degrees


def _client(base_url: str, mode: instructor.Mode = instructor.Mode.TOOLS, **more: Any) -> instructor.Instructor:
    # The SDK adds the version to the base URL.
    client = anthropic.Anthropic(base_url=base_url.removesuffix("/v1"), api_key="sk-or-x")
    return instructor.from_anthropic(client, mode=mode, **more)


def _async_client(base_url: str) -> instructor.AsyncInstructor:
    client = anthropic.AsyncAnthropic(base_url=base_url.removesuffix("/v1"), api_key="sk-or-x")
    return instructor.from_anthropic(client)


def structured(base_url: str) -> Any:
    """Structured output by a forced tool."""
    return _client(base_url).create(**REQUEST, response_model=Weather).model_dump()


def structured_by_beta(base_url: str) -> Any:
    """Structured output by a forced tool, with `client.beta.messages`."""
    return _client(base_url, beta=True).create(**REQUEST, response_model=Weather).model_dump()


def structured_streaming(base_url: str) -> Any:
    """Partial objects during the stream."""
    partials = _client(base_url).create_partial(**REQUEST, response_model=Weather)
    return [partial.model_dump() for partial in partials]


def structured_list(base_url: str) -> Any:
    """One object after the other during the stream."""
    return [each.model_dump() for each in _client(base_url).create_iterable(**REQUEST, response_model=Weather)]


def structured_retried(base_url: str) -> Any:
    """Two retries after invalid outputs."""
    weather = _client(base_url).create(
        **REQUEST,
        response_model=DoubtedWeather,
        max_retries=2,
        context={"doubts": ["Is it?", "Is it really?"]},
    )
    return weather.model_dump()


def async_structured(base_url: str) -> Any:
    """Three concurrent calls."""

    async def results() -> list[Any]:
        client = _async_client(base_url)
        calls = (client.create(**REQUEST, response_model=Weather) for _ in range(3))
        return [weather.model_dump() for weather in await asyncio.gather(*calls)]

    return asyncio.run(results())


def async_structured_streaming(base_url: str) -> Any:
    """Partial objects during the stream."""

    async def partials() -> list[Any]:
        stream = _async_client(base_url).create_partial(**REQUEST, response_model=Weather)
        return [partial.model_dump() async for partial in stream]

    return asyncio.run(partials())


MODES: dict[str, Callable[[str], Any]] = {
    "structured": structured,
    "structured, beta": structured_by_beta,
    "structured, streaming": structured_streaming,
    "structured list, streaming": structured_list,
    "structured, asked again": structured_retried,
    "async structured": async_structured,
    "async structured, streaming": async_structured_streaming,
}
