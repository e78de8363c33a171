"""Fixtures of the integration tests: one simulator for the session, fresh telemetry for each test."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor

from tests.calling_styles import OPTIONS
from tests.simulator import Simulator
from tests.speedups import speed_up
from tests.telemetry import Telemetry

# openai 3 looks for httpx in sys.modules, and fails in the finaliser of a stream while httpx is only half imported.
with contextlib.suppress(ImportError):
    import httpx  # noqa: F401  # pyright: ignore[reportUnusedImport]

speed_up()


@pytest.fixture(scope="session")
def openrouter() -> Iterator[Simulator]:
    """The running simulator."""
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def telemetry(openrouter: Simulator) -> Iterator[Telemetry]:
    """In-memory providers, and the instrumentor enabled for the simulator."""
    telemetry = Telemetry()
    telemetry.instrument([openrouter.url])
    yield telemetry
    if OpenRouterInstrumentor().is_instrumented_by_opentelemetry:
        OpenRouterInstrumentor().uninstrument()


@pytest.fixture
def client(openrouter: Simulator) -> Iterator[Callable[..., openai.OpenAI]]:
    """Returns a factory of sync clients for a scenario; closes them after the test."""
    created: list[openai.OpenAI] = []

    def create(scenario: str | None = None, **options: Any) -> openai.OpenAI:
        created.append(openai.OpenAI(base_url=openrouter.base_url(scenario), **{**OPTIONS, **options}))
        return created[-1]

    yield create
    for each in created:
        each.close()
