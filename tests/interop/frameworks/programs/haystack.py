"""Haystack: `OpenRouterChatGenerator` used directly, in a pipeline and in an agent.

https://haystack.deepset.ai/integrations/openrouter and https://docs.haystack.deepset.ai/docs/agent
"""

import asyncio
import os
from collections.abc import Callable
from typing import Any

os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "false"

from haystack import Pipeline
from haystack.components.agents import Agent
from haystack.components.builders import ChatPromptBuilder
from haystack.dataclasses import ChatMessage, StreamingChunk
from haystack.tools import tool
from haystack.utils import Secret
from haystack_integrations.components.connectors.opentelemetry import OpenTelemetryConnector
from haystack_integrations.components.generators.openrouter import OpenRouterChatGenerator
from pydantic import BaseModel

QUESTION = [ChatMessage.from_user("How is the weather in Paris?")]


class Weather(BaseModel):
    """The structured output."""

    city: str
    degrees: int


@tool
def weather(city: str) -> str:
    """Return the weather in a city."""
    return "sunny, 21 degrees"


def _generator(base_url: str, **generation: Any) -> OpenRouterChatGenerator:
    """Create a generator whose parameters are all sent in `extra_body`."""
    return OpenRouterChatGenerator(
        api_key=Secret.from_token("sk-or-x"),
        model="openai/gpt-4o-mini",
        api_base_url=base_url,
        generation_kwargs={"temperature": 0.5, "max_tokens": 64, **generation},
    )


def _agent(base_url: str) -> Agent:
    return Agent(chat_generator=_generator(base_url), tools=[weather])


def _pipeline(base_url: str) -> Pipeline:
    pipeline = Pipeline()
    pipeline.add_component("prompt", ChatPromptBuilder([ChatMessage.from_user("How is the weather in {{city}}?")]))
    pipeline.add_component("model", _generator(base_url))
    pipeline.connect("prompt.prompt", "model.messages")
    return pipeline


def _messages(result: dict[str, Any]) -> list[tuple[str, str]]:
    messages: list[ChatMessage] = result["messages"]
    return [
        (message.role.value, message.text or "".join(str(each.result) for each in message.tool_call_results))
        for message in messages
    ]


def plain(base_url: str) -> Any:
    """One plain call."""
    return _generator(base_url).run(QUESTION)["replies"][0].text


def streaming(base_url: str) -> Any:
    """One stream."""
    chunks: list[StreamingChunk] = []
    reply = _generator(base_url).run(QUESTION, streaming_callback=chunks.append)["replies"][0]
    return reply.text, [chunk.content for chunk in chunks]


def tools(base_url: str) -> Any:
    """The agent calls its tool."""
    return _messages(_agent(base_url).run(QUESTION))


def tools_streaming(base_url: str) -> Any:
    """The same, streamed."""
    chunks: list[StreamingChunk] = []
    texts = _messages(_agent(base_url).run(QUESTION, streaming_callback=chunks.append))
    return texts, [chunk.content for chunk in chunks]


def structured(base_url: str) -> Any:
    """Structured output by a JSON schema."""
    return _generator(base_url, response_format=Weather).run(QUESTION)["replies"][0].text


def structured_streaming(base_url: str) -> Any:
    """Structured output by a JSON schema, streamed."""
    schema = {"name": "Weather", "schema": Weather.model_json_schema()}
    generator = _generator(base_url, response_format={"type": "json_schema", "json_schema": schema})
    chunks: list[StreamingChunk] = []
    reply = generator.run(QUESTION, streaming_callback=chunks.append)["replies"][0]
    return reply.text, [chunk.content for chunk in chunks]


def pipeline(base_url: str) -> Any:
    """One plain call, with a prompt built by the pipeline."""
    return _pipeline(base_url).run({"prompt": {"city": "Paris"}})["model"]["replies"][0].text


def _finished(one: Any, *args: Any, **more: Any) -> Any:
    """Run a generator, an agent or a pipeline, and close it in the same event loop."""

    async def run() -> Any:
        try:
            return await one.run_async(*args, **more)
        finally:
            await one.close_async()

    return asyncio.run(run())


def async_plain(base_url: str) -> Any:
    """One plain call."""
    return _finished(_generator(base_url), QUESTION)["replies"][0].text


def async_streaming(base_url: str) -> Any:
    """One stream."""
    chunks: list[StreamingChunk] = []

    async def outputs(chunk: StreamingChunk) -> None:
        chunks.append(chunk)

    reply = _finished(_generator(base_url), QUESTION, streaming_callback=outputs)["replies"][0]
    return reply.text, [chunk.content for chunk in chunks]


def async_tools(base_url: str) -> Any:
    """The agent calls its tool."""
    return _messages(_finished(_agent(base_url), QUESTION))


def async_pipeline(base_url: str) -> Any:
    """One plain call, with a prompt built by the pipeline."""
    return _finished(_pipeline(base_url), {"prompt": {"city": "Paris"}})["model"]["replies"][0].text


def trace_itself() -> None:
    """Haystack creates spans for its pipelines and agents, and for their components.

    https://docs.haystack.deepset.ai/docs/opentelemetryconnector
    """
    OpenTelemetryConnector()


MODES: dict[str, Callable[[str], Any]] = {
    "plain": plain,
    "streaming": streaming,
    "tools": tools,
    "tools, streaming": tools_streaming,
    "structured": structured,
    "structured, streaming": structured_streaming,
    "pipeline": pipeline,
    "async plain": async_plain,
    "async streaming": async_streaming,
    "async tools": async_tools,
    "async pipeline": async_pipeline,
}
