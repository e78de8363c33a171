"""What a call leaves behind: pooled connections, threads, objects of the SDK, warnings, log records."""

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

from .describe import is_ours, kind, normalized

_HTTP: Final = ("httpx", "httpx2", "requests", "urllib3", "aiohttp")
_LIBRARIES: Final = ("openai", "anthropic", *_HTTP, "httpcore", "httpcore2", "httpx_aiohttp")
_LOGGERS: Final = ("openai", "anthropic", *_HTTP, "asyncio", "concurrent", "py.warnings")


@dataclass
class Diagnostics:
    """The warnings, log records and unraisable exceptions of a call."""

    warnings: list[Any] = field(default_factory=list[Any])
    logs: list[Any] = field(default_factory=list[Any])
    own_logs: list[str] = field(default_factory=list[str])
    """The log records of the instrumentation."""
    unraisable: list[Any] = field(default_factory=list[Any])


class _LogHandler(logging.Handler):
    def __init__(self, diagnostics: Diagnostics) -> None:
        super().__init__(logging.DEBUG)
        self._diagnostics = diagnostics

    def emit(self, record: logging.LogRecord) -> None:
        library = record.name.partition(".")[0]
        if record.threadName != "MainThread" and not str(record.threadName).startswith("caller"):
            return  # a thread of the simulator
        if record.name.startswith("opentelemetry.instrumentation"):
            self._diagnostics.own_logs.append(f"{record.levelname} {record.getMessage()}")
        elif library in _LOGGERS:
            raised = kind(record.exc_info[1]) if record.exc_info else ""
            self._diagnostics.logs.append((record.name, record.levelname, normalized(record.getMessage()), raised))


@contextmanager
def capture_diagnostics() -> Generator[Diagnostics]:
    """Capture warnings, log records and unraisable exceptions, also those of a final garbage collection."""
    diagnostics = Diagnostics()
    handler, root, hook = _LogHandler(diagnostics), logging.getLogger(), sys.unraisablehook
    level = root.level

    def unraisable(raised: Any) -> None:
        diagnostics.unraisable.append(
            (kind(raised.exc_value), normalized(raised.exc_value), normalized(raised.err_msg))
        )

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        sys.unraisablehook = unraisable
        try:
            yield diagnostics
        finally:
            sys.unraisablehook = hook
            root.setLevel(level)
            root.removeHandler(handler)
        for warning in caught:
            place = "own_logs" if is_ours(warning.filename) else f"{Path(warning.filename).name}:{warning.lineno}"
            diagnostics.warnings.append((warning.category.__name__, normalized(warning.message), place))


def count_objects() -> Counter[str]:
    """Count the live objects of the SDK and its HTTP library, by type."""
    found = Counter(map(type, gc.get_objects()))
    named: Counter[str] = Counter()
    for type_, number in found.items():
        if type_.__module__.partition(".")[0] in _LIBRARIES:
            named[f"{type_.__module__}.{type_.__qualname__}"] += number
    return named


def httpx_connections(client: Any) -> list[str]:
    """Return the connections of the pool of an httpx client, and their states."""
    transport: Any = getattr(client, "_transport", None)
    pool: Any = getattr(transport, "_pool", None)
    return [connection.info() for connection in getattr(pool, "connections", [])]


def threads() -> list[str]:
    """Return the names of the running threads."""
    return sorted(normalized(thread.name) for thread in threading.enumerate())


_METHODS: Final[tuple[tuple[str, tuple[str, ...], str], ...]] = (
    ("openai", ("OpenAI", "AsyncOpenAI"), "request"),
    ("anthropic", ("Anthropic", "AsyncAnthropic"), "request"),
    ("anthropic", ("Anthropic", "AsyncAnthropic"), "_request"),
    ("httpx", ("Client", "AsyncClient"), "send"),
    ("httpx2", ("Client", "AsyncClient"), "send"),
    ("requests.sessions", ("Session",), "send"),
    ("aiohttp.client", ("ClientSession",), "_request"),
)


def wrapped_methods() -> list[str]:
    """Return the methods of imported libraries that are still wrapped."""
    return [
        f"{module}.{name}.{method}"
        for module, classes, method in _METHODS
        for name in classes
        if hasattr(getattr(getattr(sys.modules.get(module), name, None), method, None), "__wrapped__")
    ]
