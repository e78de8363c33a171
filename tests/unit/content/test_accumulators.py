"""Chunks and events in, the body of the equivalent plain call out: edge cases that no scenario covers."""

from typing import Any

from opentelemetry.instrumentation.openrouter._content.accumulators import (
    ChatAccumulator,
    ContentAccumulator,
    ResponsesAccumulator,
)


def _tool_calls(*deltas: Any) -> list[Any]:
    accumulator = ChatAccumulator()
    for delta in deltas:
        accumulator.add({"choices": [{"index": 0, "delta": {"tool_calls": [delta]}}]})
    body: Any = accumulator.body()
    return body["choices"][0]["message"]["tool_calls"]


def test_repeated_ids_are_not_joined() -> None:
    """A tool call is the same if each delta repeats its id and name, as OpenRouter's do, or only the first has them."""
    repeated = _tool_calls(
        {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{"}},
        {"index": 0, "id": "a", "function": {"name": "f", "arguments": "}"}},
    )
    once = _tool_calls(
        {"index": 0, "id": "a", "function": {"name": "f", "arguments": "{"}},
        {"index": 0, "id": None, "function": {"name": None, "arguments": "}"}},
    )
    assert repeated == once == [{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{}"}}]


def test_new_id_starts_a_new_tool_call() -> None:
    """A new id starts a new tool call: some upstream providers send one index for all calls, or none."""
    for index in ({"index": 0}, {}):
        calls = _tool_calls(
            {**index, "id": "a", "function": {"name": "f", "arguments": "1"}},
            {**index, "id": "b", "function": {"name": "f", "arguments": "2"}},
            {**index, "function": {"arguments": "3"}},
        )
        assert [(call["id"], call["function"]["arguments"]) for call in calls] == [("a", "1"), ("b", "23")]


def test_new_id_without_a_name_continues_the_tool_call() -> None:
    """Some upstream providers send another id with each delta of a call; a server tool has an id and no name."""
    calls = _tool_calls(
        {"index": 0, "id": "a", "custom": {"name": "f", "input": "1"}},
        {"index": 0, "id": "b", "custom": {"input": "2"}},
        {"index": 0, "id": "c", "custom": {"name": "", "input": "3"}},
        {"index": 1, "id": "d", "function": {"arguments": "4"}},
        {"index": 1, "id": "e", "type": "openrouter:web_search", "query": "x"},
    )
    assert calls == [
        {"index": 0, "id": "a", "custom": {"name": "f", "input": "123"}},
        {"index": 1, "id": "d", "function": {"arguments": "4"}},
        {"index": 1, "id": "e", "type": "openrouter:web_search", "query": "x"},
    ]


def test_content_blocks() -> None:
    """The texts of consecutive content blocks of one type are joined; other blocks and their order are kept."""
    accumulator = ChatAccumulator()
    image = {"type": "image_url", "image_url": {"url": "https://images.example/a.jpg"}}
    note = {"type": "url_citation", "url_citation": {"url": "https://a.example"}}
    for content in (
        "Start",
        [{"type": "thinking", "thinking": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}],
        [{"type": "thinking", "thinking": "c"}],
        [{"type": "text", "text": "d", "annotations": [note]}, {"type": "text", "text": 3}],
        "e",
        [image, None],
        "",
    ):
        accumulator.add({"choices": [{"index": 0, "delta": {"content": content}}]})
    body: Any = accumulator.body()
    assert body["choices"][0]["message"]["content"] == [
        {"type": "text", "text": "Start"},
        {"type": "thinking", "thinking": "abc"},
        {"type": "text", "text": "de", "annotations": [note]},
        image,
        {},
    ]


def test_texts_of_another_type() -> None:
    """A reasoning or a refusal that is no text is ignored; the content beside it is kept."""
    accumulator = ChatAccumulator()
    delta = {"content": "Hello", "reasoning": {"effort": "low"}, "refusal": 5}
    accumulator.add({"choices": [{"index": None, "delta": delta}]})
    body: Any = accumulator.body()
    message = body["choices"][0]["message"]
    assert message["content"] == "Hello"
    assert not {"reasoning", "refusal"} & message.keys()


def test_malformed_chunks() -> None:
    """Malformed chunks and events add nothing and do not raise."""
    accumulator = ChatAccumulator()
    for delta in ({"content": 3, "tool_calls": [None, {"index": [], "id": {}}], "audio": {"data": 1}}, None, "x"):
        accumulator.add({"choices": [{"delta": delta, "text": 3}]})
    accumulator.add({"choices": "x"})
    body: Any = accumulator.body()
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


def test_interleaved_summaries() -> None:
    """Deltas are joined by the index of their summary part within the item."""
    events = ResponsesAccumulator()
    events.add({"type": "response.output_item.added", "output_index": 0, "item": {"type": "reasoning", "summary": []}})
    for index, delta in ((0, "a"), (1, "b"), (0, "c")):
        header = {"type": "response.reasoning_summary_text.delta", "output_index": 0}
        events.add({**header, "summary_index": index, "delta": delta})
    assert events.body() == {
        "output": [
            {
                "type": "reasoning",
                "summary": [{"type": "summary_text", "text": "ac"}, {"type": "summary_text", "text": "b"}],
            }
        ]
    }


def test_several_images_give_one_body() -> None:
    """The images of a stream, each in its own event, give one body."""
    accumulator = ContentAccumulator()
    for event in (
        {"type": "image_generation.partial_image"},
        *[{"type": "image_generation.completed", "b64_json": "AAAA"}] * 2,
    ):
        accumulator.add(event)
    body: Any = accumulator.body()
    assert len(body["data"]) == 2
