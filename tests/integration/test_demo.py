"""`make demo`: the program runs, prints the right table, and exports its telemetry to an OTLP endpoint."""

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import openai
import pytest

ROOT = Path(__file__).parents[2]
needs_responses = pytest.mark.skipif(
    not hasattr(openai.OpenAI, "responses"), reason="this SDK has no Responses API, which the demo uses"
)


@needs_responses
def test_demo() -> None:
    """The demo makes twelve calls, prints their exact cost, and exports the same spans and metrics over OTLP."""
    received: list[tuple[str, bytes]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - the parameter's name in the base class

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as receiver:
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        completed = subprocess.run(
            [sys.executable, ROOT / "examples" / "demo" / "run.py"],
            env={
                **{key: value for key, value in os.environ.items() if key != "OPENROUTER_API_KEY"},
                "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{receiver.server_port}",
                "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        receiver.shutdown()
    assert completed.returncode == 0, completed.stderr
    lines = completed.stderr.splitlines()
    assert sum("(stream)" in line for line in lines) == 4
    totals = [line.split() for line in lines if line.startswith("all ")]
    assert [total[1:] for total in totals] == [["12", "3", "375", "672", "0.0013985"]]
    paths = {path for path, _ in received}
    assert paths == {"/v1/traces", "/v1/metrics"}
    assert any(b"gen_ai.usage.cost" in body for path, body in received if path == "/v1/traces")
    assert any(b"gen_ai.client.token.usage" in body for path, body in received if path == "/v1/metrics")
