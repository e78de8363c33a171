"""The clients that are instrumented: one file each. Only this folder imports an SDK, an HTTP library or wrapt."""

from typing import Final

from .base import ClientInstrumentation
from .openai import OpenAIInstrumentation
from .openrouter import OpenRouterInstrumentation

INSTRUMENTATIONS: Final[tuple[type[ClientInstrumentation], ...]] = (OpenAIInstrumentation, OpenRouterInstrumentation)
