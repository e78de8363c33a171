"""smolagents: `OpenAIModel` on its own, in a tool calling agent and in a code agent.

https://huggingface.co/docs/smolagents/reference/models#smolagents.OpenAIModel and
https://huggingface.co/docs/smolagents/reference/agents
"""

import os
from collections.abc import Callable
from typing import Any

os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"

from openinference.instrumentation.smolagents import SmolagentsInstrumentor
from pydantic import BaseModel
from smolagents import (
    ActionStep,
    ChatMessage,
    ChatMessageStreamDelta,
    CodeAgent,
    FinalAnswerStep,
    LogLevel,
    MessageRole,
    OpenAIModel,
    ToolCallingAgent,
    tool,
)

QUESTION = "How is the weather in Paris?"
MESSAGES = [ChatMessage(role=MessageRole.USER, content=QUESTION)]


class Weather(BaseModel):
    """What is asked for."""

    city: str
    degrees: int


FORMAT: Any = {
    "type": "json_schema",
    "json_schema": {"name": "Weather", "schema": Weather.model_json_schema(), "strict": True},
}


@tool
def weather(city: str) -> str:
    """Tell the weather in a city.

    Args:
        city: the city
    """
    return "sunny, 21 degrees"


def _model(base_url: str) -> OpenAIModel:
    return OpenAIModel(model_id="openai/gpt-4o-mini", api_base=base_url, api_key="sk-or-x")


def _tool_agent(base_url: str, *, stream: bool = False) -> ToolCallingAgent:
    """One with a step to call its tool, after which it is asked for the answer."""
    return ToolCallingAgent(
        [weather], _model(base_url), max_steps=1, stream_outputs=stream, verbosity_level=LogLevel.OFF
    )


def _code_agent(base_url: str, *, stream: bool = False) -> CodeAgent:
    """One with a step to run the model's code, after which it is asked for the answer."""
    return CodeAgent(
        [weather],
        _model(base_url),
        max_steps=1,
        stream_outputs=stream,
        use_structured_outputs_internally=True,
        verbosity_level=LogLevel.OFF,
    )


def _heard(agent: ToolCallingAgent | CodeAgent, **more: Any) -> list[Any]:
    """The pieces as they come, and what the steps saw and the last one answered."""
    heard: list[Any] = []
    for event in agent.run(QUESTION, stream=True, **more):
        match event:
            case ChatMessageStreamDelta():
                heard.append(event.content)
            case ActionStep():
                heard.append(event.observations)
            case FinalAnswerStep():
                heard.append(event.output)
            case _:
                pass
    return heard


def plain(base_url: str) -> Any:
    """One answer."""
    return _model(base_url).generate(MESSAGES).content


def streaming(base_url: str) -> Any:
    """One answer in pieces."""
    return [delta.content for delta in _model(base_url).generate_stream(MESSAGES)]


def structured(base_url: str) -> Any:
    """By a JSON schema."""
    answer = _model(base_url).generate(MESSAGES, response_format=FORMAT)
    return Weather.model_validate_json(str(answer.content)).model_dump()


def structured_streaming(base_url: str) -> Any:
    """By a JSON schema, in pieces."""
    return [delta.content for delta in _model(base_url).generate_stream(MESSAGES, response_format=FORMAT)]


def tools(base_url: str) -> Any:
    """The agent calls its tool."""
    return _heard(_tool_agent(base_url))


def tools_streaming(base_url: str) -> Any:
    """The same in pieces."""
    return _heard(_tool_agent(base_url, stream=True))


def final_answer(base_url: str) -> Any:
    """The agent without tools ends with the one that it always has."""
    return ToolCallingAgent([], _model(base_url), verbosity_level=LogLevel.OFF).run(QUESTION)


def code(base_url: str) -> Any:
    """The agent runs the code that fills the schema of one, which is the name of a variable."""
    return _heard(_code_agent(base_url), additional_args={"Paris": "sunny, 21 degrees"})


def code_streaming(base_url: str) -> Any:
    """The same in pieces."""
    return _heard(_code_agent(base_url, stream=True), additional_args={"Paris": "sunny, 21 degrees"})


def trace_itself() -> None:
    """The documented way is OpenInference's instrumentor, which makes spans of agents, tools and models.

    https://huggingface.co/docs/smolagents/tutorials/inspect_runs
    """
    SmolagentsInstrumentor().instrument()


MODES: dict[str, Callable[[str], Any]] = {
    "plain": plain,
    "streaming": streaming,
    "tools": tools,
    "tools, streaming": tools_streaming,
    "structured": structured,
    "structured, streaming": structured_streaming,
    "final answer by a tool": final_answer,
    "code agent": code,
    "code agent, streaming": code_streaming,
}
