"""Real exchanges with OpenRouter, replayed byte for byte, in every colour."""

import inspect
import json
from typing import Any, Final

import pytest
from openai.resources.chat import Completions
from opentelemetry.instrumentation.openrouter import OpenRouterInstrumentor

from simulator import Simulator
from simulator.recordings import Recording, read_recordings, recordings_folder

from .colours import STREAMED, WHOLE, outcome
from .telemetry import Telemetry, seen

FOLDER: Final = recordings_folder()
RECORDINGS: Final = {
    recording.name: recording for recording in read_recordings(FOLDER) if recording.path.endswith("/chat/completions")
}
pytestmark = pytest.mark.skipif(not RECORDINGS, reason=f"no recorded exchanges in {FOLDER.name}/")

PARAMETERS: Final = [
    (name, colour)
    for name, recording in RECORDINGS.items()
    for colour in (STREAMED if recording.body.get("stream") else WHOLE)
    if "post" not in colour or "extra" not in recording.body
] or [("none", "none")]

# The fields that the SDK's methods take; all else goes into `extra_body`.
TYPED: Final = ("messages", "model", "n", "tools", "tool_choice", "max_completion_tokens", "stream_options")


def _request(recording: Recording, colour: str) -> dict[str, Any]:
    # `.parse()` and `.stream()` refuse tools that are not strict before anything is sent.
    names = [name for name in TYPED if name != "tools" or not ("parse" in colour or "helper" in colour)]
    names = [name for name in names if name in inspect.signature(Completions.create).parameters]
    typed = {key: recording.body[key] for key in names if key in recording.body}
    extra = {k: v for k, v in recording.body.items() if k not in names and k != "stream"}
    return {**typed, **({"extra_body": extra} if extra else {})}


def _last_usage(recording: Recording) -> dict[str, Any]:
    """The usage as it stands on the wire, found without any code of ours."""
    if not recording.body.get("stream"):
        return json.loads(recording.text).get("usage") or {}
    events = [json.loads(line[6:]) for line in recording.text.splitlines() if line.startswith("data: {")]
    return [event["usage"] for event in events if event.get("usage")][-1]


@pytest.mark.parametrize(("name", "colour"), PARAMETERS)
def test_recording(telemetry: Telemetry, openrouter: Simulator, name: str, colour: str) -> None:
    """The caller's outcome is the same with us, and the span's figures are those of the wire."""
    recording = RECORDINGS[name]
    way = {**WHOLE, **STREAMED}[colour]
    openrouter.verbatim[name] = recording.reply
    request = _request(recording, colour)
    got = outcome(way, openrouter.base_url(name), request)
    span = telemetry.one_span()
    said = seen(span)
    attributes = dict(span.attributes or {})
    OpenRouterInstrumentor().uninstrument()
    assert got == outcome(way, openrouter.base_url(name), request)

    usage = _last_usage(recording)
    assert attributes.get("openrouter.usage.cost") == usage.get("cost")
    details = usage.get("cost_details") or {}
    upstream = details.get("upstream_inference_cost") if usage.get("is_byok") else 0
    assert attributes.get("gen_ai.usage.cost") == (usage["cost"] + upstream if "cost" in usage else None)
    assert attributes.get("gen_ai.usage.input_tokens") == usage.get("prompt_tokens")
    assert attributes.get("gen_ai.usage.output_tokens") == usage.get("completion_tokens")
    failed = recording.reply.status != 200 or '"error":{' in recording.text
    assert said["status"] == ("ERROR" if failed else "UNSET")
    assert ("error.type" in attributes) is failed
    assert "user_" not in str(said)
    if not failed or recording.body.get("stream"):
        first = json.loads(next(line for line in recording.text.splitlines() if '"id"' in line).removeprefix("data: "))
        assert attributes["gen_ai.response.id"] == first["id"]
        assert attributes["gen_ai.response.model"] == first["model"]
        assert attributes["openrouter.provider.name"] == first["provider"]
        assert attributes["gen_ai.response.finish_reasons"]
        assert attributes["openrouter.response.native_finish_reasons"]
