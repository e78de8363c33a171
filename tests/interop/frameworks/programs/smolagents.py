"""smolagents: `OpenAIModel` used directly, in a tool calling agent and in a code agent.

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
    """The structured output."""

    city: str
    degrees: int


FORMAT: Any = {
    "type": "json_schema",
    "json_schema": {"name": "Weather", "schema": Weather.model_json_schema(), "strict": True},
}


@tool
def weather(city: str) -> str:
    """Return the weather in a city.

    Args:
        city: the city
    """
    return "sunny, 21 degrees"


def _model(base_url: str) -> OpenAIModel:
    return OpenAIModel(model_id="openai/gpt-4o-mini", api_base=base_url, api_key="sk-or-x")


def _tool_agent(base_url: str, *, stream: bool = False) -> ToolCallingAgent:
    """Create an agent with one step, for its tool call; then smolagents requests the final answer."""
    return ToolCallingAgent(
        [weather], _model(base_url), max_steps=1, stream_outputs=stream, verbosity_level=LogLevel.OFF
    )


def _code_agent(base_url: str, *, stream: bool = False) -> CodeAgent:
    """Create an agent with one step, for the model's code; then smolagents requests the final answer."""
    return CodeAgent(
        [weather],
        _model(base_url),
        max_steps=1,
        stream_outputs=stream,
        use_structured_outputs_internally=True,
        verbosity_level=LogLevel.OFF,
    )


def _outputs(agent: ToolCallingAgent | CodeAgent, **more: Any) -> list[Any]:
    """Return the chunks, the observations of the steps and the final answer."""
    outputs: list[Any] = []
    for event in agent.run(QUESTION, stream=True, **more):
        match event:
            case ChatMessageStreamDelta():
                outputs.append(event.content)
            case ActionStep():
                outputs.append(event.observations)
            case FinalAnswerStep():
                outputs.append(event.output)
            case _:
                pass
    return outputs


def plain(base_url: str) -> Any:
    """One plain call."""
    return _model(base_url).generate(MESSAGES).content


def streaming(base_url: str) -> Any:
    """One stream."""
    return [delta.content for delta in _model(base_url).generate_stream(MESSAGES)]


def structured(base_url: str) -> Any:
    """Structured output by a JSON schema."""
    reply = _model(base_url).generate(MESSAGES, response_format=FORMAT)
    return Weather.model_validate_json(str(reply.content)).model_dump()


def structured_streaming(base_url: str) -> Any:
    """Structured output by a JSON schema, streamed."""
    return [delta.content for delta in _model(base_url).generate_stream(MESSAGES, response_format=FORMAT)]


def tools(base_url: str) -> Any:
    """The agent calls its tool."""
    return _outputs(_tool_agent(base_url))


def tools_streaming(base_url: str) -> Any:
    """The same, streamed."""
    return _outputs(_tool_agent(base_url, stream=True))


def final_answer(base_url: str) -> Any:
    """The agent without tools ends with its built-in tool `final_answer`."""
    return ToolCallingAgent([], _model(base_url), verbosity_level=LogLevel.OFF).run(QUESTION)


def code(base_url: str) -> Any:
    """The agent runs the generated code, which is the name of a variable."""
    return _outputs(_code_agent(base_url), additional_args={"Paris": "sunny, 21 degrees"})


def code_streaming(base_url: str) -> Any:
    """The same, streamed."""
    return _outputs(_code_agent(base_url, stream=True), additional_args={"Paris": "sunny, 21 degrees"})


def trace_itself() -> None:
    """The documentation recommends OpenInference's instrumentor, which creates spans for agents, tools and models.

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
