"""mem0: its models for OpenRouter and for LiteLLM, and a memory with a vector store in the process.

https://docs.mem0.ai/components/llms/models/openai and https://docs.mem0.ai/components/llms/models/litellm
"""

import asyncio
import os
import tempfile
from collections.abc import Callable
from functools import partial
from typing import Any

os.environ |= {
    "MEM0_TELEMETRY": "False",
    "MEM0_DIR": tempfile.mkdtemp(prefix="mem0-"),
    "OPENROUTER_API_KEY": "sk-or-x",  # by it mem0 chooses OpenRouter
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # downloads no prices
}

from mem0 import AsyncMemory, Memory
from mem0.utils.factory import LlmFactory
from qdrant_client import QdrantClient

MESSAGES = [{"role": "user", "content": "How is the weather in Paris?"}]
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Return the weather in a city.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def _llm(provider: str, base_url: str) -> dict[str, Any]:
    if provider == "litellm":
        os.environ["OPENROUTER_API_BASE"] = base_url
        return {"model": "openrouter/openai/gpt-4o-mini", "api_key": "sk-or-x"}
    return {"model": "openai/gpt-4o-mini", "openrouter_base_url": base_url}


def _model(provider: str, base_url: str) -> Any:
    return LlmFactory.create(provider, _llm(provider, base_url))


def plain(provider: str, base_url: str) -> Any:
    """One plain call."""
    return _model(provider, base_url).generate_response(MESSAGES)


def tools(provider: str, base_url: str) -> Any:
    """The model calls a tool."""
    return _model(provider, base_url).generate_response(MESSAGES, tools=[TOOL])


def structured(provider: str, base_url: str) -> Any:
    """A JSON object."""
    return _model(provider, base_url).generate_response(MESSAGES, response_format={"type": "json_object"})


def _config(provider: str, base_url: str) -> dict[str, Any]:
    store = {"client": QdrantClient(":memory:"), "collection_name": "memories", "embedding_model_dims": 4}
    embedder = {
        "model": "openai/text-embedding-3-small",
        "openai_base_url": base_url,
        "api_key": "sk-or-x",
        "embedding_dims": 4,
    }
    return {
        "llm": {"provider": provider, "config": _llm(provider, base_url)},
        "embedder": {"provider": "openai", "config": embedder},
        "vector_store": {"provider": "qdrant", "config": store},
        "history_db_path": ":memory:",
    }


def memory(provider: str, base_url: str) -> Any:
    """Store a message, and what the model finds in it; then search."""
    memory = Memory.from_config(_config(provider, base_url))
    memory.add(MESSAGES, user_id="u", infer=False)
    memory.add(MESSAGES, user_id="u")
    return [found["memory"] for found in memory.search("weather", filters={"user_id": "u"})["results"]]


def async_memory(provider: str, base_url: str) -> Any:
    """The same, async; mem0 calls the model in a thread."""

    async def run() -> Any:
        memory = AsyncMemory.from_config(_config(provider, base_url))
        await memory.add(MESSAGES, user_id="u", infer=False)
        await memory.add(MESSAGES, user_id="u")
        return [found["memory"] for found in (await memory.search("weather", filters={"user_id": "u"}))["results"]]

    return asyncio.run(run())


MODES: dict[str, Callable[[str], Any]] = {
    # LiteLLM's list of models does not know that this one calls tools, so mem0 refuses it there.
    "OpenRouter, tools": partial(tools, "openai"),
} | {
    f"{title}, {name}": partial(mode, provider)
    for title, provider in (("OpenRouter", "openai"), ("LiteLLM", "litellm"))
    for name, mode in {
        "plain": plain,
        "structured": structured,
        "memory": memory,
        "async memory": async_memory,
    }.items()
}
