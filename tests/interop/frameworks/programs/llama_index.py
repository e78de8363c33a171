"""LlamaIndex: its OpenRouter model used directly, in a query engine and in an agent.

https://docs.llamaindex.ai/en/stable/examples/llm/openrouter/ and https://docs.llamaindex.ai/en/stable/examples/agent/
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from llama_index.core import Document, PromptTemplate, SummaryIndex
from llama_index.core.agent.workflow import AgentOutput, AgentStream, FunctionAgent, ToolCallResult
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.openrouter import OpenRouter
from llama_index.observability.otel import LlamaIndexOpenTelemetry
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic import BaseModel

QUESTION = "How is the weather in Paris?"
MESSAGES = [ChatMessage(QUESTION)]
PROMPT = PromptTemplate(QUESTION)


class Weather(BaseModel):
    """The structured output."""

    city: str
    degrees: int


def weather(city: str) -> str:
    """Return the weather in a city."""
    return "sunny, 21 degrees"


def _model(base_url: str, **more: Any) -> OpenRouter:
    """Create a model with an order of upstream providers, which is sent in `extra_body`."""
    settings = {"model": "openai/gpt-4o-mini", "api_base": base_url, "api_key": "sk-or-x", "order": ["azure"], **more}
    return OpenRouter(is_function_calling_model=True, **settings)


def _in_loop(base_url: str, ask: Callable[[OpenRouter], Awaitable[Any]]) -> Any:
    """Run the coroutine and close the HTTP client in the same event loop."""

    async def run() -> Any:
        async with httpx.AsyncClient() as client:
            return await ask(_model(base_url, async_http_client=client))

    return asyncio.run(run())


def plain(base_url: str) -> Any:
    """One plain call."""
    return _model(base_url).chat(MESSAGES).message.content


def streaming(base_url: str) -> Any:
    """One stream."""
    return [piece.delta for piece in _model(base_url).stream_chat(MESSAGES)]


def completion(base_url: str) -> Any:
    """A text completion."""
    return _model(base_url, is_chat_model=False).complete(QUESTION).text


def completion_streaming(base_url: str) -> Any:
    """The same, streamed."""
    return [piece.delta for piece in _model(base_url, is_chat_model=False).stream_complete(QUESTION)]


def structured(base_url: str) -> Any:
    """Structured output by a forced tool."""
    return _model(base_url).structured_predict(Weather, PROMPT).model_dump()


def structured_by_schema(base_url: str) -> Any:
    """Structured output by a JSON schema."""
    return _model(base_url, should_use_structured_outputs=True).structured_predict(Weather, PROMPT).model_dump()


def structured_streaming(base_url: str) -> Any:
    """Structured output by a forced tool, streamed."""
    partials: Any = _model(base_url).stream_structured_predict(Weather, PROMPT)
    return [partial.model_dump() for partial in partials]


def query_engine(base_url: str) -> Any:
    """A query about a document."""
    index = SummaryIndex.from_documents([Document(text="It is sunny in Paris, 21 degrees.")])
    return str(index.as_query_engine(llm=_model(base_url)).query(QUESTION))


def query_engine_streaming(base_url: str) -> Any:
    """The same, streamed."""
    index = SummaryIndex.from_documents([Document(text="It is sunny in Paris, 21 degrees.")])
    result: Any = index.as_query_engine(llm=_model(base_url), streaming=True).query(QUESTION)
    return list(result.response_gen)


def _agent(base_url: str, *, streaming: bool) -> Any:
    """Return the events of an agent's workflow: the chunks and the results of its tool."""

    async def outputs(model: OpenRouter) -> Any:
        tools = [FunctionTool.from_defaults(weather)]
        run = FunctionAgent(tools=tools, llm=model, streaming=streaming).run(QUESTION)
        outputs: list[Any] = []
        async for event in run.stream_events():
            match event:
                case AgentStream():
                    outputs.append(event.delta)
                case ToolCallResult():
                    outputs.append(event.tool_output.content)
                case AgentOutput():
                    outputs.append(event.response.content)
                case _:
                    pass
        return str(await run), outputs

    return _in_loop(base_url, outputs)


def tools(base_url: str) -> Any:
    """The agent calls its tool."""
    return _agent(base_url, streaming=False)


def tools_streaming(base_url: str) -> Any:
    """The same, streamed."""
    return _agent(base_url, streaming=True)


def async_plain(base_url: str) -> Any:
    """Three concurrent calls."""

    async def results(model: OpenRouter) -> list[Any]:
        return [reply.message.content for reply in await asyncio.gather(*(model.achat(MESSAGES) for _ in range(3)))]

    return _in_loop(base_url, results)


def async_streaming(base_url: str) -> Any:
    """One stream."""

    async def pieces(model: OpenRouter) -> list[Any]:
        return [piece.delta async for piece in await model.astream_chat(MESSAGES)]

    return _in_loop(base_url, pieces)


def async_structured(base_url: str) -> Any:
    """Structured output by a forced tool."""

    async def predict(model: OpenRouter) -> Any:
        return (await model.astructured_predict(Weather, PROMPT)).model_dump()

    return _in_loop(base_url, predict)


def trace_itself() -> None:
    """LlamaIndex creates spans for its methods.

    https://docs.llamaindex.ai/en/stable/module_guides/observability/
    """
    provider: Any = trace.get_tracer_provider()
    exporter = InMemorySpanExporter()  # without an exporter it prints the spans
    LlamaIndexOpenTelemetry(tracer_provider=provider, span_exporter=exporter).start_registering()


MODES: dict[str, Callable[[str], Any]] = {
    "plain": plain,
    "streaming": streaming,
    "completion": completion,
    "completion, streaming": completion_streaming,
    "tools": tools,
    "tools, streaming": tools_streaming,
    "structured": structured,
    "structured by schema": structured_by_schema,
    "structured, streaming": structured_streaming,
    "query engine": query_engine,
    "query engine, streaming": query_engine_streaming,
    "async plain": async_plain,
    "async streaming": async_streaming,
    "async structured": async_structured,
}
