"""LangChain: `ChatOpenRouter`, which calls OpenRouter through OpenRouter's SDK, not through OpenAI's.

https://docs.langchain.com/oss/python/integrations/chat/openrouter
"""

import asyncio
import os
from collections.abc import Callable
from typing import Any

os.environ["LANGSMITH_TRACING"] = "false"

from langchain_core.messages import AIMessage, AIMessageChunk, AnyMessage, HumanMessage
from langchain_core.tools import tool
from langchain_openrouter import ChatOpenRouter
from programs import langsmith_tracing
from pydantic import BaseModel

QUESTION = "How is the weather in Paris?"


class Weather(BaseModel):
    """The structured output."""

    city: str
    degrees: int


@tool
def weather(city: str) -> str:
    """Return the weather in a city."""
    return "sunny, 21 degrees"


def _model(base_url: str, **more: Any) -> ChatOpenRouter:
    settings = {"model": "openai/gpt-4o-mini", "base_url": base_url, "api_key": "sk-or-x", **more}
    return ChatOpenRouter(**settings)


def _whole(chunks: list[AIMessageChunk]) -> AIMessageChunk:
    return sum(chunks[1:], chunks[0])


def _loop(ask: Callable[[list[AnyMessage]], AIMessage]) -> list[tuple[str, str]]:
    """Run the tools that the model calls until it calls none."""
    messages: list[AnyMessage] = [HumanMessage(QUESTION)]
    while not messages[1:] or messages[-1].type == "tool":
        reply = ask(messages)
        messages += [reply, *(weather.invoke(call) for call in reply.tool_calls)]
    return [(message.type, message.text) for message in messages]


def plain(base_url: str) -> Any:
    """One plain call, with some parameters that only OpenRouter has."""
    model = _model(base_url, temperature=0.5, openrouter_provider={"order": ["OpenAI"]}, session_id="session")
    return model.invoke(QUESTION).text


def batch(base_url: str) -> Any:
    """Three concurrent calls, in threads of LangChain."""
    return [reply.text for reply in _model(base_url).batch([QUESTION] * 3)]


def streaming(base_url: str) -> Any:
    """One stream."""
    return [chunk.text for chunk in _model(base_url).stream(QUESTION)]


def tools(base_url: str) -> Any:
    """The model calls a tool and receives its result."""
    return _loop(_model(base_url).bind_tools([weather]).invoke)


def tools_streaming(base_url: str) -> Any:
    """The same, streamed."""
    model = _model(base_url).bind_tools([weather])
    return _loop(lambda messages: _whole(list(model.stream(messages))))


def structured(base_url: str) -> Any:
    """Structured output by a JSON schema."""
    return _model(base_url).with_structured_output(Weather, method="json_schema").invoke(QUESTION).model_dump()


def structured_by_tool(base_url: str) -> Any:
    """Structured output by a forced tool."""
    return _model(base_url).with_structured_output(Weather).invoke(QUESTION).model_dump()


def structured_streaming(base_url: str) -> Any:
    """Structured output by a JSON schema, streamed."""
    model = _model(base_url).with_structured_output(Weather, method="json_schema")
    return [part.model_dump() for part in model.stream(QUESTION)]


def async_plain(base_url: str) -> Any:
    """One plain call."""
    return asyncio.run(_model(base_url).ainvoke(QUESTION)).text


def async_streaming(base_url: str) -> Any:
    """One stream."""

    async def pieces() -> list[str]:
        return [chunk.text async for chunk in _model(base_url).astream(QUESTION)]

    return asyncio.run(pieces())


def async_structured(base_url: str) -> Any:
    """Structured output by a forced tool."""
    return asyncio.run(_model(base_url).with_structured_output(Weather).ainvoke(QUESTION)).model_dump()


trace_itself = langsmith_tracing.trace_itself
SEPARATE_SPANS = langsmith_tracing.SEPARATE_SPANS

MODES: dict[str, Callable[[str], Any]] = {
    name: langsmith_tracing.traced(mode)
    for name, mode in {
        "plain": plain,
        "batch": batch,
        "streaming": streaming,
        "tools": tools,
        "tools, streaming": tools_streaming,
        "structured": structured,
        "structured by tool": structured_by_tool,
        "structured, streaming": structured_streaming,
        "async plain": async_plain,
        "async streaming": async_streaming,
        "async structured": async_structured,
    }.items()
}
