"""Honeycomb: each call is a span in the dataset `my-app`, each attribute a column.

`SUM(gen_ai.usage.cost)` is the cost in USD that OpenRouter charged; group it by `gen_ai.response.model`,
`openrouter.provider.name` or `user.id`.
Endpoint: https://docs.honeycomb.io/send-data/opentelemetry
pip install opentelemetry-instrumentation-openrouter openai opentelemetry-distro opentelemetry-exporter-otlp
Needs: OPENROUTER_API_KEY, HONEYCOMB_API_KEY; HONEYCOMB_API_ENDPOINT=https://api.eu1.honeycomb.io for the EU.

Without code changes:

    export OTEL_EXPORTER_OTLP_ENDPOINT=https://api.honeycomb.io OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
    export OTEL_EXPORTER_OTLP_HEADERS="x-honeycomb-team=$HONEYCOMB_API_KEY"
    export OTEL_SERVICE_NAME=my-app OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none
    opentelemetry-instrument python app.py
"""

import os

from openai import OpenAI
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

honeycomb = os.environ.get("HONEYCOMB_API_ENDPOINT", "https://api.honeycomb.io")
exporter = OTLPSpanExporter(
    endpoint=f"{honeycomb}/v1/traces", headers={"x-honeycomb-team": os.environ["HONEYCOMB_API_KEY"]}
)
provider = TracerProvider(resource=Resource.create({"service.name": "my-app"}))
provider.add_span_processor(BatchSpanProcessor(exporter))
OpenRouterInstrumentor().instrument(tracer_provider=provider)

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
