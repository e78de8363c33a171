"""smolagents: `LiteLLMModel` used directly, in a tool calling agent and in a code agent.

https://huggingface.co/docs/smolagents/reference/models#smolagents.LiteLLMModel
"""

import os
from collections.abc import Callable
from functools import partial
from typing import Any

os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # downloads no prices

from openinference.instrumentation.smolagents import SmolagentsInstrumentor
from pydantic import BaseModel
from smolagents import (
    ActionStep,
    ChatMessage,
    ChatMessageStreamDelta,
    CodeAgent,
    FinalAnswerStep,
    LiteLLMModel,
    LiteLLMRouterModel,
    LogLevel,
    MessageRole,
    ToolCallingAgent,
    tool,
)

QUESTION = "How is the weather in Paris?"
MESSAGES = [ChatMessage(role=MessageRole.USER, content=QUESTION)]
Model = LiteLLMModel


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


def plain(model: Model) -> Any:
    """One plain call."""
    return model.generate(MESSAGES).content


def streaming(model: Model) -> Any:
    """One stream."""
    return [delta.content for delta in model.generate_stream(MESSAGES)]


def structured(model: Model) -> Any:
    """Structured output by a JSON schema."""
    return Weather.model_validate_json(str(model.generate(MESSAGES, response_format=FORMAT).content)).model_dump()


def tools(model: Model, *, stream: bool = False) -> Any:
    """The agent calls its tool; then smolagents requests the final answer."""
    agent = ToolCallingAgent([weather], model, max_steps=1, stream_outputs=stream, verbosity_level=LogLevel.OFF)
    return _outputs(agent)


def code(model: Model, *, stream: bool = False) -> Any:
    """The agent runs the generated code, which is the name of a variable."""
    agent = CodeAgent(
        [weather],
        model,
        max_steps=1,
        stream_outputs=stream,
        use_structured_outputs_internally=True,
        verbosity_level=LogLevel.OFF,
    )
    return _outputs(agent, additional_args={"Paris": "sunny, 21 degrees"})


def trace_itself() -> None:
    """The documentation recommends OpenInference's instrumentor, which creates spans for agents, tools and models.

    https://huggingface.co/docs/smolagents/tutorials/inspect_runs
    """
    SmolagentsInstrumentor().instrument()


def _run(mode: Callable[[Model], Any], base_url: str) -> Any:
    return mode(LiteLLMModel("openrouter/openai/gpt-4o-mini", api_base=base_url, api_key="sk-or-x"))


def router(base_url: str) -> Any:
    """`LiteLLMRouterModel`, which passes no `api_base`."""
    os.environ["OPENROUTER_API_BASE"] = base_url
    parameters = {"model": "openrouter/openai/gpt-4o-mini", "api_key": "sk-or-x"}
    model = LiteLLMRouterModel("group", [{"model_name": "group", "litellm_params": parameters}])
    return model.generate(MESSAGES).content


MODES: dict[str, Callable[[str], Any]] = {
    **{
        name: partial(_run, mode)
        for name, mode in {
            "plain": plain,
            "streaming": streaming,
            "structured": structured,
            "tools": tools,
            "tools, streaming": partial(tools, stream=True),
            "code agent": code,
            "code agent, streaming": partial(code, stream=True),
        }.items()
    },
    "router": router,
}
