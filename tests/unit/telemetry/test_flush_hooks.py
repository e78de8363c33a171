"""The hooks run before a provider's own methods, and are removed again."""

from opentelemetry.instrumentation.openrouter._telemetry.flush_hooks import FlushHooks
from opentelemetry.trace import NoOpTracerProvider


class Provider:
    """A provider that records its calls."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def force_flush(self, timeout_millis: int) -> bool:
        self.calls.append(f"flush {timeout_millis}")
        return True


def test_provider_of_another_kind() -> None:
    """Providers without `force_flush`, or with read-only attributes, are left unchanged."""
    flushes = FlushHooks(lambda: [object(), NoOpTracerProvider()], lambda: None)
    flushes.install()
    flushes.remove()


def test_provider_that_is_set_later() -> None:
    """A provider is hooked once it has the methods; until then there is nothing to flush."""
    providers: list[object] = [NoOpTracerProvider()]
    provider = Provider()
    flushes = FlushHooks(lambda: providers, lambda: provider.calls.append("hook"))
    flushes.install()
    providers[0] = provider
    flushes.install()
    flushes.install()
    assert provider.force_flush(5)
    flushes.remove()
    assert provider.force_flush(6)
    assert provider.calls == ["hook", "flush 5", "flush 6"]
