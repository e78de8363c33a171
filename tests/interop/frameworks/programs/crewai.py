"""CrewAI: an LLM of its OpenRouter provider, used directly, in an agent and in a crew.

https://docs.crewai.com/en/concepts/llms and https://docs.crewai.com/en/concepts/crews
"""

import asyncio
import atexit
import os
import shutil
import tempfile
from collections.abc import Callable
from typing import Any

os.environ["HOME"] = tempfile.mkdtemp(prefix="crewai-")  # CrewAI stores the outputs of tasks there
os.environ["CREWAI_DISABLE_TELEMETRY"] = "true"
os.environ["CREWAI_DISABLE_VERSION_CHECK"] = "true"
os.environ["CREWAI_TRACING_ENABLED"] = "false"

from crewai import LLM, Agent, Crew, Task
from crewai.tools import tool
from pydantic import BaseModel

atexit.register(shutil.rmtree, os.environ["HOME"])

QUESTION = "How is the weather in Paris?"


class Weather(BaseModel):
    """The structured output."""

    city: str
    degrees: int


@tool
def weather(city: str) -> str:
    """Return the weather in a city."""
    return "sunny, 21 degrees"


def _llm(base_url: str, **more: Any) -> LLM:
    return LLM(model="openrouter/openai/gpt-4o-mini", base_url=base_url, api_key="sk-or-x", **more)


def _agent(base_url: str, **more: Any) -> Agent:
    settings = {"role": "Meteorologist", "goal": "Tell the weather", "backstory": "You know the sky.", **more}
    return Agent(llm=_llm(base_url), **settings)


def _crew(base_url: str, *, tools: Any = (), output: type[BaseModel] | None = None, stream: bool = False) -> Crew:
    agent = _agent(base_url, tools=list(tools))
    task = Task(description=QUESTION, expected_output="The weather", agent=agent, output_pydantic=output)
    return Crew(agents=[agent], tasks=[task], stream=stream)


def plain(base_url: str) -> Any:
    """One plain call."""
    return _llm(base_url).call(QUESTION)


def streaming(base_url: str) -> Any:
    """One stream, read in a thread of CrewAI."""
    return [frame.content for frame in _llm(base_url).stream_events(QUESTION) if frame.content]


def structured(base_url: str) -> Any:
    """Structured output by a JSON schema."""
    return _llm(base_url).call(QUESTION, response_model=Weather).model_dump()


def structured_streaming(base_url: str) -> Any:
    """Structured output by a JSON schema, streamed; CrewAI reads the stream."""
    return _llm(base_url, stream=True).call(QUESTION, response_model=Weather).model_dump()


def async_plain(base_url: str) -> Any:
    """Three concurrent calls."""

    async def results() -> list[Any]:
        llm = _llm(base_url)
        return await asyncio.gather(*(llm.acall(QUESTION) for _ in range(3)))

    return asyncio.run(results())


def async_streaming(base_url: str) -> Any:
    """One stream, which CrewAI reads."""
    return asyncio.run(_llm(base_url, stream=True).acall(QUESTION))


def responses(base_url: str) -> Any:
    """One plain call of the Responses API."""
    return _llm(base_url, api="responses").call(QUESTION)


def responses_streaming(base_url: str) -> Any:
    """The same, streamed; read in a thread of CrewAI."""
    return [frame.content for frame in _llm(base_url, api="responses").stream_events(QUESTION) if frame.content]


def agent_tools(base_url: str) -> Any:
    """A standalone agent calls its tool."""
    return _agent(base_url, tools=[weather]).kickoff(QUESTION).raw


def crew(base_url: str) -> Any:
    """A crew of one agent with one task."""
    return _crew(base_url).kickoff().raw


def crew_tools(base_url: str) -> Any:
    """The crew's agent calls its tool."""
    return _crew(base_url, tools=[weather]).kickoff().raw


def crew_streaming(base_url: str) -> Any:
    """The same, streamed in a thread of CrewAI."""
    output = _crew(base_url, tools=[weather], stream=True).kickoff()
    return [chunk.content for chunk in output], output.result.raw


def crew_structured(base_url: str) -> Any:
    """The task's output is a Pydantic model."""
    return _crew(base_url, output=Weather).kickoff().pydantic.model_dump()


def async_crew(base_url: str) -> Any:
    """The crew's agent calls its tool."""
    return asyncio.run(_crew(base_url, tools=[weather]).akickoff()).raw


def async_crew_thread(base_url: str) -> Any:
    """The same in a thread started by the event loop."""
    return asyncio.run(_crew(base_url, tools=[weather]).kickoff_async()).raw


MODES: dict[str, Callable[[str], Any]] = {
    "plain": plain,
    "streaming": streaming,
    "structured": structured,
    "structured, streaming": structured_streaming,
    "async plain": async_plain,
    "async streaming": async_streaming,
    "Responses API, plain": responses,
    "Responses API, streaming": responses_streaming,
    "agent, tools": agent_tools,
    "crew": crew,
    "crew, tools": crew_tools,
    "crew, tools, streaming": crew_streaming,
    "crew, structured": crew_structured,
    "async crew, tools": async_crew,
    "async crew, tools, in a thread": async_crew_thread,
}
