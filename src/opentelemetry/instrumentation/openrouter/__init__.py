"""OpenTelemetry instrumentation for OpenRouter: the OpenAI SDK with OpenRouter's base URL, and OpenRouter's own SDK.

The manifest: which clients it needs, what it patches, and which options it accepts.

Usage::

    from openai import OpenAI
    from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor

    OpenRouterInstrumentor().instrument()
    client = OpenAI(base_url="https://openrouter.ai/api/v1", api_key="...")

Each call then makes one span with the model and the upstream provider that answered, the tokens, the cost that
OpenRouter billed, the times and the errors; `attributes` has all names. Clients of other hosts are not traced.
"""

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from typing import Any, Final

from opentelemetry._logs import get_logger, get_logger_provider
from opentelemetry.instrumentation.dependencies import get_dependency_conflicts
from opentelemetry.instrumentation.instrumentor import BaseInstrumentor
from opentelemetry.metrics import get_meter, get_meter_provider
from opentelemetry.semconv.schemas import Schemas
from opentelemetry.trace import get_tracer, get_tracer_provider

from ._api.budget import get_budget
from ._api.settlement import Settlement
from ._clients import INSTRUMENTATIONS
from ._clients.base import ClientInstrumentation
from ._config import Settings, read_settings
from ._guard import logger
from ._telemetry.recorder import Recorder
from .version import __version__

__all__ = ["OpenRouterInstrumentor", "__version__"]

_SCHEMA: Final = Schemas.V1_37_0.value
_REQUIREMENTS: Final = tuple(each.requirement for each in INSTRUMENTATIONS)


class OpenRouterInstrumentor(BaseInstrumentor):
    """Traces OpenRouter calls. A singleton, as every instrumentor."""

    _instrumentations: tuple[ClientInstrumentation, ...] = ()

    def instrumentation_dependencies(self) -> Collection[str]:
        """Return the requirements that are met here, or the first one; the extra `instruments-any` lists all."""
        installed = [each for each in _REQUIREMENTS if get_dependency_conflicts([each]) is None]
        return installed or _REQUIREMENTS[:1]

    def _instrument(self, **kwargs: Any) -> None:  # noqa: D417 - each keyword is described
        """Patch `openai.OpenAI.request` and `AsyncOpenAI.request`, and `openrouter.basesdk.BaseSDK.do_request`.

        Keyword Args:
            tracer_provider: a `TracerProvider`; the global one by default.
            meter_provider: a `MeterProvider`; the global one by default.
            logger_provider: a `LoggerProvider` for the event that carries content; the global one by default.
            base_urls: further base URLs that are OpenRouter, a list of strings.
            capture_content: `no_content` (the default), `span_only`, `event_only` or `span_and_event`. Its environment
                variable is `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`.
            content_max_length: the number of characters that are kept of each captured text; all by default.
            redact: a function that receives each captured text and returns the text to record.
            baggage_keys: baggage entries that become attributes, besides `user.id` and `session.id`.
            metric_attributes: attributes of a request that its metrics carry too. Each value makes another series.
            dialects: names of backends whose own attributes are added to each span, such as `phoenix`; docs/backends.md
                lists them.
            broadcast: `link` each span to the trace that OpenRouter Broadcast sends for it, or `join`: send the ids of
                the span along, so that OpenRouter's spans join the trace. `off` by default.
            settle: fetch the cost of interrupted streams from OpenRouter in the background; the span stays open
                meanwhile. True or False (the default).
            budget: fetch the remaining credit limit of each API key from OpenRouter, once a minute at most, and record
                it as gauges. True or False (the default).

        A list may be one comma-separated string. The environment variable of an option that is not given is
        `OTEL_INSTRUMENTATION_OPENROUTER_` and its name in capitals.
        """
        settings = read_settings(
            base_urls=kwargs.get("base_urls"),
            capture_content=kwargs.get("capture_content"),
            content_max_length=kwargs.get("content_max_length"),
            redact=kwargs.get("redact"),
            baggage_keys=kwargs.get("baggage_keys"),
            metric_attributes=kwargs.get("metric_attributes"),
            dialects=kwargs.get("dialects"),
            budget=kwargs.get("budget"),
            settle=kwargs.get("settle"),
            broadcast=kwargs.get("broadcast"),
        )
        _warn_of_unsupported_versions()
        self._instrumentations = tuple(_create(kwargs, settings, self.instrumentation_dependencies()))
        for instrumentation in self._instrumentations:
            instrumentation.install()

    def _uninstrument(self, **kwargs: Any) -> None:  # noqa: ARG002 - the signature of the base
        for instrumentation in self._instrumentations:
            instrumentation.uninstall()
        self._instrumentations = ()


def _create(
    given: Mapping[str, Any], settings: Settings, requirements: Collection[str]
) -> Iterator[ClientInstrumentation]:
    meter = get_meter(__name__, __version__, given.get("meter_provider"), _SCHEMA)
    recorder = Recorder(
        get_tracer(__name__, __version__, given.get("tracer_provider"), _SCHEMA),
        meter,
        get_logger(__name__, __version__, given.get("logger_provider"), _SCHEMA),
        dialect=settings.dialect,
        capture=settings.capture,
        links=settings.broadcast == "link",
        metric_attributes=settings.metric_attributes,
        baggage_keys=settings.baggage_keys,
    )
    budget = get_budget(meter) if settings.budget else None
    settlement = Settlement(partial(_providers, given)) if settings.settle else None
    for instrumentation in INSTRUMENTATIONS:
        if instrumentation.requirement in requirements:
            yield instrumentation(recorder, settings, budget, settlement)


def _providers(given: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """Return the providers that are used now: a global one may be set after `instrument()`."""
    return (
        given.get("tracer_provider") or get_tracer_provider(),
        given.get("meter_provider") or get_meter_provider(),
        given.get("logger_provider") or get_logger_provider(),
    )


def _warn_of_unsupported_versions() -> None:
    for requirement in _REQUIREMENTS:
        conflict = get_dependency_conflicts([requirement])
        if conflict is not None and conflict.found:
            logger.warning("%s is installed, but only %s is instrumented.", conflict.found, requirement)
