"""What the programs of Pydantic AI do with their model; they differ in the model.

https://ai.pydantic.dev/agents/
"""

import asyncio
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel
from pydantic_ai import Agent, AgentRunResultEvent, FunctionToolResultEvent, NativeOutput, PartDeltaEvent
from pydantic_ai.direct import model_request_stream_sync, model_request_sync
from pydantic_ai.messages import ModelRequest
from pydantic_ai.models import Model

QUESTION = "How is the weather in Paris?"


class Weather(BaseModel):
    """The structured output."""

    city: str
    degrees: int


def weather(city: str) -> str:
    """Return the weather in a city."""
    return "sunny, 21 degrees"


def plain(model: Model) -> Any:
    """One plain call."""
    return Agent(model).run_sync(QUESTION).output


def streaming(model: Model) -> Any:
    """One stream."""
    return list(Agent(model).run_stream_sync(QUESTION).stream_text(delta=True, debounce_by=None))


def tools(model: Model) -> Any:
    """The agent calls its tool."""
    result = Agent(model, tools=[weather]).run_sync(QUESTION)
    return result.output, [part.part_kind for message in result.all_messages() for part in message.parts]


async def tools_streaming(model: Model) -> Any:
    """The same, as a stream of events."""
    outputs: list[Any] = []
    async with Agent(model, tools=[weather]).run_stream_events(QUESTION) as events:
        async for event in events:
            match event:
                case PartDeltaEvent():
                    outputs.append(getattr(event.delta, "content_delta", "") or event.delta.part_delta_kind)
                case FunctionToolResultEvent():
                    outputs.append(event.part.content)
                case AgentRunResultEvent():
                    outputs.append(event.result.output)
                case _:
                    pass
    return outputs


def structured(model: Model) -> Any:
    """Structured output by a forced tool."""
    return Agent(model, output_type=Weather).run_sync(QUESTION).output.model_dump()


def structured_by_schema(model: Model) -> Any:
    """Structured output by a JSON schema."""
    return Agent(model, output_type=NativeOutput(Weather)).run_sync(QUESTION).output.model_dump()


def structured_streaming(model: Model) -> Any:
    """Structured output by a JSON schema, streamed."""
    agent = Agent(model, output_type=NativeOutput(Weather))
    return [each.model_dump() for each in agent.run_stream_sync(QUESTION).stream_output(debounce_by=None)]


async def async_plain(model: Model) -> Any:
    """Three concurrent calls."""
    agent = Agent(model)
    return [result.output for result in await asyncio.gather(*(agent.run(QUESTION) for _ in range(3)))]


async def async_streaming(model: Model) -> Any:
    """One stream."""
    async with Agent(model).run_stream(QUESTION) as result:
        return [piece async for piece in result.stream_text(delta=True, debounce_by=None)]


def direct(model: Model) -> Any:
    """A request without an agent."""
    return model_request_sync(model, [ModelRequest.user_text_prompt(QUESTION)]).text


def direct_streaming(model: Model) -> Any:
    """The same, streamed."""
    with model_request_stream_sync(model, [ModelRequest.user_text_prompt(QUESTION)]) as stream:
        return [type(event).__name__ for event in stream], stream.response.text


def trace_itself() -> None:
    """Pydantic AI creates spans for its agents, their tools and the model calls.

    https://ai.pydantic.dev/logfire/
    """
    Agent.instrument_all()


def run(mode: Callable[[Model], Any], make: Callable[[Any], Model], client: Any) -> Any:
    """Run a mode with the model of an SDK's client, and close the client in the same event loop."""
    with asyncio.Runner() as runner:
        runner.get_loop()  # makes it the current loop, which the sync functions use, too
        result = mode(make(client))
        if asyncio.iscoroutine(result):
            result = runner.run(result)
        runner.run(client.close())
    return result


MODES: dict[str, Callable[[Model], Any]] = {
    "plain": plain,
    "streaming": streaming,
    "tools": tools,
    "tools, streaming": tools_streaming,
    "structured": structured,
    "structured by schema": structured_by_schema,
    "structured, streaming": structured_streaming,
    "async plain": async_plain,
    "async streaming": async_streaming,
    "direct": direct,
    "direct, streaming": direct_streaming,
}
