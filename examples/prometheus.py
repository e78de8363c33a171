"""Prometheus: cost, tokens, duration, time to first chunk and errors at http://localhost:9464/metrics.

`sum by (gen_ai_response_model) (gen_ai_usage_cost_USD_sum)` is the cost by model in USD, as OpenRouter charged it. For
the cost of an hour use the queries of `dashboards/`: `rate()` misses the first call. Metrics contain no user, session
or message.
Exporter: https://opentelemetry-python.readthedocs.io/en/stable/exporter/prometheus/prometheus.html
pip install opentelemetry-instrumentation-openrouter openai opentelemetry-distro opentelemetry-exporter-prometheus
Needs: OPENROUTER_API_KEY; OTEL_EXPORTER_PROMETHEUS_PORT if it is not 9464. Scrape configuration:
`scrape_configs: [{job_name: openrouter, static_configs: [{targets: ["localhost:9464"]}]}]`

Without code changes:

    export OTEL_METRICS_EXPORTER=prometheus OTEL_TRACES_EXPORTER=none OTEL_LOGS_EXPORTER=none
    opentelemetry-instrument python app.py -  # it is scraped while it waits for lines
"""

import os

from openai import OpenAI
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import start_http_server

provider = MeterProvider([PrometheusMetricReader()])
OpenRouterInstrumentor().instrument(meter_provider=provider)
start_http_server(port=int(os.environ.get("OTEL_EXPORTER_PROMETHEUS_PORT", "9464")), addr="localhost")

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
input("Enter ends this, and the metrics with it. ")
provider.shutdown()
