"""The ledger of a worker: one line for each call and for each export, written at once, so that it survives SIGKILL."""

import json
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

WARM_UP: Final = 40


@dataclass(frozen=True)
class Call:
    """A call as the caller saw it; times are seconds since the epoch."""

    kind: str
    """`usual`, `dear` or `refused`."""
    begin: float
    end: float
    trace: str
    """The trace id; empty without an SDK."""
    outcome: str
    """`ok`, or the class of the exception."""
    cost: str
    """The cost in the response; empty if the call failed."""

    @property
    def seconds(self) -> float:
        """Return its duration."""
        return self.end - self.begin


@dataclass(frozen=True)
class SpanExport:
    """One batch of spans."""

    begin: float
    end: float
    delivered: bool
    traces: Sequence[str]
    """The trace id of each span."""


@dataclass(frozen=True)
class MetricExport:
    """One export of all metrics."""

    begin: float
    end: float
    delivered: bool
    cost: float
    """The sum of the cost histogram."""


@dataclass(frozen=True)
class Usage:
    """What the process used after its first `WARM_UP` calls, which import and connect, to the end of its last call."""

    cpu: float
    """Seconds of CPU time, of all threads."""


Line = Call | SpanExport | MetricExport | Usage
_KINDS: Final[dict[str, type[Line]]] = {kind.__name__: kind for kind in (Call, SpanExport, MetricExport, Usage)}


class LedgerWriter:
    """Appends lines to a file, from any thread."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._lock = threading.Lock()

    def write(self, line: Line) -> None:
        """Append a line; it is in the file when this returns."""
        text = json.dumps({"is": type(line).__name__, **asdict(line)}) + "\n"
        with self._lock:
            os.write(self._file, text.encode())


@dataclass(frozen=True)
class Ledger:
    """All lines of a worker."""

    calls: Sequence[Call]
    spans: Sequence[SpanExport]
    metrics: Sequence[MetricExport]
    usage: Usage | None
    """None if the process was killed."""

    @property
    def cost(self) -> Decimal:
        """Return the sum of the costs in the responses."""
        return sum((Decimal(call.cost) for call in self.calls if call.cost), Decimal(0))


def read(path: Path) -> Ledger:
    """Read a worker's file; a last line that SIGKILL cut off does not count."""
    lines = list(_lines(path))
    usage = [line for line in lines if isinstance(line, Usage)]
    return Ledger(
        calls=[line for line in lines if isinstance(line, Call)],
        spans=[line for line in lines if isinstance(line, SpanExport)],
        metrics=[line for line in lines if isinstance(line, MetricExport)],
        usage=usage[0] if usage else None,
    )


class LedgerTail:
    """Follows the file of a running worker; each byte is read once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0
        self._calls = 0
        self._last_delivery = 0.0

    @property
    def calls(self) -> int:
        """Return how many calls are recorded so far."""
        self._advance()
        return self._calls

    @property
    def last_delivery(self) -> float:
        """Return when the newest delivered export of spans began."""
        self._advance()
        return self._last_delivery

    def _advance(self) -> None:
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._position)
            complete, newline, _ = file.read().rpartition(b"\n")
        self._position += len(complete + newline)
        for text in complete.splitlines():
            if text.startswith(b'{"is": "SpanExport"'):
                export = json.loads(text)
                self._last_delivery = export["begin"] if export["delivered"] else self._last_delivery
            else:
                self._calls += text.startswith(b'{"is": "Call"')


def _lines(path: Path) -> Iterator[Line]:
    for text in path.read_text().splitlines(keepends=True):
        if text.endswith("\n"):
            fields: dict[str, Any] = json.loads(text)
            yield _KINDS[fields.pop("is")](**fields)
