"""The `broadcast` option: a link to the trace of OpenRouter Broadcast, or our ids in the request; off by default."""

import hashlib
import json
from collections.abc import Callable
from typing import Any, Final

import openai
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from tests.calling_styles import NON_STREAMED, STREAMED, CallingStyle
from tests.scenarios import REQUEST
from tests.simulator import Reply, Simulator
from tests.telemetry import Telemetry

Make = Callable[..., openai.OpenAI]
ID: Final = "gen-1762179802-UN8pkJI4AGZvryk0kFnb"
DIGEST: Final = hashlib.sha256(ID.encode()).hexdigest()


def _sent(openrouter: Simulator) -> dict[str, Any]:
    return json.loads(openrouter.received[-1].body)


@pytest.mark.parametrize("style", [*NON_STREAMED.values(), *STREAMED.values()], ids=[*NON_STREAMED, *STREAMED])
def test_link(telemetry: Telemetry, openrouter: Simulator, style: CallingStyle) -> None:
    """With `link` each span links to the trace that Broadcast sends, and the request is unchanged."""
    style(openrouter.base_url("hello"), REQUEST)
    plain = openrouter.received[-1].body
    assert not telemetry.one_span().links
    telemetry.exporter.clear()
    telemetry.reinstrument([openrouter.url], broadcast="link")
    style(openrouter.base_url("hello"), REQUEST)
    (link,) = telemetry.one_span().links
    assert f"{link.context.trace_id:032x}" == DIGEST[:32]
    assert f"{link.context.span_id:016x}" == DIGEST[:16]
    assert link.context.is_remote
    assert openrouter.received[-1].body == plain


@pytest.mark.parametrize("style", [*NON_STREAMED.values(), *STREAMED.values()], ids=[*NON_STREAMED, *STREAMED])
def test_join(telemetry: Telemetry, openrouter: Simulator, style: CallingStyle) -> None:
    """With `join` the request has the ids of our span in its `trace` field, and is otherwise unchanged."""
    style(openrouter.base_url("hello"), REQUEST)
    plain = _sent(openrouter)
    telemetry.exporter.clear()
    telemetry.reinstrument([openrouter.url], broadcast="join")
    style(openrouter.base_url("hello"), REQUEST)
    span = telemetry.one_span()
    assert span.context is not None
    ours = {"trace_id": f"{span.context.trace_id:032x}", "parent_span_id": f"{span.context.span_id:016x}"}
    assert _sent(openrouter) == {**plain, "trace": ours}
    assert not span.links


def test_join_keeps_the_trace_field_of_the_caller(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """The ids are added to a copy of the caller's `trace` field, unless that has a trace id."""
    telemetry.reinstrument([openrouter.url], broadcast="join")
    for trace_field in ({"trace_name": "mine"}, {"trace_id": "mine"}):
        body = {"trace": dict(trace_field), "top_k": 1}
        client("hello").chat.completions.create(**REQUEST, extra_body=body)
        sent = _sent(openrouter)
        assert body == {"trace": trace_field, "top_k": 1}
        assert sent["top_k"] == 1
        assert trace_field.items() <= sent["trace"].items()
        assert ("parent_span_id" in sent["trace"]) is ("trace_name" in trace_field)


def test_join_with_an_enclosing_span(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """The enclosing span of another instrumentation, which we update, is the parent of Broadcast's trace."""
    telemetry.reinstrument([openrouter.url], broadcast="join")
    attributes = {"gen_ai.operation.name": "chat"}
    with telemetry.tracer_provider.get_tracer("other").start_as_current_span("enclosing", attributes=attributes):
        client("hello").chat.completions.create(**REQUEST)
    context = telemetry.one_span().context
    assert context is not None
    assert _sent(openrouter)["trace"]["parent_span_id"] == f"{context.span_id:016x}"


def test_join_of_an_unsampled_call(openrouter: Simulator, client: Make) -> None:
    """A call that is not sampled sends no `trace` field."""
    telemetry = Telemetry(ALWAYS_OFF)
    telemetry.instrument([openrouter.url], broadcast="join")
    client("hello").chat.completions.create(**REQUEST)
    assert "trace" not in _sent(openrouter)
    assert not trace.get_current_span().is_recording()


def test_join_of_a_multipart_request(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """A multipart request is sent unchanged."""
    telemetry.reinstrument([openrouter.url], broadcast="join")
    client("hello").audio.transcriptions.create(model="m", file=("a.wav", b"RIFF"))
    assert b"parent_span_id" not in openrouter.received[-1].body
    telemetry.one_span()


def test_link_without_a_generation_id(telemetry: Telemetry, openrouter: Simulator, client: Make) -> None:
    """A response without a generation id gives no link."""
    telemetry.reinstrument([openrouter.url], broadcast="link")
    openrouter.verbatim["no_id"] = Reply([b'{"choices": []}'])
    client("no_id").chat.completions.create(**REQUEST)
    assert not telemetry.one_span().links


@pytest.mark.parametrize("mode", ["link", "join"])
def test_openrouter_sdk(telemetry: Telemetry, openrouter: Simulator, mode: str) -> None:
    """Both modes work with OpenRouter's own SDK, where the request is already built."""
    sdk_class = pytest.importorskip("openrouter").OpenRouter
    telemetry.reinstrument([openrouter.url], broadcast=mode)
    with sdk_class(api_key="sk-or-x", server_url=openrouter.base_url("hello")) as sdk:
        completion = sdk.chat.send(
            model="openai/gpt-4o-mini", messages=REQUEST["messages"], trace={"trace_name": "mine"}
        )
    assert completion.id == ID
    span = telemetry.one_span()
    assert span.context is not None
    sent = _sent(openrouter)["trace"]
    assert sent["trace_name"] == "mine"
    assert sent.get("parent_span_id") == (f"{span.context.span_id:016x}" if mode == "join" else None)
    assert [f"{link.context.trace_id:032x}" for link in span.links] == ([DIGEST[:32]] if mode == "link" else [])
