"""The other instrumentors of the Anthropic SDK, each with and without the spans that the SDK makes itself."""

from collections.abc import Mapping
from typing import Final

from tests.interop.instrumentors.instrumentor import EARLY, LOGFIRE_STREAM, Instrumentor, Limit, instrumentor, logfire

_ANTHROPIC: Final = "anthropic == 2.14.0"
_SDK: Final = (
    "the SDK makes a span of the same call, with or without this instrumentation; the cost is on the SDK's span"
)
_NOT_CURRENT: Final = (
    "its span is not current, so this instrumentation creates its own, with the cost, or enriches the SDK's; both "
    "count the duration and, unless it cannot read the response, the tokens"
)
_LATER: Final = "its span is not current when the helper sends the request, so this instrumentation creates its own"
_WITH_SDK: Final = r"traced (?!.*post).*"

INSTRUMENTORS: Final[Mapping[str, Instrumentor]] = {
    "anthropic-official": Instrumentor(
        "official",
        "anthropic",
        ("opentelemetry-instrumentation-genai-anthropic == 1.3b0", _ANTHROPIC),
        instrumentor("opentelemetry.instrumentation.genai.anthropic", "AnthropicInstrumentor"),
        (Limit(_WITH_SDK, 2, _SDK),),
    ),
    "anthropic-openllmetry": Instrumentor(
        "OpenLLMetry",
        "anthropic",
        ("opentelemetry-instrumentation-anthropic == 0.62.4", _ANTHROPIC),
        instrumentor("opentelemetry.instrumentation.anthropic", "AnthropicInstrumentor"),
        (
            Limit(
                r"\w+ (async (raw( unparsed)?|streaming response( read)?)"
                r"|(async )?(raw stream|streaming response stream)|beta (async )?helper)",
                2,
                _NOT_CURRENT,
                durations=2,
            ),
            Limit(r"\w+ (?!.*(\bparse|post|stream with)).*", 2, _NOT_CURRENT, tokens=2, durations=2),
        ),
    ),
    "anthropic-openinference": Instrumentor(
        "OpenInference",
        "anthropic",
        ("openinference-instrumentation-anthropic == 3.1.0", _ANTHROPIC),
        instrumentor("openinference.instrumentation.anthropic", "AnthropicInstrumentor"),
        (
            Limit(_WITH_SDK, 2, _SDK),
            Limit(r"messages (async )?(raw stream|streaming response.*)", 2, EARLY),
            Limit(r"messages .*helper.*", 2, _LATER),
        ),
    ),
    "anthropic-logfire": Instrumentor(
        "Logfire",
        "anthropic",
        ("logfire == 5.4.0", _ANTHROPIC),
        logfire("instrument_anthropic"),
        (
            Limit(r"messages (async )?streaming response( read)?", 2, EARLY),
            Limit(r"\w+ (?!.*streaming response( read)?$).*(stream.*|helper.*)", 3, LOGFIRE_STREAM),
            Limit(_WITH_SDK, 2, _SDK),
        ),
    ),
}
