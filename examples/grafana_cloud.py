r"""Grafana Cloud: each call is a span in a trace, and is counted in metrics.

Find calls in Explore with `{ span.gen_ai.usage.cost > 0.01 }`. The metric `gen_ai_usage_cost_USD_sum` is the cost in
USD that OpenRouter charged; tokens, duration, time to first chunk and errors are metrics too, by model and provider.
Endpoint: https://grafana.com/docs/grafana-cloud/send-data/otlp/send-data-otlp/
pip install opentelemetry-instrumentation-openrouter openai opentelemetry-distro opentelemetry-exporter-otlp
Needs: OPENROUTER_API_KEY; OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_EXPORTER_OTLP_HEADERS from the OpenTelemetry card of
your stack. The exporters read both variables.

Without code changes (GRAFANA_INSTANCE_ID and GRAFANA_TOKEN are those of your stack):

    auth=$(printf %s "$GRAFANA_INSTANCE_ID:$GRAFANA_TOKEN" | base64 | tr -d '\n')
    export OTEL_EXPORTER_OTLP_ENDPOINT=https://otlp-gateway-prod-us-central-0.grafana.net/otlp
    export OTEL_EXPORTER_OTLP_HEADERS="Authorization=Basic%20$auth" OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
    export OTEL_SERVICE_NAME=my-app OTEL_LOGS_EXPORTER=none
    opentelemetry-instrument python app.py
"""

import os

from openai import OpenAI
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

service = Resource.create({"service.name": "my-app"})
provider = TracerProvider(resource=service)
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
meters = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())], resource=service)
OpenRouterInstrumentor().instrument(tracer_provider=provider, meter_provider=meters)

client = OpenAI(
    base_url=os.environ.get("OPENROUTER_BASE_URL", "https://openrouter.ai/api/v1"),
    api_key=os.environ["OPENROUTER_API_KEY"],
)
model, session = "openai/gpt-4o-mini", {"session_id": "session-7"}
answer = client.chat.completions.create(
    model=model, messages=[{"role": "user", "content": "Say hello."}], user="user-42", extra_body=session
)
print(answer.choices[0].message.content)
stream = client.chat.completions.create(
    model=model, messages=[{"role": "user", "content": "Say hello."}], user="user-42", extra_body=session, stream=True
)
print(*(choice.delta.content or "" for chunk in stream for choice in chunk.choices), sep="")
provider.shutdown()  # exports the remaining spans
meters.shutdown()
