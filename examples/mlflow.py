"""MLflow: each call is a trace with OpenRouter's cost, tokens, messages, session and user.

Open the experiment's Traces at http://localhost:5000. Without the dialect the cost is 0 for models that MLflow does not
know.
Endpoint (HTTP only): https://mlflow.org/docs/latest/genai/tracing/opentelemetry/ingest
pip install opentelemetry-instrumentation-openrouter openai opentelemetry-distro opentelemetry-exporter-otlp
Needs: OPENROUTER_API_KEY; MLFLOW_TRACKING_URI if it is not http://localhost:5000, MLFLOW_EXPERIMENT_ID if not 0.

Without code changes:

    export OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://localhost:5000/v1/traces OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
    export OTEL_EXPORTER_OTLP_TRACES_HEADERS=x-mlflow-experiment-id=0
    export OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none  # traces only
    export OTEL_INSTRUMENTATION_OPENROUTER_DIALECTS=mlflow
    export OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=span_only
    opentelemetry-instrument python app.py
"""

import os

from openai import OpenAI
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

mlflow = os.environ.get("MLFLOW_TRACKING_URI", "http://localhost:5000")
exporter = OTLPSpanExporter(
    endpoint=f"{mlflow}/v1/traces",
    headers={"x-mlflow-experiment-id": os.environ.get("MLFLOW_EXPERIMENT_ID", "0")},
)
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(exporter))
OpenRouterInstrumentor().instrument(tracer_provider=provider, dialects=["mlflow"], capture_content="span_only")

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
