"""Google ADK: an agent with `LiteLlm`, plain and with server-sent events, and with structured output.

https://adk.dev/agents/models/litellm/ and, as it always makes spans by itself, https://adk.dev/observability/traces/
"""

import asyncio
import os
from collections.abc import Callable
from functools import partial
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # downloads no prices

from google.adk.agents import LlmAgent
from google.adk.agents.run_config import RunConfig, StreamingMode
from google.adk.models.lite_llm import LiteLlm
from google.adk.runners import InMemoryRunner
from google.genai import types
from pydantic import BaseModel

QUESTION = "How is the weather in Paris?"


class Weather(BaseModel):
    """The structured output."""

    city: str
    degrees: int


def weather(city: str) -> str:
    """Return the weather in a city.

    Args:
        city: the city
    """
    return "sunny, 21 degrees"


async def _events(agent: LlmAgent, mode: StreamingMode) -> Any:
    """Return the texts, the tool calls and their results, as one run yields them."""
    runner = InMemoryRunner(agent, app_name="forecast")
    session = await runner.session_service.create_session(app_name="forecast", user_id="u")
    message = types.Content(role="user", parts=[types.Part(text=QUESTION)])
    events = runner.run_async(
        user_id="u", session_id=session.id, new_message=message, run_config=RunConfig(streaming_mode=mode)
    )
    outputs: list[Any] = []
    async for event in events:
        for part in (event.content and event.content.parts) or ():
            call, result = part.function_call, part.function_response
            outputs.append((event.partial, part.text, call and call.args, result and result.response))
    return outputs


def _run(prefix: str, mode: StreamingMode, more: dict[str, Any], base_url: str) -> Any:
    model = LiteLlm(f"{prefix}/openai/gpt-4o-mini", api_base=base_url, api_key="sk-or-x")
    return asyncio.run(_events(LlmAgent(name="forecaster", model=model, **more), mode))


def concurrent(base_url: str) -> Any:
    """Three concurrent runs."""

    async def run() -> Any:
        models = [LiteLlm("openrouter/openai/gpt-4o-mini", api_base=base_url, api_key="sk-or-x") for _ in range(3)]
        agents = [LlmAgent(name="forecaster", model=model) for model in models]
        return await asyncio.gather(*(_events(agent, StreamingMode.NONE) for agent in agents))

    return asyncio.run(run())


MODES: dict[str, Callable[[str], Any]] = {
    **{
        f"`{prefix}/`, {name}{streamed}": partial(_run, prefix, mode, more)
        for prefix in ("openrouter", "openai")
        for name, more in {
            "plain": {},
            "tools": {"tools": [weather]},
            "structured": {"output_schema": Weather},
        }.items()
        for streamed, mode in (("", StreamingMode.NONE), (", streaming", StreamingMode.SSE))
    },
    "concurrent": concurrent,
}
