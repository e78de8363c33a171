"""LangChain: `ChatLiteLLM` and `ChatLiteLLMRouter` used directly, with tools and with structured output.

https://docs.langchain.com/oss/python/integrations/chat/litellm
"""

import asyncio
import os
from collections.abc import Callable
from functools import partial
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # downloads no prices

from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_litellm import ChatLiteLLM, ChatLiteLLMRouter
from litellm import Router
from pydantic import BaseModel

MODEL = "openrouter/openai/gpt-4o-mini"
QUESTION = "How is the weather in Paris?"


class Weather(BaseModel):
    """The structured output."""

    city: str
    degrees: int


@tool
def weather(city: str) -> str:
    """Return the weather in a city."""
    return "sunny, 21 degrees"


def _answer(model: Any) -> Any:
    """Let the model call its tool, and return its reply to the result."""
    bound = model.bind_tools([weather])
    call = bound.invoke(QUESTION)
    result = ToolMessage(weather.invoke(call.tool_calls[0]["args"]), tool_call_id=call.tool_calls[0]["id"])
    return bound.invoke([HumanMessage(QUESTION), call, result]).content


def plain(model: Any) -> Any:
    """One plain call."""
    return model.invoke(QUESTION).content


def batch(model: Any) -> Any:
    """Three calls in threads."""
    return [reply.content for reply in model.batch([QUESTION] * 3)]


def streaming(model: Any) -> Any:
    """One stream."""
    return [chunk.content for chunk in model.stream(QUESTION)]


def tools_streaming(model: Any) -> Any:
    """The model calls its tool, streamed."""
    chunks = [*model.bind_tools([weather]).stream(QUESTION)]
    return [call for chunk in chunks for call in chunk.tool_calls]


def structured(model: Any) -> Any:
    """Structured output by a JSON schema."""
    return model.with_structured_output(Weather, method="json_schema").invoke(QUESTION).model_dump()


def structured_by_tool(model: Any) -> Any:
    """Structured output by a tool."""
    return model.with_structured_output(Weather, method="function_calling").invoke(QUESTION).model_dump()


async def async_plain(model: Any) -> Any:
    """Three concurrent calls."""
    replies = await asyncio.gather(*(model.ainvoke(QUESTION) for _ in range(3)))
    return [reply.content for reply in replies]


async def async_streaming(model: Any) -> Any:
    """One stream."""
    return [chunk.content async for chunk in model.astream(QUESTION)]


def _direct(base_url: str) -> Any:
    return ChatLiteLLM(model=MODEL, api_base=base_url, api_key="sk-or-x")


def _router(base_url: str) -> Any:
    parameters = {"model": MODEL, "api_base": base_url, "api_key": "sk-or-x"}
    router = Router([{"model_name": "group", "litellm_params": parameters}])
    return ChatLiteLLMRouter(router=router, model_name="group")


def _run(mode: Callable[[Any], Any], make: Callable[[str], Any], base_url: str) -> Any:
    result = mode(make(base_url))
    return asyncio.run(result) if asyncio.iscoroutine(result) else result


_CHAT: dict[str, Callable[[Any], Any]] = {
    "plain": plain,
    "streaming": streaming,
    "async plain": async_plain,
    "async streaming": async_streaming,
}
MODES: dict[str, Callable[[str], Any]] = {
    kind + name: partial(_run, mode, make)
    for kind, make, modes in (
        (
            "",
            _direct,
            {
                **_CHAT,
                "batch": batch,
                "tools": _answer,
                "tools, streaming": tools_streaming,
                "structured": structured,
                "structured by tool": structured_by_tool,
            },
        ),
        ("router, ", _router, _CHAT),
    )
    for name, mode in modes.items()
}
