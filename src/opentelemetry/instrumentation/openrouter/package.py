"""The package in the form that OpenTelemetry's instrumentations have: what it instruments, metrics, and conventions.

Each range of versions is here only: the client reads it, and a test compares it with the extra `instruments-any`.
"""

from typing import Final

OPENAI: Final = "openai >= 1.26.0, < 4"
ANTHROPIC: Final = "anthropic >= 0.51.0, < 3"
OPENROUTER: Final = "openrouter >= 0.9.2, < 2"
HTTPX: Final = "httpx >= 0.23, < 1"
HTTPX2: Final = "httpx2 >= 2, < 3"
REQUESTS: Final = "requests >= 2.25, < 3"
AIOHTTP: Final = "aiohttp >= 3.8, < 4"
LM15: Final = "lm15 >= 1.0.1, < 1.6"
DSPY: Final = "dspy < 3.5"
"""Not in `_instruments_any`: it is large, and requires the OpenAI SDK and requests, of which one suffices."""

_instruments: Final[tuple[str, ...]] = ()
_instruments_any: Final = (OPENAI, ANTHROPIC, OPENROUTER, HTTPX, HTTPX2, REQUESTS, AIOHTTP, LM15)

_supports_metrics: Final = True

_semconv_status: Final = "development"
