"""Who called and why: from the request, from the headers, and from the caller's context; told, and never sent."""

import json
from collections.abc import Callable
from typing import Any, Final

import openai
import pytest
from opentelemetry import baggage, context

from tests.calling_styles import WHOLE, outcome
from tests.scenarios import REQUEST
from tests.simulator import Simulator
from tests.telemetry import Telemetry

from .test_metrics import CHUNK_GAP, COST, DURATION, FIRST_CHUNK, TOKENS

Make = Callable[..., openai.OpenAI]
CARRIED: Final = {"user.id": "u-7", "session.id": "s-7", "tenant": "acme", "unasked": "secret"}


@pytest.fixture
def carried() -> Any:
    """A context as a web handler would set it for all calls below."""
    current = context.get_current()
    for key, value in CARRIED.items():
        current = baggage.set_baggage(key, value, current)
    token = context.attach(current)
    yield
    context.detach(token)


@pytest.mark.usefixtures("carried")
@pytest.mark.parametrize("colour", WHOLE)
def test_baggage(telemetry: Telemetry, openrouter: Simulator, colour: str) -> None:
    """User, session and the keys that were asked for are on the span; nothing of it is sent."""
    telemetry.again([openrouter.url], baggage_keys=["tenant"])
    outcome(WHOLE[colour], openrouter.base_url("hello"), REQUEST)
    attributes = telemetry.one_span().attributes or {}
    assert {name: attributes.get(name) for name in (*CARRIED, "gen_ai.conversation.id")} == {
        "user.id": "u-7",
        "session.id": "s-7",
        "gen_ai.conversation.id": "s-7",
        "tenant": "acme",
        "unasked": None,
    }
    received = openrouter.received[-1]
    assert not any(value in str((received.headers, received.body)) for value in CARRIED.values())


@pytest.mark.usefixtures("carried")
def test_the_request_wins_over_baggage(telemetry: Telemetry, client: Make) -> None:
    """What a call says of itself is truer than what its context says."""
    client("hello").chat.completions.create(
        **REQUEST, user="u-1", extra_body={"session_id": "s-1", "metadata": {"feature": "search"}}
    )
    attributes = telemetry.one_span().attributes or {}
    assert (attributes["user.id"], attributes["session.id"]) == ("u-1", "s-1")
    assert attributes["gen_ai.conversation.id"] == "s-1"
    assert attributes["openrouter.request.metadata.feature"] == "search"


@pytest.mark.usefixtures("carried")
def test_metric_attributes(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """The cost by feature and by tenant: only what was chosen, on every metric."""
    chosen = {"openrouter.request.metadata.feature": "search", "tenant": "acme"}
    telemetry.again([openrouter.url], baggage_keys="tenant", metric_attributes=[*chosen, "never.there"])
    body: dict[str, Any] = {"metadata": {"feature": "search", "run": "1"}}
    stream = client("hello").chat.completions.create(**REQUEST, stream=True, extra_body=body)
    assert list(stream)
    points = telemetry.points()
    assert set(points) == {DURATION, TOKENS, COST, FIRST_CHUNK, CHUNK_GAP}
    for name, found in points.items():
        for attributes, *_ in found:
            assert {key: attributes[key] for key in chosen} == chosen, name
            assert not {"user.id", "session.id", "never.there"} & set(attributes)


def test_no_metric_attributes_by_default(telemetry: Telemetry, client: Make) -> None:
    """Each value would be a series more: nothing of a user or a feature is on a metric unasked."""
    client("hello").chat.completions.create(**REQUEST, user="u", extra_body={"metadata": {"feature": "search"}})
    for found in telemetry.points().values():
        for attributes, *_ in found:
            assert not {"user.id", "openrouter.request.metadata.feature"} & set(attributes)


def test_what_the_caller_sends_is_sent(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """The body on the wire is the caller's own, to the letter, with all options on."""
    bodies: list[Any] = []
    for options in ({}, {"capture_content": "span_and_event", "baggage_keys": "tenant", "metric_attributes": "tenant"}):
        telemetry.again([openrouter.url], **options)
        client("hello").chat.completions.create(**REQUEST, user="u", extra_body={"session_id": "s"})
        bodies.append(json.loads(openrouter.received[-1].body))
    assert bodies[0] == bodies[1] == {**REQUEST, "user": "u", "session_id": "s"}


def test_a_cache_hit_is_told_on_its_metrics(telemetry: Telemetry, client: Make) -> None:
    """What cost nothing because it was cached can be told from what is free."""
    client("cached").chat.completions.create(**REQUEST)
    client("hello").chat.completions.create(**REQUEST)
    found = [attributes.get("openrouter.cache.status") for attributes, *_ in telemetry.points()[COST]]
    assert sorted(found, key=str) == ["HIT", None]
