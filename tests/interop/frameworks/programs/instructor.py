"""Instructor: its OpenRouter provider with structured output, plain and streamed, and retries after invalid output.

https://python.useinstructor.com/concepts/from_provider/ and https://python.useinstructor.com/concepts/reask_validation/
"""

import asyncio
from collections.abc import Callable
from typing import Any

import instructor
import openai
from pydantic import BaseModel, ValidationInfo, field_validator

MODEL = "openai/gpt-4o-mini"
QUESTION: Any = [{"role": "user", "content": "Which city is it, and how warm?"}]


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


def _client(base_url: str, mode: instructor.Mode = instructor.Mode.TOOLS) -> instructor.Instructor:
    return instructor.from_provider(f"openrouter/{MODEL}", mode=mode, base_url=base_url, api_key="sk-or-x")


def _async_client(base_url: str) -> instructor.AsyncInstructor:
    return instructor.from_provider(f"openrouter/{MODEL}", async_client=True, base_url=base_url, api_key="sk-or-x")


def structured(base_url: str) -> Any:
    """Structured output by a forced tool."""
    return _client(base_url).create(messages=QUESTION, response_model=Weather).model_dump()


def structured_by_schema(base_url: str) -> Any:
    """Structured output by a JSON schema."""
    client = _client(base_url, instructor.Mode.JSON_SCHEMA)
    return client.create(messages=QUESTION, response_model=Weather).model_dump()


def structured_streaming(base_url: str) -> Any:
    """Partial objects during the stream."""
    partials = _client(base_url).create_partial(messages=QUESTION, response_model=Weather)
    return [partial.model_dump() for partial in partials]


def structured_list(base_url: str) -> Any:
    """One object after the other during the stream."""
    return [each.model_dump() for each in _client(base_url).create_iterable(messages=QUESTION, response_model=Weather)]


def structured_retried(base_url: str) -> Any:
    """Two retries after invalid outputs."""
    weather = _client(base_url).create(
        messages=QUESTION,
        response_model=DoubtedWeather,
        max_retries=2,
        context={"doubts": ["Is it?", "Is it really?"]},
    )
    return weather.model_dump()


def responses(base_url: str) -> Any:
    """Structured output by a forced tool of the Responses API."""
    client = instructor.from_openai(
        openai.OpenAI(base_url=base_url, api_key="sk-or-x"), mode=instructor.Mode.RESPONSES_TOOLS
    )
    return client.create(model=MODEL, messages=QUESTION, response_model=Weather).model_dump()


def async_structured(base_url: str) -> Any:
    """Three concurrent calls."""

    async def results() -> list[Any]:
        client = _async_client(base_url)
        calls = (client.create(messages=QUESTION, response_model=Weather) for _ in range(3))
        return [weather.model_dump() for weather in await asyncio.gather(*calls)]

    return asyncio.run(results())


def async_structured_streaming(base_url: str) -> Any:
    """Partial objects during the stream."""

    async def partials() -> list[Any]:
        stream = _async_client(base_url).create_partial(messages=QUESTION, response_model=Weather)
        return [partial.model_dump() async for partial in stream]

    return asyncio.run(partials())


MODES: dict[str, Callable[[str], Any]] = {
    "structured": structured,
    "structured by schema": structured_by_schema,
    "structured, streaming": structured_streaming,
    "structured list, streaming": structured_list,
    "structured, asked again": structured_retried,
    "Responses API, structured": responses,
    "async structured": async_structured,
    "async structured, streaming": async_structured_streaming,
}
