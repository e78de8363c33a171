"""PostHog: each call is an `$ai_generation` with OpenRouter's cost, tokens, messages and time to first token.

Open Generations, Traces or Sessions under AI Observability; `user.id` is the person. `$ai_total_cost_usd` is the cost
that OpenRouter charged, not one from PostHog's price list.
Endpoint (HTTP, with exactly this path): https://posthog.com/docs/llm-analytics/installation/opentelemetry
pip install opentelemetry-instrumentation-openrouter openai opentelemetry-distro opentelemetry-exporter-otlp
Needs: OPENROUTER_API_KEY, POSTHOG_PROJECT_TOKEN (phc_...); POSTHOG_HOST if it is not the US cloud.

Without code changes:

    export OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=https://us.i.posthog.com/i/v0/ai/otel
    export OTEL_EXPORTER_OTLP_TRACES_HEADERS="Authorization=Bearer%20$POSTHOG_PROJECT_TOKEN"
    export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf OTEL_METRICS_EXPORTER=none OTEL_LOGS_EXPORTER=none
    export OTEL_INSTRUMENTATION_OPENROUTER_DIALECTS=posthog
    export OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=span_only
    opentelemetry-instrument python app.py
"""

import os

from openai import OpenAI
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

posthog = os.environ.get("POSTHOG_HOST", "https://us.i.posthog.com")
exporter = OTLPSpanExporter(
    endpoint=f"{posthog}/i/v0/ai/otel",
    headers={"authorization": f"Bearer {os.environ['POSTHOG_PROJECT_TOKEN']}"},
)
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(exporter))
OpenRouterInstrumentor().instrument(tracer_provider=provider, dialects=["posthog"], capture_content="span_only")

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
