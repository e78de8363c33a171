"""Runs a callback before a provider's `force_flush()` or `shutdown()`.

OpenTelemetry has no hook for that: a span processor of ours would be flushed after the one that exports. So the two
methods are overridden on the provider instances, from `install` until `remove`.
"""

import functools
from collections.abc import Callable, Iterable
from typing import Any, Final

from .._guard import guarded

_METHODS: Final = ("force_flush", "shutdown")


class FlushHooks:
    """The hooks of some providers."""

    def __init__(self, providers: Callable[[], Iterable[Any]], before_flush: Callable[[], None]) -> None:
        self._providers, self._before_flush = providers, guarded(before_flush)
        self._overrides: list[tuple[Any, str, Any]] = []

    @guarded
    def install(self) -> None:
        """Override the methods, once a provider has them: providers may be set after `instrument()`."""
        if self._overrides:
            return
        for provider in self._providers():
            for method in _METHODS:
                flush = getattr(provider, method, None)
                if flush is not None:
                    override = self._override(flush)
                    setattr(provider, method, override)
                    self._overrides.append((provider, method, override))

    def _override(self, flush: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(flush)
        def flush_with_hook(*args: Any, **kwargs: Any) -> Any:
            self._before_flush()
            return flush(*args, **kwargs)

        return flush_with_hook

    @guarded
    def remove(self) -> None:
        """Restore the methods, except where another library has overridden ours."""
        for provider, method, override in self._overrides:
            if getattr(provider, method, None) is override:
                delattr(provider, method)
        self._overrides.clear()
