"""Runs `app.py` under `opentelemetry-instrument` and prints its spans as a table.

Calls the simulator, or OpenRouter itself if OPENROUTER_API_KEY is set, which costs a fraction of a cent. If
OTEL_EXPORTER_OTLP_ENDPOINT is set, the telemetry is exported there as well.
"""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

from table import print_table

HERE = Path(__file__).parent
SIMULATED = [
    "openai/gpt-4o-mini",
    "openai/gpt-4o-mini+stream",
    "openrouter/auto+stream",
    "anthropic/claude-sonnet-4.5+stream",
    "mistralai/mistral-small",
    "minimax/minimax-m2:free",
    "openai/gpt-4o",
    "google/gemini-flash",
    "nvidia/busy",
    "openai/breaks-off+stream",
    "openai/gpt-4o-mini+responses",
    "openai/text-embedding-3-small+embeddings",
]
REAL = [
    "openai/gpt-4o-mini",
    "openai/gpt-4o-mini+stream",
    "openrouter/auto+stream",
    "mistralai/mistral-small-3.2-24b-instruct",
    "nobody/no-such-model",
    "openai/gpt-4o-mini+responses",
    "openai/text-embedding-3-small+embeddings",
]


@contextlib.contextmanager
def openrouter() -> Generator[tuple[list[str], dict[str, str]]]:
    """Yield the models to call and the environment of the program."""
    if os.environ.get("OPENROUTER_API_KEY"):
        print("OPENROUTER_API_KEY is set: calling OpenRouter.\n")
        yield REAL, {}
        return
    sys.path.insert(0, str(HERE.parents[1]))
    from tests.simulator import Simulator  # noqa: PLC0415 - found by the line above

    with Simulator(pause=0.04) as simulator:
        print("No OPENROUTER_API_KEY: calling the simulator.\n")
        yield (
            SIMULATED,
            {
                "OPENROUTER_API_KEY": "simulated",
                "OPENROUTER_BASE_URL": simulator.base_url(),
                "OTEL_INSTRUMENTATION_OPENROUTER_BASE_URLS": simulator.url,
            },
        )


def run_app(models: list[str], environment: dict[str, str]) -> list[dict[str, Any]]:
    """Run the program, which writes its spans to standard output, and parse them."""
    also = ",otlp" if os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") else ""
    done = subprocess.run(
        [Path(sys.executable).with_name("opentelemetry-instrument"), sys.executable, HERE / "app.py", *models],
        env={
            "OTEL_SERVICE_NAME": "openrouter-demo",
            **os.environ,
            "OTEL_TRACES_EXPORTER": "console" + also,
            "OTEL_METRICS_EXPORTER": also.lstrip(",") or "none",
            "OTEL_LOGS_EXPORTER": "none",
            **environment,
        },
        stdout=subprocess.PIPE,
        text=True,
        timeout=300,
        check=True,
    )
    spans: list[dict[str, Any]] = []
    rest = done.stdout.lstrip()
    while rest:
        span, end = json.JSONDecoder().raw_decode(rest)
        spans.append(span)
        rest = rest[end:].lstrip()
    return [span for span in spans if span["attributes"].get("gen_ai.provider.name") == "openrouter"]


def main() -> int:
    """Run and print; return 1 if a span is missing."""
    with openrouter() as (models, environment):
        spans = run_app(models, environment)
    print_table(spans)
    return 0 if len(spans) == len(models) else 1


if __name__ == "__main__":
    sys.exit(main())
