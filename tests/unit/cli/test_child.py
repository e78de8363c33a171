"""A child process: signals pass to it, and its end is the end of this process."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._cli import child
from opentelemetry.instrumentation.openrouter._cli.child import end_like, is_in_foreground, run_child

NUMBERS = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
READY = "import os, pathlib, signal, sys, time; ready = lambda: pathlib.Path(sys.argv[1]).touch(); "


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in NUMBERS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def _run(code: str, path: Path, numbers: tuple[int, ...]) -> int:
    """Run *code*; when it is ready, send signals to this process."""
    pending = list(numbers)

    def look() -> None:
        if path.exists() and pending:
            os.kill(os.getpid(), pending.pop(0))

    return run_child([sys.executable, "-c", READY + code, str(path)], os.environ, look)


def test_exit_code() -> None:
    assert run_child([sys.executable, "-c", "import sys; sys.exit(7)"], os.environ, None) == 7


def test_look() -> None:
    """Somebody may look at what has arrived while the child runs."""
    looks: list[int] = []
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    reader, writer = os.pipe()
    saved = os.dup(0)
    os.dup2(reader, 0)

    def look() -> None:
        looks.append(1)
        if len(looks) == 1:
            os.close(writer)

    try:
        assert run_child(command, os.environ, look) == 0
    finally:
        os.dup2(saved, 0)
        os.close(saved)
        os.close(reader)
    assert looks


def test_signals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal that this process gets ends the child; a signal that the terminal sends to both is not sent twice."""
    sleep = "ready(); time.sleep(60)"
    monkeypatch.setattr(child, "is_in_foreground", lambda: False)
    assert _run(sleep, tmp_path / "1", (signal.SIGINT,)) == -signal.SIGINT
    assert _run(sleep, tmp_path / "2", (signal.SIGTERM,)) == -signal.SIGTERM
    monkeypatch.setattr(child, "is_in_foreground", lambda: True)
    assert _run(sleep, tmp_path / "3", (signal.SIGINT, signal.SIGUSR1)) == -signal.SIGUSR1


def test_ignored_signal(tmp_path: Path) -> None:
    """A signal that is ignored here, as by nohup, is ignored by the child."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    code = "ready(); os.kill(os.getpid(), signal.SIGHUP); time.sleep(60)"
    assert _run(code, tmp_path / "1", (signal.SIGHUP, signal.SIGTERM)) == -signal.SIGTERM
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_early_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal that arrives while the child is being created reaches it."""
    popen = subprocess.Popen

    def create(*args: Any, **kwargs: Any) -> Any:
        os.kill(os.getpid(), signal.SIGTERM)
        return popen(*args, **kwargs)

    monkeypatch.setattr(subprocess, "Popen", create)
    assert run_child([sys.executable, "-c", "import time; time.sleep(60)"], os.environ, None) == -signal.SIGTERM


def test_foreground(monkeypatch: pytest.MonkeyPatch) -> None:
    """It depends on the terminal; without one no signal is sent to both."""
    monkeypatch.setattr(os, "open", lambda *_: 99)
    monkeypatch.setattr(os, "close", lambda _: None)
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp())
    assert is_in_foreground()
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp() + 1)
    assert not is_in_foreground()

    def fail(*_: object) -> int:
        raise OSError

    monkeypatch.setattr(os, "tcgetpgrp", fail)
    assert not is_in_foreground()
    monkeypatch.setattr(os, "open", fail)
    assert not is_in_foreground()
    monkeypatch.setattr(sys, "platform", "win32")
    assert is_in_foreground()


def test_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exit code is returned; a signal ends this process, or becomes the exit code that a shell reports."""
    assert end_like(3) == 3
    script = f"from {child.__name__} import end_like; end_like(-{{}})"
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
        assert subprocess.run([sys.executable, "-c", script.format(int(number))], check=False).returncode == -number
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *signal: sent.append(signal))
    monkeypatch.setattr("resource.setrlimit", lambda *_: None)
    assert end_like(-signal.SIGUSR1) == 128 + signal.SIGUSR1
    assert end_like(-signal.SIGKILL) == 128 + signal.SIGKILL
    assert sent == [(os.getpid(), signal.SIGUSR1), (os.getpid(), signal.SIGKILL)]
