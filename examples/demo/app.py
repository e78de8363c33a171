"""A program without tracing code: sends one request to each model that is named on the command line.

A trailing `+stream`, `+responses` or `+embeddings` selects the kind of request; the default is a plain chat completion.
"""

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

import openai

client = openai.OpenAI(
    base_url=os.environ.get("OPENROUTER_BASE_URL", "https://openrouter.ai/api/v1"),
    api_key=os.environ["OPENROUTER_API_KEY"],
    default_headers={"X-Title": "Demo"},
    max_retries=0,
)
MESSAGES: Final[Any] = [{"role": "user", "content": "Say hello."}]
CALLING_STYLES: Final[Mapping[str, Callable[[str], object]]] = {
    "": lambda model: client.chat.completions.create(model=model, messages=MESSAGES, max_tokens=60),
    "stream": lambda model: list(
        client.chat.completions.create(model=model, messages=MESSAGES, max_tokens=60, stream=True)
    ),
    "responses": lambda model: client.responses.create(model=model, input="Say hello.", max_output_tokens=60),
    "embeddings": lambda model: client.embeddings.create(model=model, input="Hello"),
}

for argument in sys.argv[1:]:
    model, _, style = argument.partition("+")
    try:
        CALLING_STYLES[style](model)
    except openai.OpenAIError as error:
        print(f"{model}: {type(error).__name__}", file=sys.stderr)
