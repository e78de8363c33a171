"""The other instrumentors of the OpenAI SDK that are run beside ours: how each is switched on, and its limits."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from tests.telemetry import Telemetry

Off = Callable[[], None]


@dataclass(frozen=True)
class Limit:
    """Ways of calling in which there is more than one span, and why."""

    ways: str
    """A regular expression over `endpoint way`, as `tests.calling_styles` names them."""
    spans: int
    why: str

    def holds(self, endpoint: str, way: str) -> bool:
        """Whether it holds for this way of calling this endpoint."""
        return re.fullmatch(self.ways, f"{endpoint} {way}") is not None


@dataclass(frozen=True)
class Neighbour:
    """One instrumentor."""

    title: str
    requires: tuple[str, ...]
    switch_on: Callable[[Telemetry], Off]
    """Switches it on with the providers of the run, and returns what switches it off."""
    limits: tuple[Limit, ...] = ()


def _instrumentor(module: str, name: str = "OpenAIInstrumentor") -> Callable[[Telemetry], Off]:
    def switch_on(telemetry: Telemetry) -> Off:
        instrumentor = getattr(import_module(module), name)()
        instrumentor.instrument(
            tracer_provider=telemetry.tracer_provider,
            meter_provider=telemetry.meter_provider,
            logger_provider=telemetry.logger_provider,
        )
        return instrumentor.uninstrument

    return switch_on


def _logfire(telemetry: Telemetry) -> Off:
    logfire: Any = import_module("logfire")  # only its own environment has it
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: PLC0415 - used here alone

    instance: Any = logfire.configure(
        local=True,
        send_to_logfire=False,
        console=False,
        inspect_arguments=False,
        additional_span_processors=[SimpleSpanProcessor(telemetry.exporter)],
    )
    switched: Any = instance.instrument_openai()

    def switch_off() -> None:
        with switched:
            pass

    return switch_off


OPENAI: Final = "openai == 3.52.0"
_EARLY: Final = "it ends its span before the body is read, so this instrumentation creates its own span, with the cost"

NEIGHBOURS: Final[Mapping[str, Neighbour]] = {
    "official": Neighbour(
        "official",
        ("opentelemetry-instrumentation-genai-openai == 1.3b0", OPENAI),
        _instrumentor("opentelemetry.instrumentation.genai.openai"),
        (Limit(r"(chat async|(responses|embeddings)( async)?) streaming response( json| read)?", 2, _EARLY),),
    ),
    "openllmetry": Neighbour(
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
    "openinference": Neighbour(
        "OpenInference",
        ("openinference-instrumentation-openai == 0.1.66", OPENAI),
        _instrumentor("openinference.instrumentation.openai"),
        (
            Limit(r"\w+ async streaming response.*", 2, _EARLY),
            Limit(r"embeddings post object", 2, "it classifies embeddings that are cast to `object` as a generation"),
        ),
    ),
    "logfire": Neighbour(
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
    "http": Neighbour(
        "HTTP (httpx, httpx2)",
        ("opentelemetry-instrumentation-httpx == 0.66b1", OPENAI),
        _instrumentor("opentelemetry.instrumentation.httpx", "HTTPX2ClientInstrumentor"),
    ),
}
