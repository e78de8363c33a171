"""The other instrumentors of the OpenAI SDK."""

from collections.abc import Mapping
from typing import Final

from tests.interop.instrumentors.instrumentor import EARLY, LOGFIRE_STREAM, Instrumentor, Limit, instrumentor, logfire

_OPENAI: Final = "openai == 3.52.0"

INSTRUMENTORS: Final[Mapping[str, Instrumentor]] = {
    "official": Instrumentor(
        "official",
        "openai",
        ("opentelemetry-instrumentation-genai-openai == 1.3b0", _OPENAI),
        instrumentor("opentelemetry.instrumentation.genai.openai", "OpenAIInstrumentor"),
        (Limit(r"(chat async|(responses|embeddings)( async)?) streaming response( json| read)?", 2, EARLY),),
    ),
    "openllmetry": Instrumentor(
        "OpenLLMetry",
        "openai",
        ("opentelemetry-instrumentation-openai == 0.62.4", _OPENAI),
        instrumentor("opentelemetry.instrumentation.openai", "OpenAIInstrumentor"),
        (
            Limit(
                r"responses (?!.*(post|raw stream|streaming response stream)).*",
                2,
                "it creates its Responses API span after the call, so there is no span to enrich during the call",
            ),
            Limit(r"\w+ async streaming response( json| read)?", 2, EARLY),
            Limit(r"chat( async)? (raw stream|streaming response stream)", 2, EARLY),
            Limit(r"completions async (raw stream|streaming response stream)", 2, EARLY),
        ),
    ),
    "openinference": Instrumentor(
        "OpenInference",
        "openai",
        ("openinference-instrumentation-openai == 0.1.66", _OPENAI),
        instrumentor("openinference.instrumentation.openai", "OpenAIInstrumentor"),
        (
            Limit(r"\w+ async streaming response.*", 2, EARLY),
            Limit(r"embeddings post object", 2, "it classifies embeddings that are cast to `object` as a generation"),
        ),
    ),
    "logfire": Instrumentor(
        "Logfire",
        "openai",
        ("logfire == 5.2.0", _OPENAI),
        logfire("instrument_openai"),
        (
            Limit(r"\w+( async)? streaming response( json| read)?", 2, EARLY),
            Limit(
                r"\w+ (?!.*streaming response( json| read)?$).*(stream.*|helper)",
                3,
                LOGFIRE_STREAM,
            ),
        ),
    ),
    "http": Instrumentor(
        "HTTP (httpx, httpx2)",
        "openai",
        ("opentelemetry-instrumentation-httpx == 0.66b1", _OPENAI),
        instrumentor("opentelemetry.instrumentation.httpx", "HTTPX2ClientInstrumentor"),
        http_span="child",
    ),
}
