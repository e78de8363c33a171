"""Instructor: its OpenRouter provider, answering with a model, plain and streamed, and asking again for a valid one.

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
    """What is asked for."""

    city: str
    degrees: int


class DoubtedWeather(Weather):
    """What is valid once there are no doubts left."""

    @field_validator("degrees")
    @classmethod
    def believe(cls, degrees: int, info: ValidationInfo) -> int:
        """Doubt it once for each of the doubts."""
        doubts: list[str] = (info.context or {}).get("doubts", [])
        if doubts:
            raise ValueError(doubts.pop())
        return degrees


def _client(base_url: str, mode: instructor.Mode = instructor.Mode.TOOLS) -> instructor.Instructor:
    return instructor.from_provider(f"openrouter/{MODEL}", mode=mode, base_url=base_url, api_key="sk-or-x")


def _async_client(base_url: str) -> instructor.AsyncInstructor:
    return instructor.from_provider(f"openrouter/{MODEL}", async_client=True, base_url=base_url, api_key="sk-or-x")


def structured(base_url: str) -> Any:
    """By a forced tool."""
    return _client(base_url).create(messages=QUESTION, response_model=Weather).model_dump()


def structured_by_schema(base_url: str) -> Any:
    """By a JSON schema."""
    client = _client(base_url, instructor.Mode.JSON_SCHEMA)
    return client.create(messages=QUESTION, response_model=Weather).model_dump()


def structured_streaming(base_url: str) -> Any:
    """Partial models while the stream comes."""
    partials = _client(base_url).create_partial(messages=QUESTION, response_model=Weather)
    return [partial.model_dump() for partial in partials]


def structured_list(base_url: str) -> Any:
    """One model after the other while the stream comes."""
    return [each.model_dump() for each in _client(base_url).create_iterable(messages=QUESTION, response_model=Weather)]


def structured_anew(base_url: str) -> Any:
    """The model is asked again, twice, as its answers are not valid."""
    weather = _client(base_url).create(
        messages=QUESTION,
        response_model=DoubtedWeather,
        max_retries=2,
        context={"doubts": ["Is it?", "Is it really?"]},
    )
    return weather.model_dump()


def responses(base_url: str) -> Any:
    """By a forced tool of the Responses API."""
    client = instructor.from_openai(
        openai.OpenAI(base_url=base_url, api_key="sk-or-x"), mode=instructor.Mode.RESPONSES_TOOLS
    )
    return client.create(model=MODEL, messages=QUESTION, response_model=Weather).model_dump()


def async_structured(base_url: str) -> Any:
    """Several answers at once."""

    async def answers() -> list[Any]:
        client = _async_client(base_url)
        asked = (client.create(messages=QUESTION, response_model=Weather) for _ in range(3))
        return [weather.model_dump() for weather in await asyncio.gather(*asked)]

    return asyncio.run(answers())


def async_structured_streaming(base_url: str) -> Any:
    """Partial models while the stream comes."""

    async def partials() -> list[Any]:
        stream = _async_client(base_url).create_partial(messages=QUESTION, response_model=Weather)
        return [partial.model_dump() async for partial in stream]

    return asyncio.run(partials())


MODES: dict[str, Callable[[str], Any]] = {
    "structured": structured,
    "structured by schema": structured_by_schema,
    "structured, streaming": structured_streaming,
    "structured list, streaming": structured_list,
    "structured, asked again": structured_anew,
    "Responses API, structured": responses,
    "async structured": async_structured,
    "async structured, streaming": async_structured_streaming,
}
