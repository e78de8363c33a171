"""`llm` with its plugin `llm-openrouter`: models of the Responses API, and of chat completions by an option.

https://llm.datasette.io/en/stable/python-api.html and https://github.com/simonw/llm-openrouter
"""

import asyncio
import json
import os
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

# The plugin lists the models of this file, which it would download otherwise.
os.environ["LLM_USER_PATH"] = tempfile.mkdtemp()
os.environ["OPENROUTER_KEY"] = "sk-or-x"
(Path(os.environ["LLM_USER_PATH"]) / "openrouter_models.json").write_text(
    json.dumps({"data": [{"id": "openai/gpt-4o-mini", "supported_parameters": ["tools", "structured_outputs"]}]})
)

import llm  # noqa: E402 - the plugin reads the file on import
from pydantic import BaseModel  # noqa: E402 - see above

NAME = "openrouter/openai/gpt-4o-mini"
QUESTION = "How is the weather in Paris?"


class Weather(BaseModel):
    """The structured output."""

    city: str
    degrees: int


def weather(city: str) -> str:
    """Return the weather in a city."""
    return "sunny, 21 degrees"


def _model(base_url: str) -> Any:
    model: Any = llm.get_model(NAME)
    model.api_base = base_url
    return model


def _async_model(base_url: str) -> Any:
    model: Any = llm.get_async_model(NAME)
    model.api_base = base_url
    return model


def plain(base_url: str, options: dict[str, Any]) -> Any:
    """One plain call."""
    return _model(base_url).prompt(QUESTION, stream=False, options=options).text()


def streaming(base_url: str, options: dict[str, Any]) -> Any:
    """One stream."""
    return list(_model(base_url).prompt(QUESTION, options=options))


def tools(base_url: str, options: dict[str, Any]) -> Any:
    """The model calls a tool and receives its result."""
    return _model(base_url).chain(QUESTION, tools=[weather], stream=False, options=options).text()


def tools_streaming(base_url: str, options: dict[str, Any]) -> Any:
    """The same, streamed."""
    return list(_model(base_url).chain(QUESTION, tools=[weather], options=options))


def structured(base_url: str, options: dict[str, Any]) -> Any:
    """Structured output by a JSON schema."""
    return json.loads(_model(base_url).prompt(QUESTION, schema=Weather, stream=False, options=options).text())


def conversation(base_url: str, options: dict[str, Any]) -> Any:
    """Two calls of one conversation, streamed."""
    chat = _model(base_url).conversation()
    return [chat.prompt(QUESTION, options=options).text() for _ in range(2)]


def async_plain(base_url: str, options: dict[str, Any]) -> Any:
    """Three concurrent calls."""

    async def texts() -> list[str]:
        model = _async_model(base_url)
        calls = (model.prompt(QUESTION, stream=False, options=options).text() for _ in range(3))
        return await asyncio.gather(*calls)

    return asyncio.run(texts())


def async_streaming(base_url: str, options: dict[str, Any]) -> Any:
    """One stream."""

    async def pieces() -> list[str]:
        return [piece async for piece in _async_model(base_url).prompt(QUESTION, options=options)]

    return asyncio.run(pieces())


def async_tools(base_url: str, options: dict[str, Any]) -> Any:
    """The model calls a tool and receives its result, streamed."""

    async def pieces() -> list[str]:
        return [piece async for piece in _async_model(base_url).chain(QUESTION, tools=[weather], options=options)]

    return asyncio.run(pieces())


MODES: dict[str, Callable[[str], Any]] = {
    api + name: partial(mode, options=options)
    for api, options in (("", {}), ("chat completions, ", {"chat_completions": True}))
    for name, mode in {
        "plain": plain,
        "streaming": streaming,
        "tools": tools,
        "tools, streaming": tools_streaming,
        "structured": structured,
        "conversation": conversation,
        "async plain": async_plain,
        "async streaming": async_streaming,
        "async tools": async_tools,
    }.items()
}
