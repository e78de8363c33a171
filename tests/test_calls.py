"""Each scenario in each colour: the whole span is equal, and the caller gets what it gets without us."""

import urllib.parse
from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor

from simulator import Simulator

from .colours import STREAMED, WHOLE, Way, outcome
from .scenarios import ASKED, SCENARIOS, Expected, Scenario
from .telemetry import Telemetry, expected, seen


def _check(
    telemetry: Telemetry, openrouter: Simulator, name: str, scenario: Scenario, way: Way, said: Expected
) -> None:
    base_url = openrouter.base_url(name)
    got = outcome(way, base_url, scenario.request)
    span = telemetry.one_span()
    asked: dict[str, Any] = {**ASKED, "server.port": urllib.parse.urlsplit(base_url).port}
    assert seen(span) == expected(
        "chat openai/gpt-4o-mini", {**asked, **said.attributes}, status=said.status, description=said.description
    )
    assert "secret" not in str(seen(span))
    assert "canary" not in str(seen(span))
    OpenRouterInstrumentor().uninstrument()
    assert got == outcome(way, base_url, scenario.request)
    assert telemetry.raw_spans == [span]


@pytest.mark.parametrize("colour", WHOLE)
@pytest.mark.parametrize("name", [name for name, scenario in SCENARIOS.items() if scenario.whole is not None])
def test_whole(telemetry: Telemetry, openrouter: Simulator, name: str, colour: str) -> None:
    """A whole answer gives one whole span, whichever way it was asked for."""
    scenario = SCENARIOS[name]
    assert scenario.whole is not None
    _check(telemetry, openrouter, name, scenario, WHOLE[colour], scenario.whole)


@pytest.mark.parametrize("colour", STREAMED)
@pytest.mark.parametrize("name", [name for name, scenario in SCENARIOS.items() if scenario.streamed is not None])
def test_streamed(telemetry: Telemetry, openrouter: Simulator, name: str, colour: str) -> None:
    """A stream read to its end gives the same span as the whole answer, and what only a stream has."""
    scenario = SCENARIOS[name]
    assert scenario.streamed is not None
    said = Expected(
        {**scenario.streamed.attributes, "gen_ai.request.stream": True},
        scenario.streamed.status,
        scenario.streamed.description,
    )
    _check(telemetry, openrouter, name, scenario, STREAMED[colour], said)
