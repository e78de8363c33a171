"""docs/start.md: its commands run its programs, and print what the page shows, except for times."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.doc_tables import DOCS
from tests.simulator import Simulator

PAGE: Final = DOCS / "start.md"
PROGRAMS: Final = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
OUTPUTS: Final = re.findall(r"^```text\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL)
TABLE: Final = {
    "OTEL_TRACES_EXPORTER": "openrouter_table",
    "OTEL_METRICS_EXPORTER": "none",
    "OTEL_LOGS_EXPORTER": "none",
}
INSTRUMENT: Final = str(Path(sys.executable).with_name("opentelemetry-instrument"))
RUN: Final = (sys.executable, "-m", "opentelemetry.instrumentation.openrouter", "run")


def _output(openrouter: Simulator, folder: Path, code: str, *command: str, **environment: str) -> str:
    """Run a program of the page with the simulator; return what it prints to standard output, then to standard error."""
    base_url = openrouter.base_url()
    (folder / "app.py").write_text(code.replace("https://openrouter.ai/api/v1", base_url))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "PYTHON"))}
    urls = {"OPENROUTER_API_KEY": "sk-or-simulated", "OTEL_INSTRUMENTATION_OPENROUTER_BASE_URLS": openrouter.url}
    completed = subprocess.run(
        [*command, "app.py"],
        cwd=folder,
        env={**inherited, **urls, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    return completed.stdout + completed.stderr


def _comparable(output: str) -> list[list[str]]:
    """The words of each line, without times, lines of dashes, and what differs with the simulator's port."""
    output = re.sub(r"\d+(\.\d+)? (ms|s)\b", "TIME", output)
    output = re.sub(r"server\.(address|port) = .*", r"server.\1", output)
    return [line.split() for line in output.splitlines() if line.strip("- ")]


def test_run_prints_the_table(openrouter: Simulator, tmp_path: Path) -> None:
    assert _comparable(_output(openrouter, tmp_path, PROGRAMS[0], *RUN)) == _comparable(OUTPUTS[0])


def test_program_prints_the_span(openrouter: Simulator, tmp_path: Path) -> None:
    printed = _comparable(_output(openrouter, tmp_path, PROGRAMS[1], sys.executable))
    assert sorted(printed) == sorted(_comparable(OUTPUTS[1]))  # the order is that of the SDK's fields


def test_exporter_prints_the_table(openrouter: Simulator, tmp_path: Path) -> None:
    output = _output(openrouter, tmp_path, PROGRAMS[0], INSTRUMENT, sys.executable, **TABLE)
    assert _comparable(output) == _comparable(OUTPUTS[2])
    assert all(f"{name}={value}" in PAGE.read_text() for name, value in TABLE.items())
