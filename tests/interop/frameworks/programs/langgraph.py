"""LangGraph: the tool agent of `create_agent`, and a custom graph whose nodes call the model in parallel.

https://docs.langchain.com/oss/python/langchain/agents and https://docs.langchain.com/oss/python/langgraph/graph-api
"""

import asyncio
import operator
import os
from collections.abc import Callable
from typing import Annotated, Any, TypedDict

os.environ["LANGSMITH_TRACING"] = "false"

from langchain.agents import create_agent
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_core.runnables import RunnableLambda
from langchain_openai import ChatOpenAI
from langgraph.graph import END, START, StateGraph
from programs import langsmith_tracing
from pydantic import BaseModel, SecretStr

QUESTION: Any = {"messages": [{"role": "user", "content": "How is the weather in Paris?"}]}


class Weather(BaseModel):
    """The structured output."""

    city: str
    degrees: int


class Answers(TypedDict):
    """The state of the graph."""

    texts: Annotated[list[str], operator.add]


def weather(city: str) -> str:
    """Return the weather in a city."""
    return "sunny, 21 degrees"


def _model(base_url: str) -> ChatOpenAI:
    return ChatOpenAI(model="openai/gpt-4o-mini", base_url=base_url, api_key=SecretStr("sk-or-x"))


def _agent(base_url: str, response_format: Any = None) -> Any:
    return create_agent(_model(base_url), [weather], response_format=response_format)


def _graph(base_url: str) -> Any:
    model = _model(base_url)

    def ask(_: Answers) -> Answers:
        return {"texts": [model.invoke("How is the weather?").text]}

    async def ask_async(_: Answers) -> Answers:
        return {"texts": [(await model.ainvoke("How is the weather?")).text]}

    graph = StateGraph(Answers)
    for city in ("Paris", "Rome"):
        graph.add_node(city, RunnableLambda(ask, ask_async)).add_edge(START, city).add_edge(city, END)
    return graph.compile()


def _messages(state: Any) -> list[tuple[str, str]]:
    return [(message.type, message.text) for message in state["messages"]]


def plain(base_url: str) -> Any:
    """The agent without tools."""
    return _messages(create_agent(_model(base_url)).invoke(QUESTION))


def tools(base_url: str) -> Any:
    """The agent calls its tool."""
    return _messages(_agent(base_url).invoke(QUESTION))


def tools_streaming(base_url: str) -> Any:
    """The stream of the model's tokens."""
    return [(token.type, token.text) for token, _ in _agent(base_url).stream(QUESTION, stream_mode="messages")]


def tools_events(base_url: str) -> Any:
    """The stream of the model's messages, as typed events."""
    run = _agent(base_url).stream_events(QUESTION, version="v3")
    return [list(message.text) for message in run.messages], _messages(run.output)


def structured(base_url: str) -> Any:
    """The agent calls its tool, then returns structured output by a JSON schema."""
    return _agent(base_url, ProviderStrategy(Weather)).invoke(QUESTION)["structured_response"].model_dump()


def structured_by_tool(base_url: str) -> Any:
    """The agent calls its tool, then returns structured output by another tool."""
    return _agent(base_url, ToolStrategy(Weather)).invoke(QUESTION)["structured_response"].model_dump()


def structured_streaming(base_url: str) -> Any:
    """The agent calls its tool, then returns structured output by a JSON schema, both streamed."""
    agent = _agent(base_url, ProviderStrategy(Weather))
    return [(token.type, token.text) for token, _ in agent.stream(QUESTION, stream_mode="messages")]


def nodes(base_url: str) -> Any:
    """Two nodes of a graph, in threads of LangGraph."""
    return _graph(base_url).invoke({"texts": []})


def async_tools(base_url: str) -> Any:
    """The agent calls its tool."""
    return _messages(asyncio.run(_agent(base_url).ainvoke(QUESTION)))


def async_tools_streaming(base_url: str) -> Any:
    """The stream of the model's tokens."""

    async def tokens() -> list[tuple[str, str]]:
        stream = _agent(base_url).astream(QUESTION, stream_mode="messages")
        return [(token.type, token.text) async for token, _ in stream]

    return asyncio.run(tokens())


def async_nodes(base_url: str) -> Any:
    """Two nodes of a graph, in tasks of LangGraph."""
    return asyncio.run(_graph(base_url).ainvoke({"texts": []}))


trace_itself = langsmith_tracing.trace_itself
SEPARATE_SPANS = langsmith_tracing.SEPARATE_SPANS

MODES: dict[str, Callable[[str], Any]] = {
    name: langsmith_tracing.traced(mode)
    for name, mode in {
        "plain": plain,
        "tools": tools,
        "tools, streaming": tools_streaming,
        "tools, events": tools_events,
        "structured": structured,
        "structured by tool": structured_by_tool,
        "structured, streaming": structured_streaming,
        "nodes side by side": nodes,
        "async tools": async_tools,
        "async tools, streaming": async_tools_streaming,
        "async nodes side by side": async_nodes,
    }.items()
}
