"""A program that exposes its metrics to Prometheus, and makes the calls that it reads from stdin.

Its first line on stdout is the port. For each line of stdin, a JSON list of calls, it prints a line after the calls.
"""

import contextlib
import json
import sys
from typing import Any

import openai
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import start_http_server


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


def main(simulator: str) -> None:
    """Instrument, expose the metrics, and make calls until stdin ends."""
    provider = MeterProvider([PrometheusMetricReader()])
    OpenRouterInstrumentor().instrument(
        meter_provider=provider,
        base_urls=[simulator],
        metric_attributes=["openrouter.request.metadata.feature"],
        budget=True,
    )
    server, thread = start_http_server(0, "127.0.0.1")
    print(server.server_port, flush=True)
    for line in sys.stdin:
        for call in json.loads(line):
            make(call)
        print("made", flush=True)
    server.shutdown()
    thread.join()
    provider.shutdown()


if __name__ == "__main__":
    main(sys.argv[1])
