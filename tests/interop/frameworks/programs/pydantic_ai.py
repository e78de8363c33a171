"""Pydantic AI: `OpenRouterModel`, and OpenRouter's provider with the Responses API.

https://ai.pydantic.dev/models/openrouter/
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import openai
from programs import pydantic_ai_modes
from pydantic_ai.models import Model
from pydantic_ai.models.openai import OpenAIResponsesModel
from pydantic_ai.models.openrouter import OpenRouterModel
from pydantic_ai.providers.openrouter import OpenRouterProvider

MODEL = "openai/gpt-4o-mini"
trace_itself = pydantic_ai_modes.trace_itself


def _run(mode: Callable[[Model], Any], make: Callable[..., Model], base_url: str) -> Any:
    def model(client: openai.AsyncOpenAI) -> Model:
        return make(MODEL, provider=OpenRouterProvider(openai_client=client))

    return pydantic_ai_modes.run(mode, model, openai.AsyncOpenAI(base_url=base_url, api_key="sk-or-x"))


MODES: dict[str, Callable[[str], Any]] = {
    api + name: partial(_run, mode, make)
    for api, make in (("", OpenRouterModel), ("Responses API, ", OpenAIResponsesModel))
    for name, mode in pydantic_ai_modes.MODES.items()
}
