"""Obtaining a real server, starting it on loopback, waiting until it is ready, asking it, stopping it by its pid.

What is found there is a `Fact`.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests import environments

from .pins import PINS

HOME: Final = ".venv-backends"
SECONDS: Final = 120.0


@dataclass(frozen=True)
class Fact:
    """One thing that was looked at."""

    topic: str
    """How the table of docs/backends.md names it."""
    claim: str
    fault: str = ""
    """What is wrong with it; nothing where it holds."""
    limit: str = ""
    """The note in docs/backends.md, if the claim is that the backend cannot do something; a fault when it can."""


def environment(name: str, *, ours: bool = False) -> Path:
    """Where an environment's programs are, with its pins and, where it is *ours*, this project.

    Raises:
        NotToBeHad: it cannot be installed here.
    """
    return environments.environment(f"{HOME}/{name}", PINS[name], ours=ours).parent


def plain_environ(**more: str) -> dict[str, str]:
    """The variables of this process without those that steer telemetry or a server, and some more."""
    steering = ("OTEL_", "DD_", "PHOENIX_", "MLFLOW_", "OPENROUTER_", "OPENAI_")
    return {name: value for name, value in os.environ.items() if not name.startswith(steering)} | more


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody has, all different."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextlib.contextmanager
def served(command: Sequence[Any], ready: str, environ: Mapping[str, str], folder: Path) -> Generator[None]:
    """Run a server while the block runs, from when *ready* answers; its pid leads a group that is ended with it."""
    log = folder / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [str(each) for each in command],
            cwd=folder,
            env=environ,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def waiting() -> str:
        if process.poll() is not None:
            raise RuntimeError(f"{command[0]} ended with {process.returncode}:\n{log.read_text()[-3000:]}")
        try:
            get(ready)
        except (OSError, ValueError) as error:
            return f"{ready}: {error}"
        return ""

    try:
        if found := soon(waiting):
            raise TimeoutError(f"{found}\n{log.read_text()[-3000:]}")
        yield
    finally:
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    for how in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(20)


@contextlib.contextmanager
def working_folder() -> Generator[Path]:
    """Where a server keeps what it is sent; a server may still be writing there when it is told to go."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def soon(wrong: Callable[[], str]) -> str:
    """What is wrong still when the time is up: servers store what they are sent a little later."""
    deadline = time.monotonic() + SECONDS
    while (found := wrong()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def get(url: str) -> str:
    """The body at *url*."""
    with urllib.request.urlopen(url, timeout=SECONDS) as answer:
        return answer.read().decode()


def post(url: str, body: object) -> Any:
    """The answer to some JSON, which is JSON too; what the server says is wrong is raised."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise ValueError(f"{url}: {error.code} {error.read().decode()}") from error
