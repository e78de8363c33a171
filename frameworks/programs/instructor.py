"""Instructor: a client patched to answer with a model, plain and streamed.

https://python.useinstructor.com/concepts/patching/ and https://python.useinstructor.com/concepts/partial/
"""

from collections.abc import Callable
from typing import Any

import instructor
import openai
from pydantic import BaseModel

MODEL = "openai/gpt-4o-mini"
QUESTION: Any = [{"role": "user", "content": "Which city is it, and how warm?"}]


class Weather(BaseModel):
    """What is asked for."""

    city: str
    degrees: int


def _client(base_url: str, mode: instructor.Mode = instructor.Mode.TOOLS) -> instructor.Instructor:
    return instructor.from_openai(openai.OpenAI(base_url=base_url, api_key="sk-or-x"), mode=mode)


def structured(base_url: str) -> Any:
    """By a forced tool."""
    weather = _client(base_url).chat.completions.create(model=MODEL, messages=QUESTION, response_model=Weather)
    return weather.model_dump()


def structured_by_schema(base_url: str) -> Any:
    """By a JSON schema."""
    client = _client(base_url, instructor.Mode.JSON_SCHEMA)
    return client.chat.completions.create(model=MODEL, messages=QUESTION, response_model=Weather).model_dump()


def structured_streaming(base_url: str) -> Any:
    """Partial models while the stream comes."""
    partials = _client(base_url).chat.completions.create_partial(model=MODEL, messages=QUESTION, response_model=Weather)
    return [partial.model_dump() for partial in partials]


MODES: dict[str, Callable[[str], Any]] = {
    "structured": structured,
    "structured by schema": structured_by_schema,
    "structured, streaming": structured_streaming,
}
