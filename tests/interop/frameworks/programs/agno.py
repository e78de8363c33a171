"""Agno: agents with its models `OpenRouter` and `OpenRouterResponses`.

https://docs.agno.com/models/providers/gateways/openrouter/overview and https://docs.agno.com/agents/overview
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from typing import Any

os.environ["AGNO_TELEMETRY"] = "false"

from agno.agent import Agent, RunContentEvent, RunOutput, RunOutputEvent, ToolCallCompletedEvent
from agno.models.openrouter import OpenRouter, OpenRouterResponses
from openinference.instrumentation.agno import AgnoInstrumentor
from pydantic import BaseModel

MODEL = "openai/gpt-4o-mini"
QUESTION = "How is the weather in Paris?"

Model = OpenRouter | OpenRouterResponses


class Weather(BaseModel):
    """The structured output."""

    city: str
    degrees: int


def weather(city: str) -> str:
    """Return the weather in a city."""
    return "sunny, 21 degrees"


def _messages(result: RunOutput) -> list[tuple[str, Any]]:
    return [(message.role, message.content) for message in result.messages or []]


def _outputs(event: RunOutputEvent) -> list[Any]:
    match event:
        case RunContentEvent():
            return [event.content.model_dump() if isinstance(event.content, BaseModel) else event.content]
        case ToolCallCompletedEvent():
            return [event.tool.result if event.tool else None]
        case _:
            return []


def _closed(model: Model, work: Coroutine[Any, Any, Any]) -> Any:
    """Run the coroutine and close the model's client in the same event loop."""

    async def run() -> Any:
        result = await work
        await model.get_async_client().close()
        return result

    return asyncio.run(run())


def plain(model: Model) -> Any:
    """One plain call."""
    return Agent(model=model).run(QUESTION).content


def streaming(model: Model) -> Any:
    """One stream."""
    return [piece for event in Agent(model=model).run(QUESTION, stream=True) for piece in _outputs(event)]


def tools(model: Model) -> Any:
    """The agent calls its tool."""
    return _messages(Agent(model=model, tools=[weather]).run(QUESTION))


def tools_streaming(model: Model) -> Any:
    """The same, as a stream of events."""
    events = Agent(model=model, tools=[weather]).run(QUESTION, stream=True, stream_events=True)
    return [piece for event in events for piece in _outputs(event)]


def structured(model: Model) -> Any:
    """Structured output by a JSON schema."""
    return Agent(model=model, output_schema=Weather).run(QUESTION).content.model_dump()


def structured_streaming(model: Model) -> Any:
    """Structured output by a JSON schema, as a stream of events; Agno makes a plain call for it."""
    events = Agent(model=model, output_schema=Weather).run(QUESTION, stream=True)
    return [piece for event in events for piece in _outputs(event)]


def async_plain(model: Model) -> Any:
    """Three concurrent calls."""

    async def results() -> list[Any]:
        runs = await asyncio.gather(*(Agent(model=model).arun(QUESTION) for _ in range(3)))
        return [run.content for run in runs]

    return _closed(model, results())


def async_streaming(model: Model) -> Any:
    """One stream."""

    async def pieces(events: AsyncIterator[RunOutputEvent]) -> list[Any]:
        return [piece async for event in events for piece in _outputs(event)]

    return _closed(model, pieces(Agent(model=model).arun(QUESTION, stream=True)))


def async_tools(model: Model) -> Any:
    """The agent calls its tool."""
    return _messages(_closed(model, Agent(model=model, tools=[weather]).arun(QUESTION)))


def async_tools_streaming(model: Model) -> Any:
    """The same, as a stream of events."""

    async def pieces(events: AsyncIterator[RunOutputEvent]) -> list[Any]:
        return [piece async for event in events for piece in _outputs(event)]

    agent = Agent(model=model, tools=[weather])
    return _closed(model, pieces(agent.arun(QUESTION, stream=True, stream_events=True)))


def trace_itself() -> None:
    """The documentation recommends OpenInference's instrumentor, which creates spans for agents, tools and models.

    https://docs.agno.com/tracing/overview
    """
    AgnoInstrumentor().instrument()


def _run(mode: Callable[[Model], Any], make: Callable[..., Model], base_url: str) -> Any:
    return mode(make(id=MODEL, api_key="sk-or-x", base_url=base_url))


MODES: dict[str, Callable[[str], Any]] = {
    api + name: partial(_run, mode, make)
    for api, make in (("", OpenRouter), ("Responses API, ", OpenRouterResponses))
    for name, mode in {
        "plain": plain,
        "streaming": streaming,
        "tools": tools,
        "tools, streaming": tools_streaming,
        "structured": structured,
        "structured, streaming": structured_streaming,
        "async plain": async_plain,
        "async streaming": async_streaming,
        "async tools": async_tools,
        "async tools, streaming": async_tools_streaming,
    }.items()
}
