"""Phoenix: each call is an LLM span with tokens, messages, session and user.

Open the project `openrouter` at http://localhost:6006. The cost column is an estimate from Phoenix's own price table.
The cost that OpenRouter charged is the attribute `gen_ai.usage.cost`; filter with
`attributes['gen_ai']['usage']['cost'] > 0.01`, or see phoenix_costs.py.
Endpoint: https://arize.com/docs/phoenix/resources/frequently-asked-questions/what-is-my-phoenix-endpoint
pip install opentelemetry-instrumentation-openrouter openai opentelemetry-distro opentelemetry-exporter-otlp
Needs: OPENROUTER_API_KEY; PHOENIX_COLLECTOR_ENDPOINT if Phoenix is not at http://localhost:6006; if it requires a key,
OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20<the key>.

Without code changes:

    export OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://localhost:6006/v1/traces OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
    export OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none  # traces only
    export OTEL_RESOURCE_ATTRIBUTES=openinference.project.name=openrouter
    export OTEL_INSTRUMENTATION_OPENROUTER_DIALECTS=phoenix
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

phoenix = os.environ.get("PHOENIX_COLLECTOR_ENDPOINT", "http://localhost:6006")
provider = TracerProvider(resource=Resource.create({"openinference.project.name": "openrouter"}))
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=f"{phoenix}/v1/traces")))
OpenRouterInstrumentor().instrument(tracer_provider=provider, dialects=["phoenix"], capture_content="span_only")

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
