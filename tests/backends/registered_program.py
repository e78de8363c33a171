"""A program that sets up tracing with `register()` of phoenix.otel or arize.otel, as their pages on OpenRouter do.

https://arize.com/docs/phoenix/integrations/llm-providers/openrouter/openai-tracing and
https://arize.com/docs/ax/integrations/llm-providers/openrouter/openrouter-tracing. It reads one JSON object from stdin:
the vendor, the arguments of `register()`, how the instrumentors are loaded, and the calls. Variables set the endpoint.
"""

import importlib
import json
import sys
from typing import Any

from tests.backends.program import make


def main() -> None:
    """Set up, and make the calls; the tracer provider exports at exit."""
    instructions: dict[str, Any] = json.load(sys.stdin)
    register = importlib.import_module(f"{instructions['vendor']}.otel").register
    tracer_provider = register(**instructions["register"])
    match instructions["then"]:
        case "OpenAIInstrumentor":
            openinference = importlib.import_module("openinference.instrumentation.openai")
            openinference.OpenAIInstrumentor().instrument(tracer_provider=tracer_provider)
        case "initialize":
            importlib.import_module("opentelemetry.instrumentation.auto_instrumentation").initialize()
        case _:
            pass
    if instructions["instrument"]:
        ours = importlib.import_module("opentelemetry.instrumentation.openrouter")
        ours.OpenRouterInstrumentor().instrument(tracer_provider=tracer_provider, dialects=[instructions["vendor"]])
    for call in instructions["calls"]:
        make(call)


if __name__ == "__main__":
    main()
