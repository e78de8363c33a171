"""User, session and metadata attributes, from the request, the headers and baggage; baggage is never sent."""

import json
from collections.abc import Callable
from typing import Any, Final

import openai
import pytest
from opentelemetry import baggage, context

from tests.calling_styles import NON_STREAMED, outcome
from tests.scenarios import REQUEST
from tests.simulator import Simulator
from tests.telemetry import Telemetry

from .test_metrics import CHUNK_GAP, COST, DURATION, FIRST_CHUNK, TOKENS

ClientFactory = Callable[..., openai.OpenAI]
BAGGAGE: Final = {"user.id": "u-7", "session.id": "s-7", "tenant": "acme", "unselected": "secret"}


@pytest.fixture
def with_baggage() -> Any:
    """Attach a context with baggage, as a web handler would."""
    current = context.get_current()
    for key, value in BAGGAGE.items():
        current = baggage.set_baggage(key, value, current)
    token = context.attach(current)
    yield
    context.detach(token)


@pytest.mark.usefixtures("with_baggage")
@pytest.mark.parametrize("style", NON_STREAMED)
def test_baggage(telemetry: Telemetry, openrouter: Simulator, style: str) -> None:
    """The user, the session and the selected baggage keys are on the span; baggage is not sent to OpenRouter."""
    telemetry.reinstrument([openrouter.url], baggage_keys=["tenant"])
    outcome(NON_STREAMED[style], openrouter.base_url("hello"), REQUEST)
    attributes = telemetry.one_span().attributes or {}
    assert {name: attributes.get(name) for name in (*BAGGAGE, "gen_ai.conversation.id")} == {
        "user.id": "u-7",
        "session.id": "s-7",
        "gen_ai.conversation.id": "s-7",
        "tenant": "acme",
        "unselected": None,
    }
    received = openrouter.received[-1]
    assert not any(value in str((received.headers, received.body)) for value in BAGGAGE.values())


@pytest.mark.usefixtures("with_baggage")
def test_the_request_wins_over_baggage(telemetry: Telemetry, client: ClientFactory) -> None:
    """Fields of the request take precedence over baggage."""
    client("hello").chat.completions.create(
        **REQUEST, user="u-1", extra_body={"session_id": "s-1", "metadata": {"feature": "search"}}
    )
    attributes = telemetry.one_span().attributes or {}
    assert (attributes["user.id"], attributes["session.id"]) == ("u-1", "s-1")
    assert attributes["gen_ai.conversation.id"] == "s-1"
    assert attributes["openrouter.request.metadata.feature"] == "search"


@pytest.mark.usefixtures("with_baggage")
def test_metric_attributes(telemetry: Telemetry, openrouter: Simulator, client: ClientFactory) -> None:
    """Only the selected attributes are added, to every metric."""
    selected = {"openrouter.request.metadata.feature": "search", "tenant": "acme"}
    telemetry.reinstrument([openrouter.url], baggage_keys="tenant", metric_attributes=[*selected, "never.there"])
    body: dict[str, Any] = {"metadata": {"feature": "search", "run": "1"}}
    stream = client("hello").chat.completions.create(**REQUEST, stream=True, extra_body=body)
    assert list(stream)
    points = telemetry.points()
    assert set(points) == {DURATION, TOKENS, COST, FIRST_CHUNK, CHUNK_GAP}
    for name, found in points.items():
        for attributes, *_ in found:
            assert {key: attributes[key] for key in selected} == selected, name
            assert not {"user.id", "session.id", "never.there"} & set(attributes)


def test_no_metric_attributes_by_default(telemetry: Telemetry, client: ClientFactory) -> None:
    """Metrics have no user and no metadata by default, because each value would add a time series."""
    client("hello").chat.completions.create(**REQUEST, user="u", extra_body={"metadata": {"feature": "search"}})
    for found in telemetry.points().values():
        for attributes, *_ in found:
            assert not {"user.id", "openrouter.request.metadata.feature"} & set(attributes)


def test_request_body_is_unchanged(telemetry: Telemetry, openrouter: Simulator, client: ClientFactory) -> None:
    """The body on the wire is the caller's own, with all options on."""
    bodies: list[Any] = []
    for options in ({}, {"capture_content": "span_and_event", "baggage_keys": "tenant", "metric_attributes": "tenant"}):
        telemetry.reinstrument([openrouter.url], **options)
        client("hello").chat.completions.create(**REQUEST, user="u", extra_body={"session_id": "s"})
        bodies.append(json.loads(openrouter.received[-1].body))
    assert bodies[0] == bodies[1] == {**REQUEST, "user": "u", "session_id": "s"}


def test_cache_hit_is_a_metric_attribute(telemetry: Telemetry, client: ClientFactory) -> None:
    """The cost metric has the cache status, so that a cache hit differs from a free model."""
    client("cached").chat.completions.create(**REQUEST)
    client("hello").chat.completions.create(**REQUEST)
    cache_statuses = [attributes.get("openrouter.cache.status") for attributes, *_ in telemetry.points()[COST]]
    assert sorted(cache_statuses, key=str) == ["HIT", None]
