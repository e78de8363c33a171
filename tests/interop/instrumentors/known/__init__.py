"""The other instrumentors that are tested together with ours, by the client that they instrument."""

from collections.abc import Mapping
from typing import Final

from tests.interop.instrumentors.instrumentor import Instrumentor

from . import anthropic, http, litellm, openai

INSTRUMENTORS: Final[Mapping[str, Instrumentor]] = {
    **openai.INSTRUMENTORS,
    **anthropic.INSTRUMENTORS,
    **litellm.INSTRUMENTORS,
    **http.INSTRUMENTORS,
}

CLIENTS: Final[Mapping[str, str]] = {
    "openai": "OpenAI SDK",
    "anthropic": "Anthropic SDK",
    "litellm": "LiteLLM",
    "http": "httpx, requests, aiohttp",
}
"""The modules of `calls`, and the titles of their tables."""
