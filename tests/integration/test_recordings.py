"""Real exchanges with OpenRouter, replayed byte for byte, in every colour."""

import inspect
import json
from collections.abc import Iterator
from typing import Any, Final

import openai
import pytest
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor

from tests.calling_styles import ENDPOINTS, Way, outcome, ways
from tests.message_schema import validate
from tests.simulator import Simulator
from tests.simulator.canned_reply import Reply, as_bytes
from tests.simulator.recordings import Recording, read_recordings, recordings_folder
from tests.telemetry import Telemetry, seen

from .test_content import on_span

FOLDER: Final = recordings_folder()
RECORDINGS: Final = {recording.name: recording for recording in read_recordings(FOLDER)}
pytestmark = pytest.mark.skipif(not RECORDINGS, reason=f"no recorded exchanges in {FOLDER.name}/")

# The fields that the SDK's methods take; all else goes into `extra_body`.
TYPED: Final = ("messages", "input", "model", "n", "tools", "tool_choice", "max_completion_tokens", "stream_options")


def _endpoint(recording: Recording) -> str:
    return next(name for name, at in ENDPOINTS.items() if recording.path.endswith(at.path))


def _cases() -> Iterator[Any]:
    for name, recording in RECORDINGS.items():
        if not any(recording.path.endswith(at.path) for at in ENDPOINTS.values()):
            continue  # an endpoint that the oldest SDK does not have
        chosen = ways(_endpoint(recording))[bool(recording.body.get("stream"))]
        for colour, way in chosen.items():
            yield pytest.param(recording, way, colour, id=f"{name}-{colour}")


def _request(recording: Recording, colour: str) -> dict[str, Any]:
    # `.parse()` and `.stream()` refuse tools that are not strict before anything is sent.
    names = [name for name in TYPED if name != "tools" or not ("parse" in colour or "helper" in colour)]
    at = ENDPOINTS[_endpoint(recording)]
    with openai.OpenAI(api_key="none") as client:
        taken = inspect.signature(at.of(client).create).parameters
    typed = {key: recording.body[key] for key in names if key in recording.body and key in taken}
    extra = {key: value for key, value in recording.body.items() if key not in typed and key != "stream"}
    return {**typed, **({"extra_body": extra} if extra else {})}


def _events(recording: Recording) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in recording.text.splitlines() if line.startswith("data: {")]


def _last_usage(recording: Recording) -> dict[str, Any]:
    """The usage as it stands on the wire, found without any code of ours."""
    if not recording.body.get("stream"):
        return json.loads(recording.text).get("usage") or {}
    bodies = [event.get("response", event) for event in _events(recording)]
    return [body["usage"] for body in bodies if body.get("usage")][-1]


@pytest.mark.parametrize(("recording", "way", "colour"), list(_cases()) or [(None, None, None)])
def test_recording(telemetry: Telemetry, openrouter: Simulator, recording: Recording, way: Way, colour: str) -> None:
    """The caller's outcome is the same with us, and the span's figures are those of the wire."""
    openrouter.verbatim[recording.name] = recording.reply
    request, base_url = _request(recording, colour), openrouter.base_url(recording.name)
    got = outcome(way, base_url, request)
    span = telemetry.one_span()
    said = seen(span)
    attributes = dict(span.attributes or {})
    OpenRouterInstrumentor().uninstrument()
    assert got == outcome(way, base_url, request)

    usage = _last_usage(recording)
    assert attributes.get("openrouter.usage.cost") == usage.get("cost")
    details = usage.get("cost_details") or {}
    upstream = details.get("upstream_inference_cost") if usage.get("is_byok") else 0
    assert attributes.get("gen_ai.usage.cost") == (usage["cost"] + upstream if "cost" in usage else None)
    assert attributes.get("gen_ai.usage.input_tokens") == usage.get("prompt_tokens", usage.get("input_tokens"))
    assert attributes.get("gen_ai.usage.output_tokens") == usage.get("completion_tokens", usage.get("output_tokens"))
    failed = recording.reply.status != 200 or '"error":{' in recording.text
    assert said["status"] == ("ERROR" if failed else "UNSET")
    assert ("error.type" in attributes) is failed
    assert "user_" not in str(said)
    if not failed or recording.body.get("stream"):
        first = _events(recording)[0] if recording.body.get("stream") else json.loads(recording.text)
        first = first.get("response", first)
        assert attributes["gen_ai.response.id"] == first["id"]
        assert attributes["gen_ai.response.model"] == first["model"]
        assert attributes["gen_ai.response.finish_reasons"]
        if "provider" in first:  # not in the Responses API
            assert attributes["openrouter.provider.name"] == first["provider"]
            assert attributes["openrouter.response.native_finish_reasons"]


def _said_in_one_piece(recording: Recording) -> dict[str, Any]:
    """A recorded stream as the plain answer that it stands for; merged here without any code of ours."""
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
            known = details.setdefault((detail["type"], detail["index"]), {**detail, "text": "", "summary": ""})
            for key in ("text", "summary"):
                known[key] += detail.get(key) or ""
        for call in delta.get("tool_calls") or []:
            if len(message["tool_calls"]) <= call["index"]:
                message["tool_calls"].append({**call, "function": {**call["function"], "arguments": ""}})
            message["tool_calls"][call["index"]]["function"]["arguments"] += call["function"].get("arguments") or ""
    message["reasoning_details"] = list(details.values())
    head = {key: events[0][key] for key in ("id", "model", "provider")}
    return {**head, "choices": [{"index": 0, "finish_reason": reason, "message": message}]}


def _in_pieces(whole: dict[str, Any]) -> bytes:
    """A recorded plain answer as a stream that says the same, with OpenRouter's habit of repeating ids."""
    head = {key: value for key, value in whole.items() if key not in ("choices", "usage")}
    deltas: list[dict[str, Any]] = []
    for choice in whole["choices"]:
        message, at = choice["message"], {"index": choice["index"], "finish_reason": None}
        for key in ("reasoning", "content"):
            said = message.get(key) or ""
            deltas += [{**at, "delta": {"role": "assistant", key: piece}} for piece in _cut(said)]
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
                    for piece in _cut(detail.get(key) or "")
                ]
        deltas.append({**at, "delta": {"content": "", "annotations": message.get("annotations") or []}})
        for index, call in enumerate(message.get("tool_calls") or []):
            for piece in _cut(call["function"]["arguments"]):
                made = {**call, "index": index, "function": {"name": call["function"]["name"], "arguments": piece}}
                deltas.append({**at, "delta": {"content": None, "tool_calls": [made]}})
        deltas.append({**at, "delta": {"content": ""}, "finish_reason": choice["finish_reason"]})
    chunks = [{**head, "object": "chat.completion.chunk", "choices": [delta]} for delta in deltas]
    return b"".join(b"data: " + as_bytes(chunk) + b"\n\n" for chunk in chunks) + b"data: [DONE]\n\n"


def _cut(text: str) -> list[str]:
    return [text[start : start + 7] for start in range(0, len(text), 7)]


ANSWERED: Final = [
    recording
    for recording in RECORDINGS.values()
    if recording.reply.status == 200 and any(recording.path.endswith(at.path) for at in ENDPOINTS.values())
]


@pytest.mark.parametrize("recording", ANSWERED, ids=[recording.name for recording in ANSWERED])
def test_a_stream_says_what_the_plain_answer_says(
    telemetry: Telemetry, openrouter: Simulator, recording: Recording
) -> None:
    """The content of each recording is the same, whole and in pieces; and is of the schema."""
    endpoint = _endpoint(recording)
    whole_way, stream_way = ways(endpoint)[0]["create"], ways(endpoint)[1]["stream"]
    if recording.body.get("stream"):
        whole, streamed = Reply([as_bytes(_said_in_one_piece(recording))]), recording.reply
    else:
        whole = recording.reply
        streamed = Reply([_in_pieces(json.loads(recording.text))], "text/event-stream")
    request = _request(recording, "create")
    told: list[dict[str, Any]] = []
    for way, reply in ((whole_way, whole), (stream_way, streamed)):
        telemetry.exporter.clear()
        telemetry.again([openrouter.url], capture_content="span_only")
        openrouter.verbatim["content"] = reply
        outcome(way, openrouter.base_url("content"), request)
        told.append(on_span(telemetry))
    assert told[0] == told[1]
    assert told[0]["gen_ai.output.messages"][0]["parts"]
    assert told[0]["gen_ai.input.messages"]
    validate(told[0])
    sealed = [detail for detail in recording.text.split('"') if len(detail) > 200 and " " not in detail]
    assert not [detail for detail in sealed if detail in str(told)]
