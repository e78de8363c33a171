"""The client `openai`: the OpenAI SDK, where its `base_url` is OpenRouter."""

from ..package import OPENAI
from .stainless import StainlessInstrumentation


class OpenAIInstrumentation(StainlessInstrumentation):
    """The OpenAI SDK."""

    requirement = OPENAI
    module = "openai"
    clients = ("OpenAI", "AsyncOpenAI")
