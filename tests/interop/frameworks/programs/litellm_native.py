"""LiteLLM with its compiled transport enabled, which cannot be observed: no request to OpenRouter uses it.

https://docs.litellm.ai/docs/providers/openrouter. The variable, and the requests that the transport sends, are in
litellm/rust_bridge/configuration.py and litellm/rust_bridge/catalog.py. If a newer release sends OpenRouter's requests
with it, no span is recorded and this program fails, before the transport is enabled by default.
"""

import asyncio
import os
from collections.abc import Callable
from typing import Any

os.environ["LITELLM_RUST"] = "true"
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "true"  # read from the network otherwise

import litellm

MODEL = "openrouter/openai/gpt-4o-mini"
QUESTION: Any = [{"role": "user", "content": "How is the weather in Paris?"}]


def _options(base_url: str, model: str = MODEL) -> dict[str, Any]:
    return {"model": model, "api_base": base_url, "api_key": "sk-or-x"}


def plain(base_url: str) -> Any:
    """One plain call."""
    return litellm.completion(messages=QUESTION, **_options(base_url)).choices[0].message.content


def plain_by_base_url(base_url: str) -> Any:
    """One plain call of LiteLLM's provider `openai`."""
    options = _options(base_url, "openai/gpt-4o-mini")
    return litellm.completion(messages=QUESTION, **options).choices[0].message.content


def streaming(base_url: str) -> Any:
    """One stream."""
    chunks = litellm.completion(messages=QUESTION, stream=True, **_options(base_url))
    return [chunk.choices[0].delta.content for chunk in chunks]


def async_plain(base_url: str) -> Any:
    """One plain call."""
    reply = asyncio.run(litellm.acompletion(messages=QUESTION, **_options(base_url)))
    return reply.choices[0].message.content


def async_streaming(base_url: str) -> Any:
    """One stream."""

    async def pieces() -> list[Any]:
        chunks = await litellm.acompletion(messages=QUESTION, stream=True, **_options(base_url))
        return [chunk.choices[0].delta.content async for chunk in chunks]

    return asyncio.run(pieces())


def responses(base_url: str) -> Any:
    """The Responses API."""
    return litellm.responses(input="How is the weather in Paris?", **_options(base_url)).output[0].content[0].text


def messages(base_url: str) -> Any:
    """LiteLLM's Anthropic interface with a model of OpenRouter."""
    reply = litellm.anthropic.messages.acreate(messages=QUESTION, max_tokens=99, **_options(base_url))
    return asyncio.run(reply)["content"][0]["text"]


def router(base_url: str) -> Any:
    """One plain call of a router."""
    models = [{"model_name": "any", "litellm_params": _options(base_url)}]
    return litellm.Router(models).completion("any", QUESTION).choices[0].message.content


def embeddings(base_url: str) -> Any:
    """Two embeddings."""
    options = _options(base_url, "openrouter/openai/text-embedding-3-small")
    return [each["embedding"] for each in litellm.embedding(input=["Paris", "London"], **options).data]


MODES: dict[str, Callable[[str], Any]] = {
    "plain": plain,
    "plain by base_url": plain_by_base_url,
    "streaming": streaming,
    "async plain": async_plain,
    "async streaming": async_streaming,
    "Responses API": responses,
    "messages": messages,
    "router": router,
    "embeddings": embeddings,
}
