"""What is to be done before the host's telemetry is flushed or shut down: its providers are asked to say so.

There is no promised place for that: a processor of ours would be flushed after the one that exports. So the providers'
own `force_flush` and `shutdown` are stood in for, on the object, from the first need until `release`.
"""

import functools
from collections.abc import Callable, Iterable
from typing import Any, Final

from .._guard import guarded

_METHODS: Final = ("force_flush", "shutdown")


class Flushes:
    """Does something before each flush of some providers."""

    def __init__(self, providers: Callable[[], Iterable[Any]], first: Callable[[], None]) -> None:
        self._providers, self._first = providers, guarded(first)
        self._watched: list[tuple[Any, str, Any]] = []
        self._is_watching = False

    @guarded
    def watch(self) -> None:
        """Begin, at the first call: providers may be set after `instrument()`."""
        if self._is_watching:
            return
        self._is_watching = True
        for provider in self._providers():
            for method in _METHODS:
                flush = getattr(provider, method, None)
                if flush is not None:
                    standing_in = self._before(flush)
                    setattr(provider, method, standing_in)
                    self._watched.append((provider, method, standing_in))

    def _before(self, flush: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(flush)
        def flushing(*args: Any, **kwargs: Any) -> Any:
            self._first()
            return flush(*args, **kwargs)

        return flushing

    @guarded
    def release(self) -> None:
        """The providers are as they were, where nobody has put something above ours."""
        for provider, method, standing_in in self._watched:
            if getattr(provider, method, None) is standing_in:
                delattr(provider, method)
        self._watched.clear()
        self._is_watching = False
