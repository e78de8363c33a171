"""Events of the Anthropic Messages API in, the body of the equivalent plain message out: edge cases."""

from typing import Any

from opentelemetry.instrumentation.openrouter._content.message_accumulator import MessageAccumulator


def _body(*events: dict[str, Any]) -> Any:
    accumulator = MessageAccumulator()
    for event in events:
        accumulator.add(event)
    return accumulator.body()


def _start(block: dict[str, Any], index: int = 0) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def _delta(index: int = 0, **delta: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": delta}


def test_cut_tool_call() -> None:
    """Arguments that were cut stay a text; those without a delta are those of the block's start."""
    body = _body(
        _start({"type": "tool_use", "input": {}}),
        _delta(partial_json='{"a": '),
        _start({"type": "tool_use", "input": {}}, 1),
        _delta(1, partial_json=""),
        _start({"type": "tool_use", "input": {}}, 2),
        _delta(2, partial_json='{"a": 1}'),
    )
    assert [block["input"] for block in body["content"]] == ['{"a": ', {}, {"a": 1}]
    assert body["stop_reason"] is None


def test_text_of_the_start_stays() -> None:
    """The start of a block may have the first text; deltas of a block that has not started are left out."""
    citation = {"type": "char_location"}
    body = _body(
        _start({"type": "text", "text": "He", "citations": [citation]}),
        _delta(text="llo"),
        _delta(citation=citation),
        _delta(1, text="lost"),
        _start({"type": "compaction", "content": None}, 2),
        _delta(2, content="Summary."),
        {"type": "ping"},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
    )
    assert body == {
        "content": [
            {"type": "text", "text": "Hello", "citations": [citation, citation]},
            {"type": "compaction", "content": "Summary.", "citations": []},
        ],
        "stop_reason": "end_turn",
    }


def test_the_helpers_of_the_sdk_may_change_the_block() -> None:
    """A block is copied when it starts."""
    block: dict[str, Any] = {"type": "text", "text": "", "citations": []}
    accumulator = MessageAccumulator()
    accumulator.add(_start(block))
    block["text"] += "Hello"
    block["citations"].append({"type": "char_location"})
    accumulator.add(_delta(text="Hello"))
    body: Any = accumulator.body()
    assert body["content"] == [{"type": "text", "text": "Hello", "citations": []}]


def test_whole_body() -> None:
    """A whole body is returned as it is."""
    accumulator = MessageAccumulator()
    accumulator.set_body({"content": []})
    assert accumulator.body() == {"content": []}
