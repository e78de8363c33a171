"""A program that uses OpenRouter, with no line about tracing: each model named on the command line answers once.

A trailing `+stream` asks for a stream.
"""

import os
import sys

import openai

client = openai.OpenAI(
    base_url=os.environ.get("OPENROUTER_BASE_URL", "https://openrouter.ai/api/v1"),
    api_key=os.environ["OPENROUTER_API_KEY"],
    default_headers={"X-Title": "Demo"},
    max_retries=0,
)

for argument in sys.argv[1:]:
    model, _, stream = argument.partition("+")
    try:
        if stream:
            for _ in client.chat.completions.create(
                model=model, messages=[{"role": "user", "content": "Count to five."}], max_tokens=60, stream=True
            ):
                pass
        else:
            client.chat.completions.create(
                model=model, messages=[{"role": "user", "content": "Say hello."}], max_tokens=60
            )
    except openai.OpenAIError as error:
        print(f"{model}: {type(error).__name__}", file=sys.stderr)
