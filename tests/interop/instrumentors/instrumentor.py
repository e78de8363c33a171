"""One other instrumentor that is tested together with ours: how to enable it, and its limits."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, Literal

from tests.telemetry import Telemetry

Disable = Callable[[], None]
Enable = Callable[[Telemetry], Disable]


@dataclass(frozen=True)
class Limit:
    """Calling styles that differ from one span with the cost and metrics that count once, and the reason."""

    calling_styles: str
    """A regular expression for the endpoint, a blank and the calling style, as `calls` names them."""
    spans: int
    why: str
    has_cost: bool = True
    tokens: int = 1
    """How often the metrics count the tokens."""
    durations: int = 1

    def applies(self, endpoint: str, style: str) -> bool:
        """Return whether it applies to this calling style of this endpoint."""
        return re.fullmatch(self.calling_styles, f"{endpoint} {style}") is not None


@dataclass(frozen=True)
class Instrumentor:
    """One other instrumentor."""

    title: str
    client: str
    """The module of `calls` with the calling styles."""
    requires: tuple[str, ...]
    enable: Enable
    """Enables it with the providers of the run, and returns a function that disables it."""
    limits: tuple[Limit, ...] = ()
    http_span: Literal["", "child", "parent"] = ""
    """What its HTTP span is to the inference span, if it makes one."""
    only: str = ""
    """A regular expression for the calling styles that it concerns, if not all."""

    def limit(self, endpoint: str, style: str) -> Limit:
        """Return the limit of a calling style; most have none."""
        return next((limit for limit in self.limits if limit.applies(endpoint, style)), NO_LIMIT)


NO_LIMIT: Final = Limit("", 1, "")
EARLY: Final = "it ends its span before the body is read, so this instrumentation creates its own span, with the cost"

LOGFIRE_STREAM: Final = (
    "it ends its span before the stream is read and writes a log record after it; the span with the cost is a "
    "separate one"
)


def instrumentor(module: str, name: str) -> Enable:
    """Return what enables an instrumentor with OpenTelemetry's interface."""

    def enable(telemetry: Telemetry) -> Disable:
        instance = getattr(import_module(module), name)()
        instance.instrument(
            tracer_provider=telemetry.tracer_provider,
            meter_provider=telemetry.meter_provider,
            logger_provider=telemetry.logger_provider,
        )
        return instance.uninstrument

    return enable


def logfire(*methods: str, disable: Callable[[], Disable] | None = None) -> Enable:
    """Return what enables methods of Logfire.

    Args:
        methods: the names, such as `instrument_openai`.
        disable: returns what disables them, if that is not what they return.
    """

    def enable(telemetry: Telemetry) -> Disable:
        module: Any = import_module("logfire")  # installed only in its own environments
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: PLC0415 - used only here

        instance: Any = module.configure(
            local=True,
            send_to_logfire=False,
            console=False,
            inspect_arguments=False,
            additional_span_processors=[SimpleSpanProcessor(telemetry.exporter)],
        )
        instrumented: list[Any] = [getattr(instance, method)() for method in methods]

        def leave() -> None:
            for each in instrumented:
                with each:
                    pass

        return disable() if disable is not None else leave

    return enable


def uninstrument(*instrumentors: tuple[str, str]) -> Callable[[], Disable]:
    """Return what disables instrumentors, given as module and name, that another library has enabled."""

    def disable() -> None:
        for module, name in instrumentors:
            getattr(import_module(module), name)().uninstrument()

    return lambda: disable
