"""Jaeger: each call is a span of the service `my-app` at http://localhost:16686; Tempo works in the same way.

There is no cost column. The tag `gen_ai.usage.cost` is the cost in USD that OpenRouter charged; the upstream provider,
tokens, `session.id` and `user.id` are tags too, and you can search by all of them.
Endpoint (gRPC 4317, HTTP 4318): https://www.jaegertracing.io/docs/latest/architecture/apis/
pip install opentelemetry-instrumentation-openrouter openai opentelemetry-distro opentelemetry-exporter-otlp
Needs: OPENROUTER_API_KEY; OTEL_EXPORTER_OTLP_ENDPOINT if Jaeger is not at http://localhost:4317.

Without code changes, over gRPC; then over HTTP:

    export OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4317 OTEL_EXPORTER_OTLP_PROTOCOL=grpc
    export OTEL_SERVICE_NAME=my-app OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none  # traces only
    opentelemetry-instrument python app.py

    export OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
    export OTEL_SERVICE_NAME=my-app OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none
    opentelemetry-instrument python app.py
"""

import os

from openai import OpenAI
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

exporter = OTLPSpanExporter(endpoint=os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4317"))
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
