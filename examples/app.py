"""A program without tracing code: sends each argument to OpenRouter, once as a plain call and once as a stream.

The commands of the other files run it: `opentelemetry-instrument python app.py`. Without arguments it sends one
greeting; the argument `-` reads lines from standard input, until its end.
"""

import os
import sys

from openai import OpenAI

client = OpenAI(
    base_url=os.environ.get("OPENROUTER_BASE_URL", "https://openrouter.ai/api/v1"),
    api_key=os.environ["OPENROUTER_API_KEY"],
)
model, session = "openai/gpt-4o-mini", {"session_id": "session-7"}
for prompt in sys.stdin if sys.argv[1:] == ["-"] else sys.argv[1:] or ["Say hello."]:
    answer = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": prompt}], user="user-42", extra_body=session
    )
    print(answer.choices[0].message.content)
    stream = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": prompt}], user="user-42", extra_body=session, stream=True
    )
    print(*(choice.delta.content or "" for chunk in stream for choice in chunk.choices), sep="", flush=True)
