"""LangSmith: each call is an LLM run with tokens, messages, thread and user, and OpenRouter's cost.

Open Runs or Threads of the project `openrouter`. The cost is in the usage metadata of the run, which requires content
capture: https://docs.langchain.com/langsmith/cost-tracking.
Endpoint: https://docs.langchain.com/langsmith/trace-with-opentelemetry
pip install opentelemetry-instrumentation-openrouter openai opentelemetry-distro opentelemetry-exporter-otlp
Needs: OPENROUTER_API_KEY, LANGSMITH_API_KEY; LANGSMITH_ENDPOINT if it is not https://api.smith.langchain.com.

Without code changes:

    export OTEL_EXPORTER_OTLP_ENDPOINT=https://api.smith.langchain.com/otel OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
    export OTEL_EXPORTER_OTLP_HEADERS="x-api-key=$LANGSMITH_API_KEY,Langsmith-Project=openrouter"
    export OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none  # traces only
    export OTEL_INSTRUMENTATION_OPENROUTER_DIALECTS=langsmith
    export OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=span_only
    opentelemetry-instrument python app.py
"""

import os

from openai import OpenAI
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

langsmith = os.environ.get("LANGSMITH_ENDPOINT", "https://api.smith.langchain.com")
exporter = OTLPSpanExporter(
    endpoint=f"{langsmith}/otel/v1/traces",
    headers={"x-api-key": os.environ["LANGSMITH_API_KEY"], "Langsmith-Project": "openrouter"},
)
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(exporter))
OpenRouterInstrumentor().instrument(tracer_provider=provider, dialects=["langsmith"], capture_content="span_only")

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
