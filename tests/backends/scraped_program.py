"""A program that exposes its metrics to Prometheus or exports them, and makes the calls that it reads from stdin.

Its first line on stdout is the port, 0 if it exports. For each line of stdin, a JSON list of calls, it prints a line
after the calls.
"""

import contextlib
import json
import sys
from collections.abc import Callable
from typing import Any, Final

import openai
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricReader, PeriodicExportingMetricReader
from prometheus_client import start_http_server

EXPORT_MILLISECONDS: Final = 500
"""As often as Prometheus scrapes, and more: a minute is the SDK's default."""


def make(call: dict[str, Any]) -> None:
    """Make one call and ignore API errors."""
    metadata = {"metadata": {"feature": call["feature"]}} if call["feature"] else {}
    with openai.OpenAI(base_url=call["base_url"], api_key=call["key"], max_retries=0) as client:
        create: Any = client.chat.completions.create
        with contextlib.suppress(openai.APIError):
            result = create(
                model=call["model"],
                messages=[{"role": "user", "content": "Hello"}],
                stream=call["streamed"],
                extra_body=metadata,
            )
            if call["streamed"]:
                list(result)


def reader_and_port(endpoint: str) -> tuple[MetricReader, int, Callable[[], None]]:
    """Return a reader that exports to *endpoint*, or is scraped if it is empty; its port; what ends the scraping."""
    if endpoint:
        exporter = OTLPMetricExporter(endpoint)
        return PeriodicExportingMetricReader(exporter, export_interval_millis=EXPORT_MILLISECONDS), 0, lambda: None
    server, thread = start_http_server(0, "127.0.0.1")

    def end() -> None:
        server.shutdown()
        thread.join()

    return PrometheusMetricReader(), server.server_port, end


def main(simulator: str, endpoint: str = "") -> None:
    """Instrument, expose or export the metrics, and make calls until stdin ends."""
    reader, port, end_scraping = reader_and_port(endpoint)
    provider = MeterProvider([reader])
    OpenRouterInstrumentor().instrument(
        meter_provider=provider,
        base_urls=[simulator],
        metric_attributes=["openrouter.request.metadata.feature"],
        budget=True,
    )
    print(port, flush=True)
    for line in sys.stdin:
        for call in json.loads(line):
            make(call)
        print("made", flush=True)
    end_scraping()
    provider.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:])
