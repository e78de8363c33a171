"""An instrumentor that a program and `register(auto_instrument=True)` may both load, in either order.

There is one instrumentation with the options of both; the options of `instrument()` win.
"""

from abc import ABC
from collections.abc import Mapping
from typing import Any, Final

from opentelemetry.instrumentation.instrumentor import BaseInstrumentor

REGISTER_DIALECTS: Final = ("phoenix", "arize")
"""`phoenix.otel.register()` and `arize.otel.register()` load the same entry points; neither passes its name."""


class SharedInstrumentor(BaseInstrumentor, ABC):
    """Merges the options of `instrument()` with those of `register()`."""

    _options: Mapping[str, Any] | None = None
    """The options of `instrument()`; None until it is called."""
    _registered: Mapping[str, Any] | None = None
    """The options that `register()` has passed; None until it is called."""
    was_uninstrumented: bool = False
    """Whether `uninstrument()` was called and nothing has instrumented since."""

    @property
    def default_dialects(self) -> tuple[str, ...]:
        """Return the dialects that apply if neither an option nor a variable selects any."""
        return () if self._registered is None else REGISTER_DIALECTS

    def instrument(self, **kwargs: Any) -> None:
        """Instrument, or add the options to those of `register()`; log a warning if it was called before."""
        if self.is_instrumented_by_opentelemetry and self._options is not None:
            super().instrument()
        else:
            self._restart(kwargs, self._registered)

    def instrument_registered(self, **options: Any) -> None:
        """Instrument for `register()`, or add its options; a later `register()` replaces an earlier one."""
        self._restart(self._options, options)

    def uninstrument(self, **kwargs: Any) -> None:
        """Uninstrument, and forget all options."""
        super().uninstrument(**kwargs)
        self._options = self._registered = None
        self.was_uninstrumented = True

    def _restart(self, options: Mapping[str, Any] | None, registered: Mapping[str, Any] | None) -> None:
        if self.is_instrumented_by_opentelemetry:
            super().uninstrument()
        self._options, self._registered, self.was_uninstrumented = options, registered, False
        super().instrument(**{**(registered or {}), **(options or {})})
