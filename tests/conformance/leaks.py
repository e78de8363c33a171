"""What a call leaves behind: connections in the pool, threads, objects of the SDK's, warnings, logs."""

import gc
import logging
import sys
import threading
import warnings
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from .describe import is_ours, kind, steady

_LIBRARIES: Final = ("openai", "httpx", "httpx2", "httpcore", "httpcore2", "aiohttp", "httpx_aiohttp")
_LOGGERS: Final = ("openai", "httpx", "httpx2", "asyncio", "aiohttp", "concurrent", "py.warnings")


@dataclass
class Said:
    """What was said while a call ran."""

    warnings: list[Any] = field(default_factory=list[Any])
    logs: list[Any] = field(default_factory=list[Any])
    ours: list[str] = field(default_factory=list[str])
    """What we logged ourselves."""
    unraisable: list[Any] = field(default_factory=list[Any])


class _Listener(logging.Handler):
    def __init__(self, said: Said) -> None:
        super().__init__(logging.DEBUG)
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        library = record.name.partition(".")[0]
        if record.threadName != "MainThread" and not str(record.threadName).startswith("caller"):
            return  # the simulator's
        if record.name.startswith("opentelemetry.instrumentation"):
            self._said.ours.append(f"{record.levelname} {record.getMessage()}")
        elif library in _LOGGERS:
            raised = kind(record.exc_info[1]) if record.exc_info else ""
            self._said.logs.append((record.name, record.levelname, steady(record.getMessage()), raised))


@contextmanager
def listening() -> Generator[Said]:
    """Hear warnings, log records and what could not be raised, those of a last collection too."""
    said = Said()
    listener, root, hook = _Listener(said), logging.getLogger(), sys.unraisablehook
    level = root.level

    def unraisable(raised: Any) -> None:
        said.unraisable.append((kind(raised.exc_value), steady(raised.exc_value), steady(raised.err_msg)))

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        root.addHandler(listener)
        root.setLevel(logging.DEBUG)
        sys.unraisablehook = unraisable
        try:
            yield said
        finally:
            sys.unraisablehook = hook
            root.setLevel(level)
            root.removeHandler(listener)
        for warning in caught:
            place = "ours" if is_ours(warning.filename) else f"{Path(warning.filename).name}:{warning.lineno}"
            said.warnings.append((warning.category.__name__, steady(warning.message), place))


def census() -> Counter[str]:
    """The objects of the SDK and its HTTP library that are alive, by type."""
    found = Counter(map(type, gc.get_objects()))
    named: Counter[str] = Counter()
    for type_, number in found.items():
        if type_.__module__.partition(".")[0] in _LIBRARIES:
            named[f"{type_.__module__}.{type_.__qualname__}"] += number
    return named


def connections(client: Any) -> list[str]:
    """The connections of a client's pool, and what each does."""
    transport: Any = getattr(getattr(client, "_client", None), "_transport", None)
    pool: Any = getattr(transport, "_pool", None)
    return [connection.info() for connection in getattr(pool, "connections", [])]


def threads() -> list[str]:
    """The threads that run."""
    return sorted(steady(thread.name) for thread in threading.enumerate())
