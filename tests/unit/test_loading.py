"""`instrument()` and `register()` in either order: one instrumentation, the options of both, those of `instrument()` first."""

from collections.abc import Collection
from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._loading import REGISTER_DIALECTS, SharedInstrumentor

ALREADY = "Attempting to instrument while already instrumented"


class Recording(SharedInstrumentor):
    """Records with which options and default dialects it was started, and whether it runs."""

    def __init__(self) -> None:
        self.running: list[tuple[dict[str, Any], tuple[str, ...]]] = []

    def __new__(cls) -> "Recording":  # noqa: PYI034 - not a singleton here
        return object.__new__(cls)

    def instrumentation_dependencies(self) -> Collection[str]:
        return []

    def _instrument(self, **kwargs: Any) -> None:
        self.running.append((kwargs, self.default_dialects))

    def _uninstrument(self, **kwargs: Any) -> None:
        self.running.pop()


@pytest.mark.parametrize("skip", [{}, {"skip_dep_check": True}])
def test_either_order(caplog: pytest.LogCaptureFixture, skip: dict[str, Any]) -> None:
    """Loaded in either order it runs once, with the provider and the dialects of `register()`, and nothing is logged."""
    for calls in (("instrument", "register"), ("register", "instrument")):
        instrumentor = Recording()
        for call in calls:
            if call == "register":
                instrumentor.instrument_registered(tracer_provider="registered")
            else:
                instrumentor.instrument(**skip)
        assert instrumentor.running == [({"tracer_provider": "registered"}, REGISTER_DIALECTS)]
        assert instrumentor.is_instrumented_by_opentelemetry
    assert not caplog.records


def test_options_of_instrument_win(caplog: pytest.LogCaptureFixture) -> None:
    """Explicit options apply, before and after `register()`."""
    explicit = {"tracer_provider": "own", "capture_content": "span_only"}
    first, last = Recording(), Recording()
    first.instrument(**explicit)
    first.instrument_registered(tracer_provider="registered")
    last.instrument_registered(tracer_provider="registered")
    last.instrument(**explicit)
    assert first.running == last.running == [(explicit, REGISTER_DIALECTS)]
    assert not caplog.records


def test_without_register() -> None:
    """Without `register()` there are no default dialects."""
    instrumentor = Recording()
    instrumentor.instrument(dialects=["phoenix"])
    assert instrumentor.running == [({"dialects": ["phoenix"]}, ())]


def test_repeated_instrument(caplog: pytest.LogCaptureFixture) -> None:
    """A second `instrument()` is a warning and changes nothing, as in the base class; also after `register()`."""
    for registered in (False, True):
        caplog.clear()
        instrumentor = Recording()
        if registered:
            instrumentor.instrument_registered(tracer_provider="registered")
        instrumentor.instrument(budget=True)
        before = list(instrumentor.running)
        instrumentor.instrument(budget=False)
        assert instrumentor.running == before
        assert caplog.messages == [ALREADY]


def test_repeated_register(caplog: pytest.LogCaptureFixture) -> None:
    """A second `register()`, as in a notebook, replaces the provider of the first."""
    instrumentor = Recording()
    for provider in ("first", "second"):
        instrumentor.instrument_registered(tracer_provider=provider)
    assert instrumentor.running == [({"tracer_provider": "second"}, REGISTER_DIALECTS)]
    assert not caplog.records


def test_uninstrument_forgets() -> None:
    """After `uninstrument()` the next `instrument()` has neither the options nor the dialects of before."""
    instrumentor = Recording()
    instrumentor.instrument_registered(tracer_provider="registered")
    instrumentor.instrument(budget=True)
    instrumentor.uninstrument()
    assert instrumentor.running == []
    assert not instrumentor.is_instrumented_by_opentelemetry
    instrumentor.instrument()
    assert instrumentor.running == [({}, ())]
