"""Arize AX: each call is an LLM span with OpenRouter's cost, tokens, messages, session and user.

Open the project `openrouter`. Arize AX uses the cost of a span if it has one:
https://arize.com/docs/ax/instrument/how-cost-tracking-works.
Endpoint (gRPC): https://arize.com/docs/ax/concepts/otel-openinference/arize-otel-helpers
pip install opentelemetry-instrumentation-openrouter openai opentelemetry-distro opentelemetry-exporter-otlp
Needs: OPENROUTER_API_KEY, ARIZE_SPACE_ID, ARIZE_API_KEY; ARIZE_COLLECTOR_ENDPOINT for another region.

Without code changes:

    export OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=https://otlp.arize.com/v1 OTEL_EXPORTER_OTLP_PROTOCOL=grpc
    export OTEL_EXPORTER_OTLP_TRACES_HEADERS="space_id=$ARIZE_SPACE_ID,api_key=$ARIZE_API_KEY"
    export OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none  # traces only
    export OTEL_RESOURCE_ATTRIBUTES=openinference.project.name=openrouter
    export OTEL_INSTRUMENTATION_OPENROUTER_DIALECTS=arize
    export OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=span_only
    opentelemetry-instrument python app.py
"""

import os

from openai import OpenAI
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

exporter = OTLPSpanExporter(
    endpoint=os.environ.get("ARIZE_COLLECTOR_ENDPOINT", "https://otlp.arize.com/v1"),
    headers={"space_id": os.environ["ARIZE_SPACE_ID"], "api_key": os.environ["ARIZE_API_KEY"]},
)
provider = TracerProvider(resource=Resource.create({"openinference.project.name": "openrouter"}))
provider.add_span_processor(BatchSpanProcessor(exporter))
OpenRouterInstrumentor().instrument(tracer_provider=provider, dialects=["arize"], capture_content="span_only")

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
