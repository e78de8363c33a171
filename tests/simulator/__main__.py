"""`python -m tests.simulator [--port PORT]`: runs the simulator until it is interrupted, and prints how to call it."""

import argparse
import sys
import threading
from contextlib import suppress

from .server import BY_MODEL, Simulator


def main() -> int:
    """Run it until SIGINT; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=8010, help="the port on 127.0.0.1; 0 for any free one")
    with Simulator(port=parser.parse_args().port, pause=0.04) as simulator, suppress(KeyboardInterrupt):
        print(_help(simulator.url, simulator.base_url()), flush=True)
        threading.Event().wait()
    return 0


def _help(url: str, base_url: str) -> str:
    return f"""A simulated OpenRouter listens at {base_url}. In another terminal:

    export OPENROUTER_BASE_URL={base_url} OPENROUTER_API_KEY=sk-or-simulated
    export OTEL_INSTRUMENTATION_OPENROUTER_BASE_URLS={url}
    {sys.executable} -m opentelemetry.instrumentation.openrouter run examples/app.py

In a program: OpenAI(base_url="{base_url}", api_key="sk-or-simulated").
Any model responds. These models respond in other ways: {", ".join(BY_MODEL)}.
Ctrl+C ends it."""


if __name__ == "__main__":
    sys.exit(main())
