"""browser-use: its models `ChatOpenRouter` and `ChatLiteLLM`, called directly, without a browser.

https://docs.browser-use.com/open-source/supported-models
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

os.environ |= {"ANONYMIZED_TELEMETRY": "false", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}

from browser_use.llm.litellm.chat import ChatLiteLLM
from browser_use.llm.messages import UserMessage
from browser_use.llm.openrouter.chat import ChatOpenRouter
from pydantic import BaseModel

MESSAGES: list[Any] = [UserMessage(content="How is the weather in Paris?")]


class Weather(BaseModel):
    """The structured output."""

    city: str
    degrees: int


async def plain(model: Any) -> Any:
    """One plain call."""
    return (await model.ainvoke(MESSAGES)).completion


async def concurrent(model: Any) -> Any:
    """Three concurrent calls."""
    return [reply.completion for reply in await asyncio.gather(*(model.ainvoke(MESSAGES) for _ in range(3)))]


async def structured(model: Any) -> Any:
    """Structured output by a JSON schema, as the agent's steps."""
    return (await model.ainvoke(MESSAGES, output_format=Weather)).completion.model_dump()


def _openrouter(base_url: str) -> Any:
    return ChatOpenRouter("openai/gpt-4o-mini", api_key="sk-or-x", base_url=base_url)


def _litellm(base_url: str) -> Any:
    return ChatLiteLLM("openrouter/openai/gpt-4o-mini", api_key="sk-or-x", api_base=base_url)


def _run(mode: Callable[[Any], Awaitable[Any]], make: Callable[[str], Any], base_url: str) -> Any:
    async def run() -> Any:
        return await mode(make(base_url))

    return asyncio.run(run())


MODES: dict[str, Callable[[str], Any]] = {
    f"`{make_name}`, {name}": partial(_run, mode, make)
    for make_name, make in (("ChatOpenRouter", _openrouter), ("ChatLiteLLM", _litellm))
    for name, mode in {"plain": plain, "concurrent": concurrent, "structured": structured}.items()
}
