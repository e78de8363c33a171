"""Runs `app.py` with `python -m opentelemetry.instrumentation.openrouter run`, which prints a table of its calls.

Calls the simulator, or OpenRouter itself if OPENROUTER_API_KEY is set, which costs a fraction of a cent. If
OTEL_EXPORTER_OTLP_ENDPOINT is set, the telemetry is exported there as well, over HTTP.
"""

import contextlib
import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

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
        print("OPENROUTER_API_KEY is set: calling OpenRouter.\n", flush=True)
        yield REAL, {}
        return
    sys.path.insert(0, str(HERE.parents[1]))
    from tests.simulator import Simulator  # noqa: PLC0415 - found by the line above

    with Simulator(pause=0.04) as simulator:
        print("No OPENROUTER_API_KEY: calling the simulator.\n", flush=True)
        yield (
            SIMULATED,
            {
                "OPENROUTER_API_KEY": "simulated",
                "OPENROUTER_BASE_URL": simulator.base_url(),
                "OTEL_INSTRUMENTATION_OPENROUTER_BASE_URLS": simulator.url,
            },
        )


def main() -> int:
    """Run the program; return its exit code."""
    endpoint = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT")
    options = ["--otlp", endpoint] if endpoint else []
    with openrouter() as (models, environment):
        return subprocess.run(
            [
                *(sys.executable, "-m", "opentelemetry.instrumentation.openrouter", "run", *options),
                *(HERE / "app.py", *models),
            ],
            env={"OTEL_SERVICE_NAME": "openrouter-demo", **os.environ, **environment},
            timeout=300,
            check=False,
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
