"""Installs a real server, starts it on loopback, waits until it is ready, queries it, and stops it by its pid.

The result of a comparison is a `Check`.
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
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from tests import environments

from .pins import PINS

HOME: Final = ".venv-backends"
TIMEOUT: Final = 120.0


@dataclass(frozen=True)
class Check:
    """The result of one comparison."""

    topic: str
    """The name in the table of docs/backends.md."""
    claim: str
    failure: str = ""
    """The difference; empty if the claim is true."""
    limit: str = ""
    """The note in docs/backends.md, if the claim is that the backend does not support something."""


def environment(name: str, *, ours: bool = False) -> Path:
    """Return the folder of an environment's programs; with this project installed if *ours*.

    Raises:
        InstallationError: it cannot be installed here.
    """
    return environments.environment(f"{HOME}/{name}", PINS[name], include_project=ours).parent


def plain_environ(**more: str) -> dict[str, str]:
    """Return the variables of this process without those that configure telemetry or a server, and with *more*."""
    prefixes = ("OTEL_", "DD_", "PHOENIX_", "ARIZE_", "MLFLOW_", "OPENROUTER_", "OPENAI_")
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)} | more


def free_ports(count: int) -> list[int]:
    """Return different free ports on loopback."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


class ServerProcess:
    """A server, in a process group of its own, that can be started again after its end."""

    def __init__(self, command: Sequence[Any], ready: str, environ: Mapping[str, str], folder: Path) -> None:
        """Do not start it yet.

        Args:
            command: the program and its arguments.
            ready: the URL that responds when it has started, if only that it does not allow GET.
            environ: the environment variables.
            folder: where it runs, and writes its log.
        """
        self._command = [str(each) for each in command]
        self._ready = ready
        self._environ = environ
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        log = self._folder / "server.log"
        with log.open("a") as output:
            self._process = process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._environ,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

        def problem() -> str:
            if process.poll() is not None:
                raise RuntimeError(f"{self._command[0]} exited with {process.returncode}:\n{log.read_text()[-3000:]}")
            try:
                get(self._ready)
            except (OSError, ValueError) as error:
                if getattr(error, "code", None) != HTTPStatus.METHOD_NOT_ALLOWED:
                    return f"{self._ready}: {error}"
            return ""

        if found := eventually(problem):
            raise TimeoutError(f"{found}\n{log.read_text()[-3000:]}")

    def end(self, *signals: signal.Signals) -> None:
        """Send each signal to its process group until it has ended; by default SIGTERM, then SIGKILL."""
        if self._process is None:
            return
        for signal_number in signals or (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal_number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(20)


@contextlib.contextmanager
def running_server(
    command: Sequence[Any], ready: str, environ: Mapping[str, str], folder: Path
) -> Generator[ServerProcess]:
    """Run a server during the block, which starts when *ready* responds."""
    server = ServerProcess(command, ready, environ, folder)
    try:
        server.start()
        yield server
    finally:
        server.end()


@contextlib.contextmanager
def working_folder() -> Generator[Path]:
    """Yield a temporary folder for a server's data; a server may still write to it while it stops."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def eventually(problem: Callable[[], str]) -> str:
    """Wait until *problem* returns an empty string, then return its last result: servers store data with a delay."""
    deadline = time.monotonic() + TIMEOUT
    while (found := problem()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def get(url: str) -> str:
    """Return the body at *url*."""
    with urllib.request.urlopen(url, timeout=TIMEOUT) as response:
        return response.read().decode()


def post(url: str, body: object) -> Any:
    """Post JSON and return the JSON response; raise ValueError with the server's error message."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise ValueError(f"{url}: {error.code} {error.read().decode()}") from error
