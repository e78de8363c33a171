"""The clients that are instrumented: one file each. Only this folder imports an SDK, an HTTP library or wrapt."""

from collections.abc import Mapping
from typing import Final

from .aiohttp import AiohttpInstrumentation
from .anthropic import AnthropicInstrumentation
from .base import ClientInstrumentation
from .httpx import Httpx2Instrumentation, HttpxInstrumentation
from .lm15 import DSPyInstrumentation, Lm15Instrumentation
from .openai import OpenAIInstrumentation
from .openrouter import OpenRouterInstrumentation
from .requests import RequestsInstrumentation

INSTRUMENTATIONS: Final[Mapping[str, tuple[type[ClientInstrumentation], ...]]] = {
    "openai": (OpenAIInstrumentation,),
    "anthropic": (AnthropicInstrumentation,),
    "openrouter": (OpenRouterInstrumentation,),
    "httpx": (HttpxInstrumentation, Httpx2Instrumentation),
    "requests": (RequestsInstrumentation,),
    "aiohttp": (AiohttpInstrumentation,),
    "dspy": (DSPyInstrumentation, Lm15Instrumentation),
}
"""The name that the option `clients` has for a client -> its instrumentations."""
