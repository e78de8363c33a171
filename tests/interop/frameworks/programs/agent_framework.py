"""Microsoft Agent Framework: its OpenAI chat clients with OpenRouter's base URL, used directly and in an agent.

https://learn.microsoft.com/agent-framework/agents/providers/openai
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from agent_framework import Agent, Message
from agent_framework.observability import disable_instrumentation, enable_instrumentation
from agent_framework.openai import OpenAIChatClient, OpenAIChatCompletionClient
from openai import AsyncOpenAI
from pydantic import BaseModel

QUESTION = "How is the weather in Paris?"
MESSAGES = [Message("user", [QUESTION])]

disable_instrumentation()  # it is enabled by default


class Weather(BaseModel):
    """The structured output."""

    city: str
    degrees: int


def weather(city: str) -> str:
    """Return the weather in a city."""
    return "sunny, 21 degrees"


def _agent(client: Any, **more: Any) -> Agent:
    # OpenRouter keeps no conversation: https://openrouter.ai/docs/api/reference/responses/overview
    stateless: Any = {"store": False} if isinstance(client, OpenAIChatClient) else {}
    return Agent(client=client, name="forecaster", instructions="Be brief.", default_options=stateless, **more)


def _kinds(messages: Any) -> Any:
    return [(message.role, [content.type for content in message.contents], message.text) for message in messages]


async def plain(client: Any) -> Any:
    """One plain call."""
    return (await client.get_response(MESSAGES)).text


async def streaming(client: Any) -> Any:
    """One stream."""
    return [update.text async for update in client.get_response(MESSAGES, stream=True)]


async def streaming_to_the_end(client: Any) -> Any:
    """One stream, of which only the whole response is used."""
    return (await client.get_response(MESSAGES, stream=True).get_final_response()).text


async def concurrent(client: Any) -> Any:
    """Three concurrent calls."""
    return [reply.text for reply in await asyncio.gather(*(client.get_response(MESSAGES) for _ in range(3)))]


async def structured(client: Any) -> Any:
    """Structured output by a JSON schema."""
    return (await client.get_response(MESSAGES, options={"response_format": Weather})).value.model_dump()


async def agent(client: Any) -> Any:
    """An agent without tools."""
    return (await _agent(client).run(QUESTION)).text


async def tools(client: Any) -> Any:
    """The agent calls its tool."""
    return _kinds((await _agent(client, tools=[weather]).run(QUESTION)).messages)


async def tools_streaming(client: Any) -> Any:
    """The same, streamed."""
    stream = _agent(client, tools=[weather]).run(QUESTION, stream=True)
    pieces = [update.text async for update in stream]
    return pieces, _kinds((await stream.get_final_response()).messages)


async def agent_structured(client: Any) -> Any:
    """An agent with a tool and structured output."""
    run = await _agent(client, tools=[weather]).run(QUESTION, options={"response_format": Weather})
    return run.value.model_dump()


async def agent_as_tool(client: Any) -> Any:
    """An agent that calls another agent as its tool."""
    inner = _agent(client, tools=[weather]).as_tool(name="forecast", arg_name="city")
    return _kinds((await _agent(client, tools=[inner]).run(QUESTION)).messages)


def trace_itself() -> None:
    """Agent Framework creates spans for its agents, their tools and the model calls.

    https://learn.microsoft.com/agent-framework/agents/observability
    """
    enable_instrumentation(force=True)


def _run(mode: Callable[[Any], Awaitable[Any]], make: Callable[..., Any], base_url: str) -> Any:
    """Run a mode and close the client in the same event loop."""

    async def run() -> Any:
        async with AsyncOpenAI(base_url=base_url, api_key="sk-or-x") as client:
            return await mode(make("openai/gpt-4o-mini", async_client=client))

    return asyncio.run(run())


MODES: dict[str, Callable[[str], Any]] = {
    api + name: partial(_run, mode, make)
    for api, make in (("", OpenAIChatCompletionClient), ("Responses API, ", OpenAIChatClient))
    for name, mode in {
        "plain": plain,
        "streaming": streaming,
        "streaming, to the end": streaming_to_the_end,
        "concurrent": concurrent,
        "structured": structured,
        "agent": agent,
        "agent, tools": tools,
        "agent, tools, streaming": tools_streaming,
        "agent, structured": agent_structured,
        "agent as tool": agent_as_tool,
    }.items()
}
