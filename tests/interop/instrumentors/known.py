"""The other instrumentors of the OpenAI SDK that are tested together with ours: how to enable each, and its limits."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from tests.telemetry import Telemetry

Disable = Callable[[], None]


@dataclass(frozen=True)
class Limit:
    """Calling styles with more than one span for a call, and the reason."""

    calling_styles: str
    """A regular expression for the endpoint, a blank and the calling style, as named in `tests.calling_styles`."""
    spans: int
    why: str

    def applies(self, endpoint: str, style: str) -> bool:
        """Return whether it applies to this calling style of this endpoint."""
        return re.fullmatch(self.calling_styles, f"{endpoint} {style}") is not None


@dataclass(frozen=True)
class Instrumentor:
    """One other instrumentor."""

    title: str
    requires: tuple[str, ...]
    enable: Callable[[Telemetry], Disable]
    """Enables it with the providers of the run, and returns a function that disables it."""
    limits: tuple[Limit, ...] = ()


def _instrumentor(module: str, name: str = "OpenAIInstrumentor") -> Callable[[Telemetry], Disable]:
    def enable(telemetry: Telemetry) -> Disable:
        instrumentor = getattr(import_module(module), name)()
        instrumentor.instrument(
            tracer_provider=telemetry.tracer_provider,
            meter_provider=telemetry.meter_provider,
            logger_provider=telemetry.logger_provider,
        )
        return instrumentor.uninstrument

    return enable


def _logfire(telemetry: Telemetry) -> Disable:
    logfire: Any = import_module("logfire")  # installed only in its own environment
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: PLC0415 - used only here

    instance: Any = logfire.configure(
        local=True,
        send_to_logfire=False,
        console=False,
        inspect_arguments=False,
        additional_span_processors=[SimpleSpanProcessor(telemetry.exporter)],
    )
    instrumented: Any = instance.instrument_openai()

    def disable() -> None:
        with instrumented:
            pass

    return disable


OPENAI: Final = "openai == 3.52.0"
_EARLY: Final = "it ends its span before the body is read, so this instrumentation creates its own span, with the cost"

INSTRUMENTORS: Final[Mapping[str, Instrumentor]] = {
    "official": Instrumentor(
        "official",
        ("opentelemetry-instrumentation-genai-openai == 1.3b0", OPENAI),
        _instrumentor("opentelemetry.instrumentation.genai.openai"),
        (Limit(r"(chat async|(responses|embeddings)( async)?) streaming response( json| read)?", 2, _EARLY),),
    ),
    "openllmetry": Instrumentor(
        "OpenLLMetry",
        ("opentelemetry-instrumentation-openai == 0.62.4", OPENAI),
        _instrumentor("opentelemetry.instrumentation.openai"),
        (
            Limit(
                r"responses (?!.*(post|raw stream|streaming response stream)).*",
                2,
                "it creates its Responses API span after the call, so there is no span to enrich during the call",
            ),
            Limit(r"\w+ async streaming response( json| read)?", 2, _EARLY),
            Limit(r"chat( async)? (raw stream|streaming response stream)", 2, _EARLY),
            Limit(r"completions async (raw stream|streaming response stream)", 2, _EARLY),
        ),
    ),
    "openinference": Instrumentor(
        "OpenInference",
        ("openinference-instrumentation-openai == 0.1.66", OPENAI),
        _instrumentor("openinference.instrumentation.openai"),
        (
            Limit(r"\w+ async streaming response.*", 2, _EARLY),
            Limit(r"embeddings post object", 2, "it classifies embeddings that are cast to `object` as a generation"),
        ),
    ),
    "logfire": Instrumentor(
        "Logfire",
        ("logfire == 5.2.0", OPENAI),
        _logfire,
        (
            Limit(r"\w+( async)? streaming response( json| read)?", 2, _EARLY),
            Limit(
                r"\w+ (?!.*streaming response( json| read)?$).*(stream.*|helper)",
                3,
                "it ends its span before the stream is read and writes a log record after it; the span with the cost "
                "is a separate one",
            ),
        ),
    ),
    "http": Instrumentor(
        "HTTP (httpx, httpx2)",
        ("opentelemetry-instrumentation-httpx == 0.66b1", OPENAI),
        _instrumentor("opentelemetry.instrumentation.httpx", "HTTPX2ClientInstrumentor"),
    ),
}
