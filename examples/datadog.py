"""Datadog: each call is a span in APM, and an LLM call with tokens, messages and session in Agent Observability.

In APM, create a measure of `gen_ai.usage.cost`, the cost that OpenRouter charged. The cost in Agent Observability
(formerly LLM Observability) is Datadog's estimate, because no OpenTelemetry attribute for cost is documented; the
charged cost is in the metadata.
Agent: https://docs.datadoghq.com/opentelemetry/setup/otlp_ingest_in_the_agent/
Intake: https://docs.datadoghq.com/llm_observability/instrumentation/otel_instrumentation/
pip install opentelemetry-instrumentation-openrouter openai opentelemetry-distro opentelemetry-exporter-otlp
Needs: OPENROUTER_API_KEY; OTEL_EXPORTER_OTLP_ENDPOINT if the Agent is not at http://localhost:4318; without Agent
DD_API_KEY, and DD_SITE if it is not datadoghq.com.

Without code changes, to the Agent, with metrics; then without Agent:

    export OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
    export OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta OTEL_LOGS_EXPORTER=none
    export OTEL_RESOURCE_ATTRIBUTES=dd_llmobs_enabled=true OTEL_INSTRUMENTATION_OPENROUTER_DIALECTS=datadog
    export OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=span_only
    opentelemetry-instrument python app.py

    export OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=https://otlp.datadoghq.com/v1/traces
    export OTEL_EXPORTER_OTLP_TRACES_HEADERS="dd-api-key=$DD_API_KEY,dd-otlp-source=llmobs"
    export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none
    export OTEL_RESOURCE_ATTRIBUTES=dd_llmobs_enabled=true OTEL_INSTRUMENTATION_OPENROUTER_DIALECTS=datadog
    export OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=span_only
    opentelemetry-instrument python app.py
"""

import os

from openai import OpenAI
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

key, site = os.environ.get("DD_API_KEY"), os.environ.get("DD_SITE", "datadoghq.com")
datadog = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", f"https://otlp.{site}" if key else "http://localhost:4318")
headers = {"dd-api-key": key, "dd-otlp-source": "llmobs"} if key else None
provider = TracerProvider(resource=Resource.create({"dd_llmobs_enabled": "true"}))  # APM and Agent Observability
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{datadog}/v1/traces", headers=headers)))
OpenRouterInstrumentor().instrument(tracer_provider=provider, dialects=["datadog"], capture_content="span_only")

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
