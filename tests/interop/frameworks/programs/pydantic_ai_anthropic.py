"""Pydantic AI: `AnthropicModel` with OpenRouter's base URL, which calls OpenRouter through the Anthropic SDK.

https://ai.pydantic.dev/models/anthropic/
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import anthropic
from programs import pydantic_ai_modes
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.providers.anthropic import AnthropicProvider

# The SDK's span is below that of the framework.
trace_itself = pydantic_ai_modes.trace_itself
SEPARATE_SPANS = (
    "pydantic-ai",
    "the Anthropic SDK creates a span of its own below the framework's, and the cost is on the SDK's span",
)


def _model(client: anthropic.AsyncAnthropic) -> Model:
    return AnthropicModel("claude-sonnet-4-5", provider=AnthropicProvider(anthropic_client=client))


def _run(mode: Callable[[Model], Any], base_url: str) -> Any:
    # The SDK adds the version to the base URL.
    client = anthropic.AsyncAnthropic(base_url=base_url.removesuffix("/v1"), api_key="sk-or-x")
    return pydantic_ai_modes.run(mode, _model, client)


MODES: dict[str, Callable[[str], Any]] = {name: partial(_run, mode) for name, mode in pydantic_ai_modes.MODES.items()}
