"""Strands Agents: its OpenAI, Responses API and Anthropic models with OpenRouter's base URL, in agents.

https://strandsagents.com/latest/documentation/docs/user-guide/concepts/model-providers/openai/ and, as it always makes
spans by itself, https://strandsagents.com/latest/documentation/docs/user-guide/observability-evaluation/traces/
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any

from pydantic import BaseModel
from strands import Agent, tool
from strands.models import Model
from strands.models.anthropic import AnthropicModel
from strands.models.openai import OpenAIModel
from strands.models.openai_responses import OpenAIResponsesModel

QUESTION = "How is the weather in Paris?"


class Weather(BaseModel):
    """The structured output."""

    city: str
    degrees: int


@tool
def weather(city: str) -> str:
    """Return the weather in a city.

    Args:
        city: the city.
    """
    return "sunny, 21 degrees"


def _agent(model: Model, **more: Any) -> Agent:
    return Agent(model=model, callback_handler=None, **more)


def _texts(agent: Agent) -> Any:
    """Return the messages of an agent without the ids of tool calls."""
    return [
        (message["role"], [block.get("text", next(iter(block))) for block in message["content"]])
        for message in agent.messages
    ]


async def _pieces(events: AsyncIterator[Any]) -> list[Any]:
    return [event["data"] async for event in events if "data" in event]


def plain(model: Model) -> Any:
    """One call, which Strands streams and collects."""
    return str(_agent(model)(QUESTION))


async def streaming(model: Model) -> Any:
    """One stream."""
    return await _pieces(_agent(model).stream_async(QUESTION))


def tools(model: Model) -> Any:
    """The agent calls its tool."""
    agent = _agent(model, tools=[weather])
    return str(agent(QUESTION)), _texts(agent)


async def tools_streaming(model: Model) -> Any:
    """The same, streamed."""
    agent = _agent(model, tools=[weather])
    return await _pieces(agent.stream_async(QUESTION)), _texts(agent)


def structured(model: Model) -> Any:
    """Structured output at the end of the agent's loop."""
    found = _agent(model, tools=[weather])(QUESTION, structured_output_model=Weather).structured_output
    return found and found.model_dump()


async def structured_streaming(model: Model) -> Any:
    """The same, streamed."""
    events = [each async for each in _agent(model).stream_async(QUESTION, structured_output_model=Weather)]
    return [each["result"].structured_output.model_dump() for each in events if "result" in each]


async def async_plain(model: Model) -> Any:
    """Three concurrent calls."""
    return [str(each) for each in await asyncio.gather(*(_agent(model).invoke_async(QUESTION) for _ in range(3)))]


async def direct(model: Model) -> Any:
    """The model without an agent."""
    messages: Any = [{"role": "user", "content": [{"text": QUESTION}]}]
    return [next(iter(event)) async for event in model.stream(messages)]


def agent_as_tool(model: Model) -> Any:
    """An agent that calls another agent as its tool."""
    inner = _agent(model, name="forecaster", description="Knows the weather.", tools=[weather])
    agent = _agent(model, tools=[inner])
    return str(agent(QUESTION)), _texts(agent), _texts(inner)


def _chat(base_url: str, **more: Any) -> Model:
    return OpenAIModel(client_args={"base_url": base_url, "api_key": "sk-or-x"}, model_id="openai/gpt-4o-mini", **more)


def _whole(base_url: str) -> Model:
    return _chat(base_url, stream=False)


def _responses(base_url: str) -> Model:
    client = {"base_url": base_url, "api_key": "sk-or-x"}
    return OpenAIResponsesModel(client_args=client, model_id="openai/gpt-4o-mini")


def _anthropic(base_url: str) -> Model:
    client = {"base_url": base_url.removesuffix("/v1"), "api_key": "sk-or-x"}  # the SDK adds the version
    return AnthropicModel(client_args=client, model_id="anthropic/claude-sonnet-4.5", max_tokens=100)


def _run(mode: Callable[[Model], Any], make: Callable[[str], Model], base_url: str) -> Any:
    result = mode(make(base_url))
    return asyncio.run(result) if asyncio.iscoroutine(result) else result


MODES: dict[str, Callable[[str], Any]] = {
    api + name: partial(_run, mode, make)
    for api, make in (
        ("", _chat),
        ("not streamed, ", _whole),
        ("Responses API, ", _responses),
        ("Anthropic, ", _anthropic),
    )
    for name, mode in {
        "plain": plain,
        "streaming": streaming,
        "tools": tools,
        "tools, streaming": tools_streaming,
        "structured": structured,
        "structured, streaming": structured_streaming,
        "async plain": async_plain,
        "direct": direct,
        "agent as tool": agent_as_tool,
    }.items()
    if make is not _whole or mode in (plain, tools, structured)
}
