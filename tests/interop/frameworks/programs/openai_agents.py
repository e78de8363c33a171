"""OpenAI Agents SDK: OpenRouter's base URL in its client, with chat completions and with the Responses API.

https://openai.github.io/openai-agents-python/models/ and https://openai.github.io/openai-agents-python/streaming/
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import openai
from agents import (
    Agent,
    Model,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    Runner,
    RunResult,
    RunResultStreaming,
    ToolCallOutputItem,
    function_tool,
    set_tracing_disabled,
)
from openai.types.responses import ResponseTextDeltaEvent
from pydantic import BaseModel

set_tracing_disabled(disabled=True)

MODEL = "openai/gpt-4o-mini"
QUESTION = "How is the weather in Paris?"


class Weather(BaseModel):
    """The structured output."""

    city: str
    degrees: int


@function_tool
def weather(city: str) -> str:
    """Return the weather in a city."""
    return "sunny, 21 degrees"


def _agent(model: Model, **more: Any) -> Agent:
    return Agent(name="Forecaster", model=model, **more)


def _done(result: RunResult | RunResultStreaming) -> Any:
    """Return the agent's final output and the outputs of its tools."""
    return result.final_output, [item.output for item in result.new_items if isinstance(item, ToolCallOutputItem)]


async def _streamed(agent: Agent) -> Any:
    result = Runner.run_streamed(agent, QUESTION)
    events = [event async for event in result.stream_events()]
    data = [event.data for event in events if event.type == "raw_response_event"]
    return _done(result), [each.delta for each in data if isinstance(each, ResponseTextDeltaEvent)]


async def plain(model: Model) -> Any:
    """One plain call."""
    return (await Runner.run(_agent(model), QUESTION)).final_output


async def streaming(model: Model) -> Any:
    """One stream."""
    return await _streamed(_agent(model))


async def streaming_with_usage(model: Model) -> Any:
    """One stream, with its usage requested."""
    return await _streamed(_agent(model, model_settings=ModelSettings(include_usage=True)))


async def tools(model: Model) -> Any:
    """The agent calls its tool."""
    return _done(await Runner.run(_agent(model, tools=[weather]), QUESTION))


async def tools_streaming(model: Model) -> Any:
    """The same, streamed."""
    return await _streamed(_agent(model, tools=[weather]))


async def structured(model: Model) -> Any:
    """Structured output by a JSON schema."""
    return (await Runner.run(_agent(model, output_type=Weather), QUESTION)).final_output.model_dump()


async def handoff(model: Model) -> Any:
    """An agent hands off to another agent, which calls its tool."""
    clerk = _agent(model, handoffs=[Agent(name="Expert", model=model, tools=[weather])])
    result = await Runner.run(clerk, QUESTION)
    return _done(result), result.last_agent.name


def not_async(model: Model) -> Any:
    """The agent calls its tool, in a program without an event loop."""
    return _done(Runner.run_sync(_agent(model, tools=[weather]), QUESTION))


def _run(mode: Callable[[Model], Any], make: Callable[..., Model], base_url: str) -> Any:
    """Run a mode and close the client in the same event loop."""
    client = openai.AsyncOpenAI(base_url=base_url, api_key="sk-or-x")
    with asyncio.Runner() as runner:
        runner.get_loop()  # makes it the current loop, which `run_sync` uses, too
        result = mode(make(MODEL, client))
        if asyncio.iscoroutine(result):
            result = runner.run(result)
        runner.run(client.close())
    return result


MODES: dict[str, Callable[[str], Any]] = {
    api + name: partial(_run, mode, make)
    for api, make in (("", OpenAIChatCompletionsModel), ("Responses API, ", OpenAIResponsesModel))
    for name, mode in {
        "plain": plain,
        "streaming": streaming,
        "streaming with usage": streaming_with_usage,
        "tools": tools,
        "tools, streaming": tools_streaming,
        "structured": structured,
        "handoff": handoff,
        "not async": not_async,
    }.items()
}
