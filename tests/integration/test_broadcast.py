"""OpenRouter's own traces beside ours: a link to where they will be, or our ids sent along; nothing unless asked for."""

import hashlib
import json
from collections.abc import Callable
from typing import Any, Final

import openai
import pytest
from opentelemetry import trace
from opentelemetry.instrumentation.openrouter._config import PREFIX, read_settings
from opentelemetry.instrumentation.openrouter._wire.broadcast import broadcast_ids, trace_field
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from tests.calling_styles import STREAMED, WHOLE, Way
from tests.scenarios import REQUEST
from tests.simulator import Reply, Simulator
from tests.telemetry import Telemetry

Make = Callable[..., openai.OpenAI]
ID: Final = "gen-1762179802-UN8pkJI4AGZvryk0kFnb"
DIGEST: Final = hashlib.sha256(ID.encode()).hexdigest()


def _sent(openrouter: Simulator) -> dict[str, Any]:
    return json.loads(openrouter.received[-1].body)


def test_ids() -> None:
    """The digest of the generation id, its first 32 digits and its first 16."""
    assert broadcast_ids(ID) == (int(DIGEST[:32], 16), int(DIGEST[:16], 16))


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, {"trace_id": "00000000000000000000000000000001", "parent_span_id": "0000000000000002"}),
        (
            {"trace": {"trace_name": "mine", "feature": "search"}},
            {
                "trace_name": "mine",
                "feature": "search",
                "trace_id": "00000000000000000000000000000001",
                "parent_span_id": "0000000000000002",
            },
        ),
        ({"trace": {"trace_id": "mine"}}, None),
        ({"trace": {"parent_span_id": "00f067aa0ba902b7"}}, None),
        ({"trace": "mine"}, None),
    ],
)
def test_joined(body: dict[str, Any], told: dict[str, str] | None) -> None:
    """What the caller says of the trace stays; where that names a trace, it is the caller's."""
    assert trace_field(body, 1, 2) == told


@pytest.mark.parametrize("way", [*WHOLE.values(), *STREAMED.values()], ids=[*WHOLE, *STREAMED])
def test_link(telemetry: Telemetry, openrouter: Simulator, way: Way) -> None:
    """Each span points at the trace that Broadcast sends; the request is what it was."""
    way(openrouter.base_url("hello"), REQUEST)
    plain = openrouter.received[-1].body
    assert not telemetry.one_span().links
    telemetry.exporter.clear()
    telemetry.again([openrouter.url], broadcast="link")
    way(openrouter.base_url("hello"), REQUEST)
    (link,) = telemetry.one_span().links
    assert f"{link.context.trace_id:032x}" == DIGEST[:32]
    assert f"{link.context.span_id:016x}" == DIGEST[:16]
    assert link.context.is_remote
    assert openrouter.received[-1].body == plain


@pytest.mark.parametrize("way", [*WHOLE.values(), *STREAMED.values()], ids=[*WHOLE, *STREAMED])
def test_join(telemetry: Telemetry, openrouter: Simulator, way: Way) -> None:
    """The ids of our span go along, and nothing else changes."""
    way(openrouter.base_url("hello"), REQUEST)
    plain = _sent(openrouter)
    telemetry.exporter.clear()
    telemetry.again([openrouter.url], broadcast="join")
    way(openrouter.base_url("hello"), REQUEST)
    span = telemetry.one_span()
    assert span.context is not None
    ours = {"trace_id": f"{span.context.trace_id:032x}", "parent_span_id": f"{span.context.span_id:016x}"}
    assert _sent(openrouter) == {**plain, "trace": ours}
    assert not span.links


def test_join_leaves_what_is_the_callers(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """Its `trace` is completed in what is sent, never in its own hands, and left where it names a trace."""
    telemetry.again([openrouter.url], broadcast="join")
    for theirs in ({"trace_name": "mine"}, {"trace_id": "mine"}):
        body = {"trace": dict(theirs), "top_k": 1}
        client("hello").chat.completions.create(**REQUEST, extra_body=body)
        sent = _sent(openrouter)
        assert body == {"trace": theirs, "top_k": 1}
        assert sent["top_k"] == 1
        assert theirs.items() <= sent["trace"].items()
        assert ("parent_span_id" in sent["trace"]) is ("trace_name" in theirs)


def test_join_of_a_neighbours_span(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """The one span of the call is the parent."""
    telemetry.again([openrouter.url], broadcast="join")
    attributes = {"gen_ai.operation.name": "chat"}
    with telemetry.tracer_provider.get_tracer("neighbour").start_as_current_span("theirs", attributes=attributes):
        client("hello").chat.completions.create(**REQUEST)
    context = telemetry.one_span().context
    assert context is not None
    assert _sent(openrouter)["trace"]["parent_span_id"] == f"{context.span_id:016x}"


def test_join_without_a_span(openrouter: Simulator, client: Make) -> None:
    """Where nothing is recorded there is nothing to join."""
    telemetry = Telemetry(ALWAYS_OFF)
    telemetry.instrument([openrouter.url], broadcast="join")
    client("hello").chat.completions.create(**REQUEST)
    assert "trace" not in _sent(openrouter)
    assert not trace.get_current_span().is_recording()


def test_join_of_a_form(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """A form is sent as it is."""
    telemetry.again([openrouter.url], broadcast="join")
    client("hello").audio.transcriptions.create(model="m", file=("a.wav", b"RIFF"))
    assert b"parent_span_id" not in openrouter.received[-1].body
    telemetry.one_span()


def test_a_call_without_an_id(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """What OpenRouter refused has no trace there."""
    telemetry.again([openrouter.url], broadcast="link")
    openrouter.verbatim["no_id"] = Reply([b'{"choices": []}'])
    client("no_id").chat.completions.create(**REQUEST)
    assert not telemetry.one_span().links


@pytest.mark.parametrize("mode", ["link", "join"])
def test_openrouters_own_sdk(telemetry: Telemetry, openrouter: Simulator, mode: str) -> None:
    """The same, also where the request is built already."""
    sdk_of = pytest.importorskip("openrouter").OpenRouter
    telemetry.again([openrouter.url], broadcast=mode)
    with sdk_of(api_key="sk-or-x", server_url=openrouter.base_url("hello")) as sdk:
        answer = sdk.chat.send(model="openai/gpt-4o-mini", messages=REQUEST["messages"], trace={"trace_name": "mine"})
    assert answer.id == ID
    span = telemetry.one_span()
    assert span.context is not None
    sent = _sent(openrouter)["trace"]
    assert sent["trace_name"] == "mine"
    assert sent.get("parent_span_id") == (f"{span.context.span_id:016x}" if mode == "join" else None)
    assert [f"{link.context.trace_id:032x}" for link in span.links] == ([DIGEST[:32]] if mode == "link" else [])


@pytest.mark.parametrize(
    ("value", "mode", "warnings"), [("", "off", 0), (" Link", "link", 0), ("JOIN", "join", 0), ("both", "off", 1)]
)
def test_option(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, value: str, mode: str, warnings: int
) -> None:
    """By argument or by variable; what is unknown is one warning."""
    monkeypatch.setenv(f"{PREFIX}BROADCAST", value)
    assert read_settings().broadcast == mode
    assert read_settings(broadcast="off").broadcast == "off"
    assert len(caplog.records) == warnings
