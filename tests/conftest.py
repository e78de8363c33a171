"""Fixtures: one simulator for the session, fresh telemetry for each test."""

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor, _guard

from simulator import Simulator

from .spared import spare
from .telemetry import Telemetry

# openai 3 asks whether httpx is loaded, and stumbles in a stream that is finalised while it is just being loaded.
with contextlib.suppress(ImportError):
    import httpx  # noqa: F401  # pyright: ignore[reportUnusedImport]

spare()


@pytest.fixture(scope="session")
def openrouter() -> Iterator[Simulator]:
    """The simulator, running."""
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def telemetry(openrouter: Simulator) -> Iterator[Telemetry]:
    """The instrumentor switched on for the simulator, with providers in memory."""
    telemetry = Telemetry()
    telemetry.instrument([openrouter.url])
    yield telemetry
    if OpenRouterInstrumentor().is_instrumented_by_opentelemetry:
        OpenRouterInstrumentor().uninstrument()


@pytest.fixture(autouse=True)
def no_failure_of_ours(caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest) -> Iterator[None]:
    """A test in which our own code failed has failed, unless it is marked `our_fault`."""
    _guard._reported.clear()
    caplog.set_level(logging.DEBUG, logger=_guard.logger.name)
    yield
    if request.node.get_closest_marker("our_fault") is None:
        faults = [record for record in caplog.get_records("call") if record.name == _guard.logger.name]
        assert not [record.getMessage() for record in faults if "failed in" in record.getMessage()]


@pytest.fixture
def client(openrouter: Simulator) -> Iterator[Callable[..., openai.OpenAI]]:
    """Makes sync clients of a scenario."""
    made: list[openai.OpenAI] = []

    def make(scenario: str | None = None, **options: Any) -> openai.OpenAI:
        given: dict[str, Any] = {"api_key": "sk-or-canary", "max_retries": 0, **options}
        made.append(openai.OpenAI(base_url=openrouter.base_url(scenario), **given))
        return made[-1]

    yield make
    for each in made:
        each.close()
