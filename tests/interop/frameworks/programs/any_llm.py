"""any-llm: its OpenRouter provider through the OpenAI SDK, and its Anthropic provider with OpenRouter's base URL.

https://mozilla-ai.github.io/any-llm/ and https://mozilla-ai.github.io/any-llm/providers/
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import any_llm
from pydantic import BaseModel

QUESTION: Any = [{"role": "user", "content": "How is the weather in Paris?"}]


class Weather(BaseModel):
    """The structured output."""

    city: str
    degrees: int


def weather(city: str) -> str:
    """Return the weather in a city."""
    return "sunny, 21 degrees"


def _request(base_url: str, **more: Any) -> Any:
    request = {"model": "openai/gpt-4o-mini", "provider": "openrouter", "api_base": base_url, "api_key": "sk-or-x"}
    return {**request, **more}


def _message(base_url: str, **more: Any) -> Any:
    """Return the arguments for a message of the Anthropic provider, whose SDK adds the version to the base URL."""
    more = {"messages": QUESTION, "max_tokens": 100, **more}
    base_url = base_url.removesuffix("/v1")
    return _request(base_url, model="anthropic/claude-sonnet-4.5", provider="anthropic", **more)


def _texts(chunks: Any) -> Any:
    return [choice.delta.content for chunk in chunks for choice in chunk.choices]


def plain(base_url: str) -> Any:
    """One plain call."""
    return any_llm.completion(**_request(base_url), messages=QUESTION).choices[0].message.content


def streaming(base_url: str) -> Any:
    """One stream."""
    return _texts(any_llm.completion(**_request(base_url), messages=QUESTION, stream=True))


def tools(base_url: str) -> Any:
    """The model calls a tool and receives its result."""
    messages = [*QUESTION]
    called = any_llm.completion(**_request(base_url), messages=messages, tools=[weather]).choices[0].message
    messages.append(called)
    for call in called.tool_calls:
        result = weather(**json.loads(call.function.arguments))
        messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
    return any_llm.completion(**_request(base_url), messages=messages, tools=[weather]).choices[0].message.content


def structured(base_url: str) -> Any:
    """Structured output by a JSON schema."""
    reply = any_llm.completion(**_request(base_url), messages=QUESTION, response_format=Weather)
    return json.loads(reply.choices[0].message.content)


def async_plain(base_url: str) -> Any:
    """Three concurrent calls."""

    async def texts() -> list[Any]:
        calls = (any_llm.acompletion(**_request(base_url), messages=QUESTION) for _ in range(3))
        return [reply.choices[0].message.content for reply in await asyncio.gather(*calls)]

    return asyncio.run(texts())


def async_streaming(base_url: str) -> Any:
    """One stream."""

    async def texts() -> Any:
        stream = await any_llm.acompletion(**_request(base_url), messages=QUESTION, stream=True)
        return _texts([chunk async for chunk in stream])

    return asyncio.run(texts())


def responses(base_url: str) -> Any:
    """One plain call of the Responses API."""
    return any_llm.responses(**_request(base_url), input_data="How is the weather?").output_text


def responses_streaming(base_url: str) -> Any:
    """One stream of the Responses API."""
    return [each.type for each in any_llm.responses(**_request(base_url), input_data="How is it?", stream=True)]


def bridged_message(base_url: str) -> Any:
    """A call in the form of the Anthropic Messages API, which any-llm converts to a chat completion."""
    return any_llm.messages(**_request(base_url), messages=QUESTION, max_tokens=100).content[0].text


def message(base_url: str) -> Any:
    """One plain call of the Anthropic provider."""
    return any_llm.messages(**_message(base_url)).content[0].text


def message_streaming(base_url: str) -> Any:
    """One stream of the Anthropic provider."""
    return [event.type for event in any_llm.messages(**_message(base_url), stream=True)]


def completion_of_message(base_url: str) -> Any:
    """A chat completion of the Anthropic provider, which converts it to a message."""
    return any_llm.completion(**_message(base_url)).choices[0].message.content


MODES: dict[str, Callable[[str], Any]] = {
    "plain": plain,
    "streaming": streaming,
    "tools": tools,
    "structured": structured,
    "async plain": async_plain,
    "async streaming": async_streaming,
    "Responses API, plain": responses,
    "Responses API, streaming": responses_streaming,
    "message by chat completions": bridged_message,
    "Anthropic, message": message,
    "Anthropic, message, streaming": message_streaming,
    "Anthropic, completion": completion_of_message,
}
