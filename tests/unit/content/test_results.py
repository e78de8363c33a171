"""Content of rerank, image and transcription calls in, messages out: edge cases that no scenario covers."""

import pytest
from opentelemetry.instrumentation.openrouter._content.parts import make_text_filter
from opentelemetry.instrumentation.openrouter._content.results import (
    image_input,
    image_output,
    rerank_input,
    transcription_input,
)

FILTER = make_text_filter()


def test_images_in_requests_and_responses() -> None:
    """Images of a request and of a response become parts, from a URL or from base64 data."""
    content = image_input(
        {
            "prompt": "A cat",
            "input_references": [{"type": "image_url", "image_url": {"url": "https://a.example/a.png"}}],
        },
        FILTER,
    )
    assert [part["type"] for part in content["gen_ai.input.messages"][0]["parts"]] == ["text", "uri"]
    assert image_output({"data": [{"url": "https://a.example/b.png"}]}, FILTER)[0]["parts"][0]["type"] == "uri"
    assert rerank_input({"query": "q", "documents": [{"text": "a", "image": "data:image/png;base64,AAAA"}]}, FILTER)[
        "gen_ai.input.messages"
    ][0]["parts"] == [
        {"type": "text", "content": "q"},
        {"type": "text", "content": "a"},
        {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "", "byte_size": 3},
    ]


@pytest.mark.parametrize("value", [None, 3, [], {}, [{}], [None]])
def test_malformed_values(value: object) -> None:
    """A malformed request field or body gives no messages and does not raise."""
    assert image_input({"prompt": value}, FILTER) == {}
    assert transcription_input({"input_audio": value}, FILTER) == {}
    assert rerank_input({"documents": value}, FILTER) == {}
    assert image_output(value, FILTER) == []
