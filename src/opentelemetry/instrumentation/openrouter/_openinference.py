"""The entry point of the group `openinference_instrumentor`, which `register(auto_instrument=True)` loads.

It is a class of its own so that its loader is recognized. The loaders call it, then `instrument(tracer_provider=...)`:
`phoenix/otel/otel.py` of arize-phoenix-otel 0.17.2, and `arize/otel/otel.py` of arize-otel 0.14.1.
"""

from collections.abc import Collection
from typing import Any

from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

from . import OpenRouterInstrumentor
from ._guard import guarded


class RegisteredInstrumentor(BaseInstrumentor):
    """`OpenRouterInstrumentor`, as `register()` loads it."""

    @property
    def is_instrumented_by_opentelemetry(self) -> bool:
        """Return whether the one instrumentation is enabled."""
        return OpenRouterInstrumentor().is_instrumented_by_opentelemetry

    def instrumentation_dependencies(self) -> Collection[str]:
        """Return the same requirements."""
        return OpenRouterInstrumentor().instrumentation_dependencies()

    @guarded
    def instrument(self, **kwargs: Any) -> None:
        """Instrument with the options of `register()`, or add them to an instrumentation that exists."""
        OpenRouterInstrumentor().instrument_registered(**kwargs)

    def uninstrument(self, **kwargs: Any) -> None:
        """Remove the one instrumentation."""
        self._uninstrument(**kwargs)

    def _uninstrument(self, **kwargs: Any) -> None:
        OpenRouterInstrumentor().uninstrument(**kwargs)
