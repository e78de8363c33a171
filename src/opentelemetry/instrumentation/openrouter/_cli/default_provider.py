"""A tracer provider that is used until the program sets one, as if it were not there.

`set_tracer_provider()` accepts one provider only. A program that has one of its own, and an exporter behind it, must be
able to set it.
"""

from typing import Any

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Span, Tracer


class DefaultProvider(TracerProvider):
    """Its tracers start the spans of the provider that the program has set."""

    def __init__(self) -> None:
        super().__init__(sampler=ALWAYS_ON)

    def install(self) -> None:
        """Become the global provider, unless there is one."""
        # The name is private, because the API has no way to set a provider that can be replaced.
        if trace._TRACER_PROVIDER is None:  # pyright: ignore[reportPrivateUsage] - see above
            trace._TRACER_PROVIDER = self  # pyright: ignore[reportPrivateUsage] - see above

    def get_tracer(self, *args: Any, **kwargs: Any) -> Tracer:
        """Return a tracer that looks for the program's provider at each span."""
        return _Tracer(self, super().get_tracer(*args, **kwargs), args, kwargs)


class _Tracer(Tracer):
    def __init__(self, default: DefaultProvider, tracer: Tracer, args: Any, kwargs: Any) -> None:
        self._default, self._tracer, self._arguments = default, tracer, (args, kwargs)

    def _current(self) -> Tracer:
        provider = trace.get_tracer_provider()
        if provider is self._default:
            return self._tracer
        args, kwargs = self._arguments
        return provider.get_tracer(*args, **kwargs)

    def start_span(self, *args: Any, **kwargs: Any) -> Span:
        return self._current().start_span(*args, **kwargs)

    def start_as_current_span(self, *args: Any, **kwargs: Any) -> Any:
        return self._current().start_as_current_span(*args, **kwargs)
