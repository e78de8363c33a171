"""Chunks and events in, the body that a plain call would have had out: the corners that no scenario has."""

from typing import Any

from opentelemetry.instrumentation.openrouter._content.accumulators import (
    ChatAccumulator,
    ContentAccumulator,
    ResponsesAccumulator,
)


def _calls(*pieces: Any) -> list[Any]:
    transcript = ChatAccumulator()
    for piece in pieces:
        transcript.add({"choices": [{"index": 0, "delta": {"tool_calls": [piece]}}]})
    body: Any = transcript.body()
    return body["choices"][0]["message"]["tool_calls"]


def test_ids_come_once_whoever_repeats_them() -> None:
    """OpenRouter repeats the id and the name in each delta, OpenAI sends them in the first alone."""
    repeated = _calls(
        {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{"}},
        {"index": 0, "id": "a", "function": {"name": "f", "arguments": "}"}},
    )
    once = _calls(
        {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{"}},
        {"index": 0, "id": None, "function": {"name": None, "arguments": "}"}},
    )
    assert repeated == once == [{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}]


def test_a_new_id_is_a_new_call() -> None:
    """Some providers number all calls alike, or not at all."""
    for index in ({"index": 0}, {}):
        calls = _calls(
            {**index, "id": "a", "function": {"arguments": "1"}},
            {**index, "id": "b", "function": {"arguments": "2"}},
            {**index, "function": {"arguments": "3"}},
        )
        assert [(call["id"], call["function"]["arguments"]) for call in calls] == [("a", "1"), ("b", "23")]


def test_odd_chunks() -> None:
    """What is not of the wire's shape adds nothing, and breaks nothing."""
    transcript = ChatAccumulator()
    for delta in ({"content": 3, "tool_calls": [None, {"index": [], "id": {}}], "audio": {"data": 1}}, None, "x"):
        transcript.add({"choices": [{"delta": delta, "text": 3}]})
    transcript.add({"choices": "x"})
    body: Any = transcript.body()
    assert body["choices"][0]["message"].get("content") is None
    events = ResponsesAccumulator()
    for event in (
        {"type": 3},
        {"type": "response.output_item.done"},
        {"type": "response.output_item.done", "output_index": []},
        {"type": "response.output_text.delta", "output_index": 0, "delta": 3},
        {"type": "response.completed", "response": {"output": []}},
    ):
        events.add(event)
    assert events.body() == {"output": []}


def test_two_parts_and_two_summaries() -> None:
    """Deltas are joined by their place in their item."""
    events = ResponsesAccumulator()
    events.add({"type": "response.output_item.added", "output_index": 0, "item": {"type": "reasoning", "summary": []}})
    for place, delta in ((0, "a"), (1, "b"), (0, "c")):
        head = {"type": "response.reasoning_summary_text.delta", "output_index": 0}
        events.add({**head, "summary_index": place, "delta": delta})
    assert events.body() == {
        "output": [
            {
                "type": "reasoning",
                "summary": [{"type": "summary_text", "text": "ac"}, {"type": "summary_text", "text": "b"}],
            }
        ]
    }


def test_several_images_are_one_answer() -> None:
    """Each image of a stream comes in an event of its own."""
    transcript = ContentAccumulator()
    for event in (
        {"type": "image_generation.partial_image"},
        *[{"type": "image_generation.completed", "b64_json": "AAAA"}] * 2,
    ):
        transcript.add(event)
    body: Any = transcript.body()
    assert len(body["data"]) == 2
