"""The client `openai`: the OpenAI SDK, where its `base_url` is OpenRouter."""

from .stainless import StainlessInstrumentation


class OpenAIInstrumentation(StainlessInstrumentation):
    """The OpenAI SDK."""

    requirement = "openai >= 1.26.0, < 4"
    module = "openai"
    clients = ("OpenAI", "AsyncOpenAI")
