"""OpenTelemetry instrumentation for OpenRouter, by whatever client: an SDK, or the HTTP library that sends the request.

The manifest: which clients it needs, what it patches, and which options it accepts.

Usage::

    from openai import OpenAI
    from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor

    OpenRouterInstrumentor().instrument()
    client = OpenAI(base_url="https://openrouter.ai/api/v1", api_key="...")

Each call then makes one span with the model and the upstream provider that answered, the tokens, the cost that
OpenRouter billed, the times and the errors; `attributes` has all names. Requests to other hosts are not traced.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from opentelemetry._logs import LoggerProvider, get_logger, get_logger_provider
from opentelemetry.instrumentation.dependencies import get_dependency_conflicts
from opentelemetry.metrics import MeterProvider, get_meter, get_meter_provider
from opentelemetry.semconv.schemas import Schemas
from opentelemetry.trace import TracerProvider, get_tracer, get_tracer_provider

from ._api.budget import get_budget
from ._api.settlement import Settlement
from ._clients import INSTRUMENTATIONS
from ._clients.base import ClientInstrumentation
from ._clients.open_responses import OpenResponses
from ._config import Settings, read_settings
from ._enabled_message import enabled_message
from ._guard import guarded, logger
from ._loading import SharedInstrumentor
from ._telemetry.recorder import Recorder
from .version import __version__

__all__ = ["OpenRouterInstrumentor", "__version__"]

_SCHEMA: Final = Schemas.V1_37_0.value
_PROVIDERS: Final = ("tracer_provider", "meter_provider", "logger_provider")
_REQUIREMENTS: Final = tuple(each.requirement for group in INSTRUMENTATIONS.values() for each in group)


class OpenRouterInstrumentor(SharedInstrumentor):
    """Traces OpenRouter calls. A singleton, as every instrumentor."""

    _instrumentations: tuple[ClientInstrumentation, ...] = ()

    def instrumentation_dependencies(self) -> Collection[str]:
        """Return the requirements that are met here, or the first one; the extra `instruments-any` lists all."""
        installed = [each for each in _REQUIREMENTS if get_dependency_conflicts([each]) is None]
        return installed or _REQUIREMENTS[:1]

    def instrument(  # noqa: PLR0913 - one argument an option
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        logger_provider: LoggerProvider | None = None,
        base_urls: str | Iterable[str] | None = None,
        capture_content: str | bool | None = None,
        content_max_length: int | str | None = None,
        redact: Callable[[str], str | None] | None = None,
        baggage_keys: str | Iterable[str] | None = None,
        metric_attributes: str | Iterable[str] | None = None,
        dialects: str | Iterable[str] | None = None,
        broadcast: str | None = None,
        settle: bool | str | None = None,
        budget: bool | str | None = None,
        clients: str | Iterable[str] | None = None,
        **kwargs: Any,
    ) -> None:
        """Patch the method of each installed client that sends its requests; a client is never imported for it.

        A list may be one comma-separated string. The environment variable of an option that is not given is
        `OTEL_INSTRUMENTATION_OPENROUTER_` and its name in capitals. A wrong value, or an option that does not exist, is
        one warning and never an exception.

        Args:
            tracer_provider: the global one by default.
            meter_provider: the global one by default.
            logger_provider: for the event that carries content; the global one by default.
            base_urls: further base URLs that are OpenRouter.
            capture_content: `no_content` (the default), `span_only`, `event_only` or `span_and_event`; True is the
                last, False the first. Its environment variable is `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`.
            content_max_length: the number of characters that are kept of each captured text; all by default.
            redact: receives each captured text and returns the text to record, or None. It has no variable.
            baggage_keys: baggage entries that become attributes, besides `user.id` and `session.id`.
            metric_attributes: attributes of a request that its metrics carry too. Each value makes another series.
            dialects: names of backends whose own attributes are added to each span, such as `phoenix`; docs/backends.md
                lists them.
            broadcast: `link` each span to the trace that OpenRouter Broadcast sends for it, or `join`: send the ids of
                the span along, so that OpenRouter's spans join the trace. `off` by default.
            settle: fetch the cost of interrupted streams from OpenRouter in the background; the span stays open
                meanwhile. False by default.
            budget: fetch the remaining credit limit of each API key from OpenRouter, once a minute at most, and record
                it as gauges. False by default.
            clients: which of `openai`, `anthropic`, `openrouter`, `httpx` (and httpx2), `requests`, `aiohttp` and
                `dspy` (its own engine, and lm15) are instrumented; all that are installed by default.
            **kwargs: `skip_dep_check` and `raise_exception_on_conflict` of the base class. Any other name is a
                misspelling: it is a warning, and content is not captured, because it may be `redact`.
        """
        options = {
            "tracer_provider": tracer_provider,
            "meter_provider": meter_provider,
            "logger_provider": logger_provider,
            "base_urls": base_urls,
            "capture_content": capture_content,
            "content_max_length": content_max_length,
            "redact": redact,
            "baggage_keys": baggage_keys,
            "metric_attributes": metric_attributes,
            "dialects": dialects,
            "broadcast": broadcast,
            "settle": settle,
            "budget": budget,
            "clients": clients,
        }
        super().instrument(**{name: value for name, value in options.items() if value is not None}, **kwargs)

    def _instrument(self, **kwargs: Any) -> None:
        providers = {name: kwargs.pop(name, None) for name in _PROVIDERS}
        settings = read_settings(self.default_dialects, **kwargs)
        _warn_of_unsupported_versions()
        self._instrumentations = tuple(_create(providers, settings, self.instrumentation_dependencies()))
        for instrumentation in self._instrumentations:
            instrumentation.install()
        _log_enabled(settings, self._instrumentations)

    def _uninstrument(self, **kwargs: Any) -> None:  # noqa: ARG002 - the signature of the base
        for instrumentation in self._instrumentations:
            instrumentation.uninstall()
        self._instrumentations = ()


def _create(
    given: Mapping[str, Any], settings: Settings, requirements: Collection[str]
) -> Iterator[ClientInstrumentation]:
    providers = partial(_providers, given)
    meter = get_meter(__name__, __version__, given.get("meter_provider"), _SCHEMA)
    recorder = Recorder(
        get_tracer(__name__, __version__, given.get("tracer_provider"), _SCHEMA),
        meter,
        get_logger(__name__, __version__, given.get("logger_provider"), _SCHEMA),
        providers,
        dialect=settings.dialect,
        capture=settings.capture,
        links=settings.broadcast == "link",
        metric_attributes=settings.metric_attributes,
        baggage_keys=settings.baggage_keys,
    )
    budget = get_budget(meter) if settings.budget else None
    settlement = Settlement() if settings.settle else None
    responses = OpenResponses(settlement, providers)
    for name, group in INSTRUMENTATIONS.items():
        for instrumentation in group if name in settings.clients else ():
            if instrumentation.requirement in requirements:
                yield instrumentation(recorder, settings, responses, budget, settlement)


@guarded
def _log_enabled(settings: Settings, instrumentations: Iterable[ClientInstrumentation]) -> None:
    if logger.isEnabledFor(logging.INFO):
        logger.info("%s", enabled_message(settings, [each.description for each in instrumentations]))


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
