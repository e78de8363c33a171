r"""Langfuse: each call is a generation with OpenRouter's cost, tokens, messages and time to first token.

Open Tracing, Sessions or Users. The cost is the one that OpenRouter charged, not one from Langfuse's price list.
Endpoint (HTTP only): https://langfuse.com/integrations/native/opentelemetry; with the header
`x-langfuse-ingestion-version` traces appear immediately.
pip install opentelemetry-instrumentation-openrouter openai opentelemetry-distro opentelemetry-exporter-otlp
Needs: OPENROUTER_API_KEY, LANGFUSE_PUBLIC_KEY, LANGFUSE_SECRET_KEY; LANGFUSE_BASE_URL if it is not the EU cloud.

Without code changes:

    auth=$(printf %s "$LANGFUSE_PUBLIC_KEY:$LANGFUSE_SECRET_KEY" | base64 | tr -d '\n')
    export OTEL_EXPORTER_OTLP_ENDPOINT=https://cloud.langfuse.com/api/public/otel
    export OTEL_EXPORTER_OTLP_HEADERS="Authorization=Basic%20$auth,x-langfuse-ingestion-version=4"
    export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none
    export OTEL_INSTRUMENTATION_OPENROUTER_DIALECTS=langfuse
    export OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=span_only
    opentelemetry-instrument python app.py
"""

import base64
import os

from openai import OpenAI
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

langfuse = os.environ.get("LANGFUSE_BASE_URL", "https://cloud.langfuse.com")
keys = f"{os.environ['LANGFUSE_PUBLIC_KEY']}:{os.environ['LANGFUSE_SECRET_KEY']}"
exporter = OTLPSpanExporter(
    endpoint=f"{langfuse}/api/public/otel/v1/traces",
    headers={
        "authorization": f"Basic {base64.b64encode(keys.encode()).decode()}",
        "x-langfuse-ingestion-version": "4",
    },
)
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(exporter))
OpenRouterInstrumentor().instrument(tracer_provider=provider, dialects=["langfuse"], capture_content="span_only")

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
