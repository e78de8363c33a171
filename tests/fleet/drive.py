"""Runs the workers, and makes the faults happen while they call: by how far the calls are, not by the clock."""

import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeVar

from tests.backends.servers import TIMEOUT, plain_environ
from tests.environments import ROOT
from tests.simulator import Simulator

from . import ledger
from .ledger import Ledger, LedgerTail
from .servers import Servers
from .worker import Instructions

Driven = TypeVar("Driven")
STYLES: Final = ("sync", "sync", "async", "async", "sync stream", "sync stream", "async stream", "async stream")
"""The style of each worker."""
TERMINATED: Final = 0
"""The worker that SIGTERM ends."""
SMALL_QUEUE: Final = 1
"""The worker with a queue that fills."""
KILLED: Final = 7
"""The worker that SIGKILL ends."""
QUEUE: Final = 2048
BATCH: Final = 512
"""The SDK's defaults of `OTEL_BSP_MAX_QUEUE_SIZE` and `OTEL_BSP_MAX_EXPORT_BATCH_SIZE`."""
SMALL: Final = {"OTEL_BSP_MAX_QUEUE_SIZE": "128", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "64"}
OUTAGE_SECONDS: Final = 10
RESTART_SECONDS: Final = 3
LONGEST: Final = 1800.0
"""Seconds after which a run is given up."""


@dataclass(frozen=True)
class Faults:
    """When each fault began and ended, in seconds since the epoch."""

    sampler_killed: float
    outage: tuple[float, float]
    """From the end of the endpoint until each process has exported again: a gRPC channel waits between its attempts,
    up to as long as the endpoint was gone: https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md.
    """


@dataclass(frozen=True)
class Run:
    """What the workers of a run recorded."""

    mode: str
    ledgers: Sequence[Ledger]
    bills: Sequence[Decimal]
    """What the simulator charged to the API key of each worker."""
    exits: Sequence[int]
    errors: str
    """What the workers wrote to stderr."""


class Workers:
    """The running workers."""

    def __init__(self, folder: Path, processes: Sequence["subprocess.Popen[str]"]) -> None:
        self.processes = processes
        self._ledgers = [LedgerTail(_path(folder, number)) for number in range(len(processes))]
        self._give_up = time.monotonic() + LONGEST

    def calls(self, number: int | None = None) -> int:
        """Return how many calls one worker, or all of them, have made."""
        return sum(each.calls for each in (self._ledgers if number is None else [self._ledgers[number]]))

    def delivered_since(self, begin: float) -> bool:
        """Whether each worker has begun and delivered an export since a time."""
        return all(each.last_delivery > begin for each in self._ledgers)

    def wait(self, done: Callable[[], bool]) -> None:
        """Wait until *done* returns true.

        Raises:
            TimeoutError: it takes too long.
        """
        while not done():
            if time.monotonic() > self._give_up:
                raise TimeoutError(f"the fleet has made {self.calls()} calls only")
            time.sleep(0.2)

    def stop(self) -> None:
        """Ask each worker to end when it has made its least number of calls."""
        for process in self.processes:
            with contextlib.suppress(BrokenPipeError):
                assert process.stdin is not None
                process.stdin.write("stop\n")
                process.stdin.flush()


def run(mode: str, least: int, endpoints: Mapping[str, str], drive: Callable[[Workers], Driven]) -> tuple[Run, Driven]:
    """Run the workers until *drive* returns and each has made *least* calls; return what *drive* returns, too."""
    with tempfile.TemporaryDirectory() as name, Simulator() as simulator:
        folder = Path(name)
        with _started(folder, mode, least, endpoints, simulator) as workers:
            driven = drive(workers)
            workers.stop()
            workers.wait(lambda: all(process.poll() is not None for process in workers.processes))
        run = Run(
            mode,
            [ledger.read(_path(folder, number)) for number in range(len(STYLES))],
            [_bill(simulator, number) for number in range(len(STYLES))],
            [process.returncode for process in workers.processes],
            "".join((folder / f"{number}.err").read_text() for number in range(len(STYLES))),
        )
        return run, driven


def break_things(servers: Servers, workers: Workers, total: int) -> Faults:
    """Cause each fault while the workers make at least *total* calls; return when each happened."""

    def more(share: float) -> None:
        end = workers.calls() + total * share
        workers.wait(lambda: workers.calls() > end)

    more(0.2)
    sampler_killed = time.time()
    servers.samplers[0].end(signal.SIGKILL)
    time.sleep(RESTART_SECONDS)
    servers.samplers[0].start()

    more(0.1)
    begin, before = time.time(), workers.calls(SMALL_QUEUE)
    servers.balancer.end(signal.SIGTERM)
    time.sleep(OUTAGE_SECONDS)
    # Each call has two spans: the small queue is full on a slow machine, too.
    workers.wait(lambda: workers.calls(SMALL_QUEUE) > before + int(SMALL["OTEL_BSP_MAX_QUEUE_SIZE"]) * 2)
    servers.balancer.start()
    end = time.time()
    workers.wait(lambda: workers.delivered_since(end))
    outage = (begin, time.time())

    more(0.1)
    workers.processes[KILLED].kill()
    more(0.1)
    workers.processes[TERMINATED].terminate()
    more(0.1)
    workers.wait(lambda: workers.calls() > total)
    return Faults(sampler_killed, outage)


@contextlib.contextmanager
def _started(
    folder: Path, mode: str, least: int, endpoints: Mapping[str, str], simulator: Simulator
) -> Generator[Workers]:
    processes: list[subprocess.Popen[str]] = []
    try:
        for number, style in enumerate(STYLES):
            instructions = Instructions(
                style=style,
                mode=mode,
                simulator=simulator.url,
                base_urls={
                    "usual": simulator.base_url(f"agent-{number}"),
                    "refused": simulator.base_url(f"agent-{number}"),
                    "dear": simulator.base_url("whole_dollars"),
                },
                key=_key(number),
                least=least,
                ledger=str(_path(folder, number)),
            )
            processes.append(_start(folder, number, instructions, endpoints))
        yield Workers(folder, processes)
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def _start(
    folder: Path, number: int, instructions: Instructions, endpoints: Mapping[str, str]
) -> "subprocess.Popen[str]":
    protocol = ("grpc", "http/protobuf")[number % 2] if endpoints else ""
    environ = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoints.get(protocol, ""),
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_SERVICE_NAME": "fleet",
        "OTEL_RESOURCE_ATTRIBUTES": f"service.instance.id={number}",
        "OTEL_BSP_SCHEDULE_DELAY": "500",
        "OTEL_METRIC_EXPORT_INTERVAL": "2000",
        **(SMALL if number == SMALL_QUEUE else {}),
    }
    with (folder / f"{number}.err").open("w") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.fleet.worker"],
            cwd=ROOT,
            env=plain_environ(**environ),
            stdin=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    assert process.stdin is not None
    process.stdin.write(json.dumps(asdict(instructions)) + "\n")
    process.stdin.flush()
    return process


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number}.ledger"


def _key(number: int) -> str:
    return f"sk-or-v1-fleet-{number}"


def _bill(simulator: Simulator, number: int) -> Decimal:
    """Return what the account of a worker's key was charged, as `GET /key` reports it."""
    request = urllib.request.Request(f"{simulator.base_url()}/key", headers={"Authorization": f"Bearer {_key(number)}"})
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
        return Decimal(json.load(response, parse_float=Decimal)["data"]["usage"])
