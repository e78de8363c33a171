"""OpenHands' SDK: its `LLM` used directly, and an agent in a conversation, which ends with its tool `finish`.

https://docs.openhands.dev/sdk/guides/llm-routing and https://docs.openhands.dev/sdk/getting-started
"""

import asyncio
import os
import tempfile
from collections.abc import Callable
from functools import partial
from typing import Any

os.environ |= {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "OPENHANDS_SUPPRESS_BANNER": "1"}

from openhands.sdk import LLM, Agent, Conversation, Message, TextContent
from pydantic import SecretStr

QUESTION = "How is the weather in Paris?"
MESSAGES = [Message(role="user", content=[TextContent(text=QUESTION)])]


def _text(response: Any) -> Any:
    return [content.text for content in response.message.content]


def plain(llm: LLM) -> Any:
    """One plain call."""
    return _text(llm.completion(MESSAGES))


def streaming(llm: LLM) -> Any:
    """One stream."""
    pieces: list[Any] = []
    response = llm.completion(
        MESSAGES, stream=True, on_token=lambda chunk: pieces.append(chunk.choices[0].delta.content)
    )
    return pieces, _text(response)


def responses(llm: LLM) -> Any:
    """Responses API: one plain call."""
    return _text(llm.responses(MESSAGES))


async def async_plain(llm: LLM) -> Any:
    """Three concurrent calls."""
    return [_text(response) for response in await asyncio.gather(*(llm.acompletion(MESSAGES) for _ in range(3)))]


async def async_streaming(llm: LLM) -> Any:
    """One stream."""
    pieces: list[Any] = []
    response = await llm.acompletion(
        MESSAGES, stream=True, on_token=lambda chunk: pieces.append(chunk.choices[0].delta.content)
    )
    return pieces, _text(response)


def conversation(llm: LLM) -> Any:
    """An agent with the built-in tools."""
    with tempfile.TemporaryDirectory() as folder:
        events: list[Any] = []
        talk = Conversation(Agent(llm=llm, tools=[]), workspace=folder, callbacks=[events.append], visualizer=None)
        talk.send_message(QUESTION)
        talk.run()
        talk.close()
        return [(type(event).__name__, event.source) for event in events]


def _run(mode: Callable[[LLM], Any], base_url: str) -> Any:
    llm = LLM(
        usage_id="forecast", model="openrouter/openai/gpt-4o-mini", base_url=base_url, api_key=SecretStr("sk-or-x")
    )
    result = mode(llm)
    return asyncio.run(result) if asyncio.iscoroutine(result) else result


MODES: dict[str, Callable[[str], Any]] = {
    name: partial(_run, mode)
    for name, mode in {
        "plain": plain,
        "streaming": streaming,
        "Responses API": responses,
        "async plain": async_plain,
        "async streaming": async_streaming,
        "conversation": conversation,
    }.items()
}
