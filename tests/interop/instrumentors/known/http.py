"""The instrumentors of HTTP libraries: their HTTP spans stay, below or above the inference span."""

from collections.abc import Mapping
from typing import Final

from tests.interop.instrumentors.instrumentor import Disable, Instrumentor, instrumentor, logfire, uninstrument
from tests.telemetry import Telemetry

_LIBRARIES: Final = ("httpx", "httpx2", "httpx-sse", "requests", "aiohttp", "lm15")  # what the calling styles import
_HTTPX: Final = "opentelemetry.instrumentation.httpx"
_REQUESTS: Final = "opentelemetry.instrumentation.requests"
_AIOHTTP: Final = "opentelemetry.instrumentation.aiohttp_client"


def _httpx(telemetry: Telemetry) -> Disable:
    disable = [
        instrumentor(_HTTPX, name)(telemetry) for name in ("HTTPXClientInstrumentor", "HTTPX2ClientInstrumentor")
    ]

    def disable_both() -> None:
        for each in disable:
            each()

    return disable_both


INSTRUMENTORS: Final[Mapping[str, Instrumentor]] = {
    "httpx": Instrumentor(
        "HTTP (httpx, httpx2)",
        "http",
        ("opentelemetry-instrumentation-httpx == 0.66b2", *_LIBRARIES),
        _httpx,
        http_span="child",
        only="httpx.*",
    ),
    "requests": Instrumentor(
        "HTTP (requests)",
        "http",
        ("opentelemetry-instrumentation-requests == 0.66b2", *_LIBRARIES),
        instrumentor(_REQUESTS, "RequestsInstrumentor"),
        http_span="parent",
        only="requests.*",
    ),
    "aiohttp": Instrumentor(
        "HTTP (aiohttp)",
        "http",
        ("opentelemetry-instrumentation-aiohttp-client == 0.66b1", *_LIBRARIES),
        instrumentor(_AIOHTTP, "AioHttpClientInstrumentor"),
        http_span="child",
        only="aiohttp.*",
    ),
    "httpx-logfire": Instrumentor(
        "Logfire (httpx, httpx2)",
        "http",
        ("logfire == 5.4.0", "opentelemetry-instrumentation-httpx == 0.66b2", *_LIBRARIES),
        logfire(
            "instrument_httpx",
            disable=uninstrument((_HTTPX, "HTTPXClientInstrumentor"), (_HTTPX, "HTTPX2ClientInstrumentor")),
        ),
        http_span="child",
        only="httpx.*",
    ),
    "requests-logfire": Instrumentor(
        "Logfire (requests)",
        "http",
        ("logfire == 5.4.0", "opentelemetry-instrumentation-requests == 0.66b2", *_LIBRARIES),
        logfire("instrument_requests", disable=uninstrument((_REQUESTS, "RequestsInstrumentor"))),
        http_span="parent",
        only="requests.*",
    ),
    "aiohttp-logfire": Instrumentor(
        "Logfire (aiohttp)",
        "http",
        ("logfire == 5.4.0", "opentelemetry-instrumentation-aiohttp-client == 0.66b1", *_LIBRARIES),
        logfire("instrument_aiohttp_client", disable=uninstrument((_AIOHTTP, "AioHttpClientInstrumentor"))),
        http_span="child",
        only="aiohttp.*",
    ),
}
