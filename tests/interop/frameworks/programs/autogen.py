"""AutoGen: its OpenAI client with OpenRouter's base URL, used directly, in an agent and in a team.

https://microsoft.github.io/autogen/stable/user-guide/agentchat-user-guide/tutorial/models.html and, as it always makes
spans by itself, https://microsoft.github.io/autogen/stable/user-guide/agentchat-user-guide/tracing.html
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from autogen_agentchat.agents import AssistantAgent
from autogen_agentchat.base import TaskResult
from autogen_agentchat.conditions import MaxMessageTermination
from autogen_agentchat.teams import RoundRobinGroupChat
from autogen_core.models import CreateResult, ModelInfo, UserMessage
from autogen_ext.models.openai import OpenAIChatCompletionClient
from pydantic import BaseModel

QUESTION = "How is the weather in Paris?"
MESSAGES = [UserMessage(content=QUESTION, source="user")]
INFO = ModelInfo(vision=False, function_calling=True, json_output=True, structured_output=True, family="unknown")


class Weather(BaseModel):
    """The structured output."""

    city: str
    degrees: int


async def weather(city: str) -> str:
    """Return the weather in a city."""
    return "sunny, 21 degrees"


def _agent(client: OpenAIChatCompletionClient, name: str = "forecaster", **more: Any) -> AssistantAgent:
    """Create an agent that replies with text after its tool call."""
    return AssistantAgent(name, client, tools=[weather], reflect_on_tool_use=True, **more)


def _team(client: OpenAIChatCompletionClient, **more: Any) -> RoundRobinGroupChat:
    """Create a team of two agents that reply one after the other."""
    members = [_agent(client, name, **more) for name in ("forecaster", "reviewer")]
    return RoundRobinGroupChat([*members], termination_condition=MaxMessageTermination(3))


def _messages(result: TaskResult) -> list[tuple[str, str, str]]:
    """Return the messages without tool calls, whose ids differ."""
    messages = [message for message in result.messages if not message.type.startswith("ToolCall")]
    return [(type(message).__name__, message.source, message.to_text()) for message in messages]


async def _streamed(one: AssistantAgent | RoundRobinGroupChat) -> Any:
    """Return the chunks of a run, and then its messages."""
    events = [each async for each in one.run_stream(task=QUESTION)]
    pieces = [each.to_text() for each in events if getattr(each, "type", "") == "ModelClientStreamingChunkEvent"]
    return pieces, [_messages(each) for each in events if isinstance(each, TaskResult)]


async def _pieces(client: OpenAIChatCompletionClient, **more: Any) -> Any:
    chunks = [each async for each in client.create_stream(MESSAGES, **more)]
    return [each.content if isinstance(each, CreateResult) else each for each in chunks]


async def plain(client: OpenAIChatCompletionClient) -> Any:
    """One plain call."""
    return (await client.create(MESSAGES)).content


async def concurrent(client: OpenAIChatCompletionClient) -> Any:
    """Three concurrent calls."""
    return [reply.content for reply in await asyncio.gather(*(client.create(MESSAGES) for _ in range(3)))]


async def streaming(client: OpenAIChatCompletionClient) -> Any:
    """One stream."""
    return await _pieces(client)


async def streaming_with_usage(client: OpenAIChatCompletionClient) -> Any:
    """One stream, with its usage requested."""
    return await _pieces(client, include_usage=True)


async def tools(client: OpenAIChatCompletionClient) -> Any:
    """The agent calls its tool."""
    return _messages(await _agent(client).run(task=QUESTION))


async def tools_streaming(client: OpenAIChatCompletionClient) -> Any:
    """The same, streamed."""
    return await _streamed(_agent(client, model_client_stream=True))


async def structured(client: OpenAIChatCompletionClient) -> Any:
    """Structured output by a JSON schema."""
    return (await client.create(MESSAGES, json_output=Weather)).content


async def structured_streaming(client: OpenAIChatCompletionClient) -> Any:
    """Structured output by a JSON schema, streamed."""
    return await _pieces(client, json_output=Weather)


async def team(client: OpenAIChatCompletionClient) -> Any:
    """A team of agents that each call a tool."""
    return _messages(await _team(client).run(task=QUESTION))


async def team_streaming(client: OpenAIChatCompletionClient) -> Any:
    """The same, streamed."""
    return await _streamed(_team(client, model_client_stream=True))


def _run(mode: Callable[[OpenAIChatCompletionClient], Awaitable[Any]], base_url: str) -> Any:
    """Run a mode and close the client in the same event loop."""

    async def run() -> Any:
        client = OpenAIChatCompletionClient(
            model="openai/gpt-4o-mini", base_url=base_url, api_key="sk-or-x", model_info=INFO
        )
        result = await mode(client)
        await client.close()
        return result

    return asyncio.run(run())


MODES: dict[str, Callable[[str], Any]] = {
    name: partial(_run, mode)
    for name, mode in {
        "plain": plain,
        "concurrent": concurrent,
        "streaming": streaming,
        "streaming with usage": streaming_with_usage,
        "tools": tools,
        "tools, streaming": tools_streaming,
        "structured": structured,
        "structured, streaming": structured_streaming,
        "team": team,
        "team, streaming": team_streaming,
    }.items()
}
