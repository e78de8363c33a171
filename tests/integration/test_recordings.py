"""Recorded OpenRouter responses, replayed byte for byte, in every calling style."""

import inspect
import json
from collections.abc import Iterator
from typing import Any, Final

import openai
import pytest
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor

from tests.calling_styles import ENDPOINTS, CallingStyle, outcome, styles_of
from tests.message_schema import validate
from tests.simulator import Simulator
from tests.simulator.canned_reply import Reply, as_bytes
from tests.simulator.recordings import Recording, read_recordings, recordings_folder
from tests.telemetry import Telemetry, span_data

from .test_content import span_content

FOLDER: Final = recordings_folder()
RECORDINGS: Final = {recording.name: recording for recording in read_recordings(FOLDER)}
pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.skipif(not RECORDINGS, reason=f"no recordings in {FOLDER.name}/"),
]

# The fields that the SDK's methods accept; all others go into `extra_body`.
TYPED: Final = ("messages", "input", "model", "n", "tools", "tool_choice", "max_completion_tokens", "stream_options")


def _endpoint(recording: Recording) -> str:
    return next(name for name, endpoint in ENDPOINTS.items() if recording.path.endswith(endpoint.path))


def _cases() -> Iterator[Any]:
    for name, recording in RECORDINGS.items():
        if not any(recording.path.endswith(endpoint.path) for endpoint in ENDPOINTS.values()):
            continue  # the oldest SDK does not have this endpoint
        chosen = styles_of(_endpoint(recording))[bool(recording.body.get("stream"))]
        for style_name, style in chosen.items():
            yield pytest.param(recording, style, style_name, id=f"{name}-{style_name}")


def _request(recording: Recording, style_name: str) -> dict[str, Any]:
    # `.parse()` and `.stream()` reject tools that are not strict before sending the request.
    names = [name for name in TYPED if name != "tools" or not ("parse" in style_name or "helper" in style_name)]
    endpoint = ENDPOINTS[_endpoint(recording)]
    with openai.OpenAI(api_key="none") as client:
        parameters = inspect.signature(endpoint.resource_of(client).create).parameters
    typed = {key: recording.body[key] for key in names if key in recording.body and key in parameters}
    extra = {key: value for key, value in recording.body.items() if key not in typed and key != "stream"}
    return {**typed, **({"extra_body": extra} if extra else {})}


def _events(recording: Recording) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in recording.text.splitlines() if line.startswith("data: {")]


def _last_usage(recording: Recording) -> dict[str, Any]:
    """Return the usage on the wire, without using the instrumentation's code."""
    if not recording.body.get("stream"):
        return json.loads(recording.text).get("usage") or {}
    bodies = [event.get("response", event) for event in _events(recording)]
    return [body["usage"] for body in bodies if body.get("usage")][-1]


@pytest.mark.parametrize(("recording", "style", "style_name"), list(_cases()) or [(None, None, None)])
def test_recording(
    telemetry: Telemetry, openrouter: Simulator, recording: Recording, style: CallingStyle, style_name: str
) -> None:
    """The caller's result is unchanged, and the span has the figures on the wire."""
    openrouter.verbatim[recording.name] = recording.reply
    request, base_url = _request(recording, style_name), openrouter.base_url(recording.name)
    result = outcome(style, base_url, request)
    span = telemetry.one_span()
    data = span_data(span)
    attributes = dict(span.attributes or {})
    OpenRouterInstrumentor().uninstrument()
    assert result == outcome(style, base_url, request)

    usage = _last_usage(recording)
    assert attributes.get("openrouter.usage.cost") == usage.get("cost")
    details = usage.get("cost_details") or {}
    upstream = details.get("upstream_inference_cost") if usage.get("is_byok") else 0
    assert attributes.get("gen_ai.usage.cost") == (usage["cost"] + upstream if "cost" in usage else None)
    assert attributes.get("gen_ai.usage.input_tokens") == usage.get("prompt_tokens", usage.get("input_tokens"))
    assert attributes.get("gen_ai.usage.output_tokens") == usage.get("completion_tokens", usage.get("output_tokens"))
    failed = recording.reply.status != 200 or '"error":{' in recording.text
    assert data["status"] == ("ERROR" if failed else "UNSET")
    assert ("error.type" in attributes) is failed
    assert "user_" not in str(data)
    if not failed or recording.body.get("stream"):
        first = _events(recording)[0] if recording.body.get("stream") else json.loads(recording.text)
        first = first.get("response", first)
        assert attributes["gen_ai.response.id"] == first["id"]
        assert attributes["gen_ai.response.model"] == first["model"]
        assert attributes["gen_ai.response.finish_reasons"]
        if "provider" in first:  # not in the Responses API
            assert attributes["openrouter.provider.name"] == first["provider"]
            assert attributes["openrouter.response.native_finish_reasons"]


def _merged(recording: Recording) -> dict[str, Any]:
    """Return the non-streamed response of a recorded stream, without using the instrumentation's code."""
    events = _events(recording)
    if "response" in events[-1]:
        return events[-1]["response"]
    message: dict[str, Any] = {"role": "assistant", "content": "", "reasoning": "", "tool_calls": [], "annotations": []}
    details: dict[Any, dict[str, Any]] = {}
    reason: str | None = None
    for choice in [choice for event in events for choice in event["choices"]]:
        delta, reason = choice["delta"], choice["finish_reason"] or reason
        for key in ("content", "reasoning"):
            message[key] += delta.get(key) or ""
        message["annotations"] += delta.get("annotations") or []
        for detail in delta.get("reasoning_details") or []:
            merged = details.setdefault((detail["type"], detail["index"]), {**detail, "text": "", "summary": ""})
            for key in ("text", "summary"):
                merged[key] += detail.get(key) or ""
        for call in delta.get("tool_calls") or []:
            if len(message["tool_calls"]) <= call["index"]:
                message["tool_calls"].append({**call, "function": {**call["function"], "arguments": ""}})
            message["tool_calls"][call["index"]]["function"]["arguments"] += call["function"].get("arguments") or ""
    message["reasoning_details"] = list(details.values())
    head = {key: events[0][key] for key in ("id", "model", "provider")}
    return {**head, "choices": [{"index": 0, "finish_reason": reason, "message": message}]}


def _as_stream(whole: dict[str, Any]) -> bytes:
    """Return a recorded non-streamed response as an equivalent stream, which repeats ids as OpenRouter does."""
    head = {key: value for key, value in whole.items() if key not in ("choices", "usage")}
    deltas: list[dict[str, Any]] = []
    for choice in whole["choices"]:
        message, at = choice["message"], {"index": choice["index"], "finish_reason": None}
        for key in ("reasoning", "content"):
            text = message.get(key) or ""
            deltas += [{**at, "delta": {"role": "assistant", key: piece}} for piece in _split(text)]
        for detail in message.get("reasoning_details") or []:
            for key in ("text", "summary", "data", "signature"):
                deltas += [
                    {
                        **at,
                        "delta": {
                            "content": "",
                            "reasoning_details": [{"type": detail["type"], "index": detail["index"], key: piece}],
                        },
                    }
                    for piece in _split(detail.get(key) or "")
                ]
        deltas.append({**at, "delta": {"content": "", "annotations": message.get("annotations") or []}})
        for index, call in enumerate(message.get("tool_calls") or []):
            for piece in _split(call["function"]["arguments"]):
                tool_call = {**call, "index": index, "function": {"name": call["function"]["name"], "arguments": piece}}
                deltas.append({**at, "delta": {"content": None, "tool_calls": [tool_call]}})
        deltas.append({**at, "delta": {"content": ""}, "finish_reason": choice["finish_reason"]})
    chunks = [{**head, "object": "chat.completion.chunk", "choices": [delta]} for delta in deltas]
    return b"".join(b"data: " + as_bytes(chunk) + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"


def _split(text: str) -> list[str]:
    return [text[start : start + 7] for start in range(0, len(text), 7)]


SUCCESSFUL: Final = [
    recording
    for recording in RECORDINGS.values()
    if recording.reply.status == 200 and any(recording.path.endswith(endpoint.path) for endpoint in ENDPOINTS.values())
]


@pytest.mark.parametrize("recording", SUCCESSFUL, ids=[recording.name for recording in SUCCESSFUL])
def test_streamed_content_equals_non_streamed_content(
    telemetry: Telemetry, openrouter: Simulator, recording: Recording
) -> None:
    """The content of each recording is the same for a stream and for a plain call, and matches the schema."""
    endpoint = _endpoint(recording)
    plain_style, stream_style = styles_of(endpoint)[0]["create"], styles_of(endpoint)[1]["stream"]
    if recording.body.get("stream"):
        whole, streamed = Reply([as_bytes(_merged(recording))]), recording.reply
    else:
        whole = recording.reply
        streamed = Reply([_as_stream(json.loads(recording.text))], "text/event-stream")
    request = _request(recording, "create")
    contents: list[dict[str, Any]] = []
    for style, reply in ((plain_style, whole), (stream_style, streamed)):
        telemetry.exporter.clear()
        telemetry.reinstrument([openrouter.url], capture_content="span_only")
        openrouter.verbatim["content"] = reply
        outcome(style, openrouter.base_url("content"), request)
        contents.append(span_content(telemetry))
    assert contents[0] == contents[1]
    assert contents[0]["gen_ai.output.messages"][0]["parts"]
    assert contents[0]["gen_ai.input.messages"]
    validate(contents[0])
    opaque = [detail for detail in recording.text.split('"') if len(detail) > 200 and " " not in detail]
    assert not [detail for detail in opaque if detail in str(contents)]
