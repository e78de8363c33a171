"""`python -m opentelemetry.instrumentation.openrouter run`, in separate processes, with the OpenAI SDK and the simulator."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final

import pytest
from opentelemetry.instrumentation.openrouter._cli.exporter import TableExporter

from tests.environments import ROOT
from tests.otlp import Receiver
from tests.simulator import Simulator

RUN: Final = (sys.executable, "-m", "opentelemetry.instrumentation.openrouter", "run")
SECONDS: Final = 60
CALL: Final = """
import os, openai
client = openai.OpenAI(base_url=os.environ["BASE_URL"], api_key="k", max_retries=0)
def call(model="m", **options):
    return client.chat.completions.create(model=model, messages=[{"role": "user", "content": "secret"}], **options)
"""


def _environment(openrouter: Simulator) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "PYTHON"))}
    return {
        **inherited,
        "BASE_URL": openrouter.base_url(),
        "OTEL_INSTRUMENTATION_OPENROUTER_BASE_URLS": openrouter.url,
    }


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return tmp_path / "program.py"


def _run(
    openrouter: Simulator, program: Path, code: str, *options: str, arguments: Sequence[str] = (), **environment: str
) -> tuple[int, str, str]:
    """Run *code*; return its exit code, its standard output and its standard error."""
    program.write_text(CALL + code)
    return _command(openrouter, program, [*RUN, *options, str(program), *arguments], **environment)


def _command(openrouter: Simulator, program: Path, command: Sequence[str], **environment: str) -> tuple[int, str, str]:
    completed = subprocess.run(
        command,
        cwd=program.parent,
        env={**_environment(openrouter), **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return completed.returncode, completed.stdout, completed.stderr


def _json(err: str) -> dict[str, Any]:
    return json.loads(err.splitlines()[-1])


# The report.


def test_table(openrouter: Simulator, program: Path) -> None:
    """Standard output is the program's; the table is on standard error, as plain text, with exact sums."""
    code = """
print("answer")
call("openai/gpt-4o-mini")
list(call("openrouter/auto", stream=True, user="user-1", extra_body={"session_id": "session-1"}))
try:
    call("google/gemini-flash")
except openai.RateLimitError:
    pass
"""
    returned, out, err = _run(openrouter, program, code)
    assert (returned, out) == (0, "answer\n")
    lines = err.splitlines()
    rows = {re.split(r"  +", line)[0]: re.split(r"  +", line)[1:] for line in lines}
    assert lines[1].startswith("asked ")
    assert rows["openrouter/auto (stream)"][:2] == ["deepseek/deepseek-chat-v3.1", "DeepInfra"]
    assert rows["google/gemini-flash"] == ["1", "1", "0", "0", "-"]  # the last table of the model
    assert rows["all"] == ["3", "1", "53", "140", "0.0001471"]
    assert rows["DeepInfra"] == ["1", "0", "10", "20", "0.0000071"]
    assert rows["session-1"] == rows["user-1"] == rows["DeepInfra"]
    assert "\x1b" not in err
    assert "secret" not in err


def test_no_calls(openrouter: Simulator, program: Path) -> None:
    assert _run(openrouter, program, "")[2].startswith("\nNo call to OpenRouter was recorded.")


def test_live(openrouter: Simulator, program: Path) -> None:
    """A call is printed while the program still runs."""
    program.write_text(f"{CALL}\ncall()\ninput()\n")
    with subprocess.Popen(
        [*RUN, "--live", str(program)],
        env=_environment(openrouter),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("m, OpenAI, 43 in, 120 out, 0.00014 USD, ")
        assert process.poll() is None
        _, err = process.communicate("\n", SECONDS)
    assert process.returncode == 0
    assert err.splitlines()[1].startswith("by model")


CONTROLLED: Final = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, sys.argv[1:])
"""
"""Runs a command whose controlling terminal is its standard input."""


def test_terminal(openrouter: Simulator, program: Path) -> None:
    """On a terminal the table is as wide as it is, the program has the terminal, too, and Ctrl+C reaches it once."""
    code = f"""{CALL}
import signal, sys, time
caught = []
signal.signal(signal.SIGINT, lambda *_: caught.append(1))
call()
print("ready", sys.stdin.isatty(), flush=True)
while not caught: time.sleep(0.01)
time.sleep(0.3)
print("caught", len(caught))
"""
    program.write_text(code)
    terminal, other_end = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", CONTROLLED, *RUN, str(program)],
        env={**_environment(openrouter), "TERM": "xterm-256color", "COLUMNS": "200"},
        stdin=other_end,
        stdout=other_end,
        stderr=other_end,
        start_new_session=True,
    )
    os.close(other_end)
    printed, deadline = b"", time.monotonic() + SECONDS
    interrupted = False
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # Linux: the last process has closed the terminal
            break
        if not piece:
            break
        printed += piece
        if b"ready True" in printed and not interrupted:
            interrupted = True
            os.write(terminal, b"\x03")
    os.close(terminal)
    assert process.wait(SECONDS) == 0
    assert b"caught 1\r\n" in printed
    assert "─".encode() in printed
    assert b"0.00014" in printed


def test_otlp(openrouter: Simulator, program: Path) -> None:
    """Spans and metrics are exported over OTLP as well; the program's own spans, too."""
    code = """
from opentelemetry import trace
with trace.get_tracer("program").start_as_current_span("job"):
    call()
"""
    with Receiver() as receiver:
        returned, _, err = _run(openrouter, program, code, "--json", "--otlp", receiver.http)
        assert returned == 0
        assert {span["name"] for span in receiver.spans()} == {"job", "chat m"}
        assert "gen_ai.usage.cost" in {metric.name for metric in receiver.metrics()}
        assert receiver.refused == []
    assert _json(err)["total"]["cost"] == 0.00014


# What passes through.


def test_arguments(openrouter: Simulator, program: Path) -> None:
    """The program sees what it sees without `run`: arguments, its name, its path and its input."""
    code = "import sys; print(sys.argv, __name__, __file__, sys.path, __spec__, sys.flags.dev_mode, sys.stdin.read())"
    arguments = ["--json", "-m", "--", "a b"]
    program.write_text(code)
    with_run, without = (
        subprocess.run(
            [*command, str(program), *arguments],
            env=_environment(openrouter),
            input="typed",
            stdout=subprocess.PIPE,
            text=True,
            timeout=SECONDS,
            check=True,
        ).stdout
        for command in ([sys.executable, "-Xdev", *RUN[1:]], [sys.executable, "-Xdev"])
    )
    assert with_run == without
    assert "typed" in with_run


def test_module(openrouter: Simulator, program: Path) -> None:
    (program.parent / "package").mkdir()
    (program.parent / "package" / "__main__.py").write_text(
        f"{CALL}\nimport sys\ncall()\nprint(sys.argv[1:], __package__)"
    )
    returned, out, err = _command(openrouter, program, [*RUN, "--json", "-m", "package", "-m", "x"])
    assert (returned, out) == (0, "['-m', 'x'] package\n")
    assert _json(err)["total"]["calls"] == 1


@pytest.mark.parametrize(
    ("end", "code"),
    [
        ("import sys; sys.exit(7)", 7),
        ("import sys; sys.exit('message')", 1),
        ("os._exit(9)", 9),
        ("os.kill(os.getpid(), 9)", -9),
        ("raise KeyboardInterrupt", -signal.SIGINT),
        ("import asyncio\nasync def main(): raise SystemExit(4)\nasyncio.run(main())", 4),
    ],
)
def test_exit_code(openrouter: Simulator, program: Path, end: str, code: int) -> None:
    """The end of the program is the end of `run`, and the table is printed however it ends."""
    returned, _, err = _run(openrouter, program, f"call()\n{end}", "--json")
    assert returned == code
    assert _json(err)["total"]["calls"] == 1


def test_traceback(openrouter: Simulator, program: Path) -> None:
    """A traceback is that of the program without `run`."""
    returned, _, err = _run(openrouter, program, "call()\n1 / 0\n", "--json")
    alone = _command(openrouter, program, [sys.executable, str(program)])
    assert (returned, err.splitlines()[:-1]) == (1, alone[2].splitlines())
    assert _command(openrouter, program, [*RUN, "--json", "missing.py"])[0] == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signal(openrouter: Simulator, program: Path, number: signal.Signals) -> None:
    """A signal to `run` reaches the program; `run` ends as the program does, after the table."""
    program.write_text(f"{CALL}\ncall()\nprint('ready', flush=True)\nimport time; time.sleep(60)\n")
    with subprocess.Popen(
        [*RUN, "--json", str(program)],
        env=_environment(openrouter),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # without a terminal
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == -number
    assert _json(err)["total"]["calls"] == 1


def test_child_processes(openrouter: Simulator, program: Path) -> None:
    """Calls of processes that the program starts are counted: spawned, forked, and by a command."""
    code = """
import multiprocessing, subprocess, sys
if __name__ == "__main__":
    call("a")
    for method in ("spawn", "fork", "forkserver"):
        process = multiprocessing.get_context(method).Process(target=call, args=(method,))
        process.start(); process.join(); assert process.exitcode == 0
    subprocess.run([sys.executable, __file__, "x"], check=True) if len(sys.argv) == 1 else os._exit(0)
"""
    returned, _, err = _run(openrouter, program, code, "--json")
    assert returned == 0, err
    groups = {group["model"]: group["calls"] for group in _json(err)["by_model"]}
    assert sum(groups.values()) == 8
    models = [call["requested_model"] for call in _json(err)["calls"]]
    assert sorted(models) == sorted(["a", "spawn", "fork", "forkserver"] * 2)


def test_exec(openrouter: Simulator, program: Path) -> None:
    """A program that replaces itself is still instrumented."""
    code = "import sys\ncall()\nif len(sys.argv) == 1: os.execv(sys.executable, [sys.executable, __file__, 'x'])"
    returned, _, err = _run(openrouter, program, code, "--json")
    assert (returned, _json(err)["total"]["calls"]) == (0, 2)


def test_asyncio_and_open_stream(openrouter: Simulator, program: Path) -> None:
    """Asynchronous calls are counted, and a stream that is open when the program ends."""
    code = """
import asyncio
async def main():
    async with openai.AsyncOpenAI(base_url=os.environ["BASE_URL"], api_key="k") as client:
        await asyncio.gather(*(client.chat.completions.create(model="m", messages=[]) for _ in range(3)))
asyncio.run(main())
opened = call("m", stream=True)
next(opened)
"""
    returned, _, err = _run(openrouter, program, code, "--json")
    assert returned == 0
    assert [call["cancelled"] for call in _json(err)["calls"]] == [False, False, False, True]


# Programs that have telemetry of their own.

OWN_PROVIDER: Final = """
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor
def provide():
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(formatter=lambda span: span.name + "\\n")))
    trace.set_tracer_provider(provider)
    return provider
"""


@pytest.mark.parametrize(
    "setup",
    [
        "provide()",
        "provide(); OpenRouterInstrumentor().instrument()",
        "OpenRouterInstrumentor().instrument(); provide()",
        "OpenRouterInstrumentor().instrument(tracer_provider=provide(), dialects=['phoenix'])",
    ],
)
def test_own_provider(openrouter: Simulator, program: Path, setup: str) -> None:
    """A program's own provider exports as usual, in any order of setup, and nothing is logged."""
    returned, out, err = _run(openrouter, program, f"{OWN_PROVIDER}\n{setup}\ncall()", "--json")
    assert (returned, out) == (0, "chat m\n")
    assert len(err.splitlines()) == 1
    assert _json(err)["total"]["calls"] == 1


def test_own_sitecustomize(openrouter: Simulator, program: Path) -> None:
    """A `sitecustomize` on the user's path still runs."""
    (program.parent / "sitecustomize.py").write_text("print('mine')")
    returned, out, err = _run(openrouter, program, "call()", "--json", PYTHONPATH=str(program.parent))
    assert returned == 0
    # `run` itself starts with it, too.
    assert out == "mine\nmine\n"
    assert _json(err)["total"]["calls"] == 1


# Without the extra, and the entry point.


def test_without_the_extra(openrouter: Simulator, program: Path) -> None:
    """One line with the command that installs it, and exit code 2."""
    (program.parent / "rich").mkdir()
    (program.parent / "rich" / "__init__.py").write_text("raise ImportError('not installed')")
    returned, out, err = _run(openrouter, program, "call()", PYTHONPATH=str(program.parent))
    assert (returned, out) == (2, "")
    (line,) = err.splitlines()
    assert "pip install 'opentelemetry-instrumentation-openrouter[cli]'" in line


def test_entry_point(openrouter: Simulator, program: Path) -> None:
    """The exporter is available to `opentelemetry-instrument`."""
    (entry,) = entry_points(group="opentelemetry_traces_exporter", name="openrouter_table")
    assert entry.load() is TableExporter
    program.write_text(f"{CALL}\nprint(call().choices[0].message.content)")
    command = [str(Path(sys.executable).with_name("opentelemetry-instrument")), sys.executable, str(program)]
    variables = {f"OTEL_{name}_EXPORTER": "none" for name in ("METRICS", "LOGS")}
    returned, out, err = _command(openrouter, program, command, OTEL_TRACES_EXPORTER="openrouter_table", **variables)
    assert (returned, out) == (0, "Hello\n")
    assert re.search(r"^all +1 +0 +43 +120 +0\.00014$", err, re.MULTILINE)


# The simulator.


def test_simulator_and_example(tmp_path: Path) -> None:
    """What `python -m tests.simulator` prints works as it is printed."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.simulator", "--port", "0"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            lines = [process.stdout.readline() for _ in range(9)]
            commands = "".join(line for line in lines if line.startswith("    "))
            completed = subprocess.run(
                ["sh", "-euc", commands],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        finally:
            process.send_signal(signal.SIGINT)
        assert process.wait(SECONDS) == 0
    assert (completed.returncode, completed.stdout) == (0, "Hello\nHello\n"), completed.stderr
    assert re.search(r"^all +2 +0 +86 +240 +0\.00028$", completed.stderr, re.MULTILINE)
