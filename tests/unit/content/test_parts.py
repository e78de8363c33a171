"""Pieces of content in, message parts out: edge cases that no scenario covers."""

from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._content.parts import (
    annotation_part,
    content_parts,
    json_safe,
    make_text_filter,
    media_part,
    parsed_arguments,
)

FILTER = make_text_filter()


def _text(content: str, kind: str = "text") -> dict[str, Any]:
    return {"type": kind, "content": content}


@pytest.mark.parametrize(
    ("limit", "value", "filtered"),
    [
        (None, "text", "text"),
        (None, "", None),
        (None, 3, None),
        (None, "half \ud83d", "half ?"),
        (None, "data: is a word; base64, too", "data: is a word; base64, too"),
        (None, "data:image/png;base64,AAAA", "data:image/png;base64,… (3 bytes)"),
        (None, "![](data:image/png;base64,AA==) end", "![](data:image/png;base64,… (1 bytes)) end"),
        (None, "data:text/plain;charset=utf-8;base64,QUJD", "data:text/plain;charset=utf-8;base64,… (3 bytes)"),
        (4, "text", "text"),
        (3, "text", "te…"),
        (1, "text", "…"),
        (0, "text", None),
    ],
)
def test_text_filter(limit: int | None, value: object, filtered: str | None) -> None:
    """A text is truncated, made valid UTF-8, and its base64 data URLs are replaced by their size."""
    assert make_text_filter(limit)(value) == filtered


def test_redaction_precedes_truncation() -> None:
    """The user's `redact` gets the whole text, before it is truncated; None drops the text."""
    seen: list[str] = []

    def redact(text: str) -> str | None:
        seen.append(text)
        return None if "secret" in text else text.upper()

    filter_text = make_text_filter(3, redact)
    assert [filter_text(each) for each in ("abcdef", "a secret", "", 3)] == ["AB…", None, None, None]
    assert seen == ["abcdef", "a secret"]


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        (
            "data:audio/wav;base64,AAAA",
            [{"type": "blob", "modality": "audio", "mime_type": "audio/wav", "content": "", "byte_size": 3}],
        ),
        ("data:;base64,AAAA", [{"type": "blob", "modality": "image", "content": "", "byte_size": 3}]),
        ("data:" + "A" * 500, []),
        ("A" * 8000, [{"type": "blob", "modality": "image", "content": "", "byte_size": 6000}]),
        ("https://a.example/" + "b" * 9, [{"type": "uri", "modality": "image", "uri": "https://a.example/" + "b" * 9}]),
        ("", []),
        (None, []),
        ({"url": 1}, []),
    ],
)
def test_media(url: object, parts: list[Any]) -> None:
    """A URL becomes a `uri` part, a base64 data URL a `blob` part with its size only."""
    assert media_part(url, "image", FILTER) == parts


def test_redacted_uri() -> None:
    """A URL, which may contain a signature, passes through the user's `redact`."""
    assert media_part("https://a.example?sig=1", "image", make_text_filter(None, lambda _: "")) == []
    assert media_part(
        "https://a.example?sig=1", "image", make_text_filter(None, lambda url: url.partition("?")[0])
    ) == [{"type": "uri", "modality": "image", "uri": "https://a.example"}]


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        ('{"a": [1, "b", null, true, 1.5, ""], "": {}}', {"a": [1, "b", None, True, 1.5, ""], "": {}}),
        ("[1]", [1]),
        ("7", 7),
        ("not JSON", "not JSON"),
        ('{"cut', '{"cut'),
        ('{"a": NaN, "b": -Infinity}', {"a": "NaN", "b": "-Infinity"}),
        (f'{{"a": {2**63}, "b": {-(2**63)}, "c": 1e999}}', {"a": str(2**63), "b": str(-(2**63)), "c": "inf"}),
        ('{"a": "\\ud83d", "\\ud83d": 1}', {"a": "?", "?": 1}),
        ("[" * 100_000, "[" * 100_000),
        ({"already": ["an object"]}, {"already": ["an object"]}),
        (None, None),
        ("", None),
    ],
)
def test_arguments(wire: object, expected: object) -> None:
    """Arguments are decoded to a value that any exporter can encode; text that is not JSON stays text."""
    assert parsed_arguments(wire, FILTER) == expected


def test_depth_is_bounded() -> None:
    """A value that contains itself is copied down to a fixed depth."""
    endless: list[Any] = []
    endless.append(endless)
    assert str(json_safe(endless, FILTER)).count("[") == 33


@pytest.mark.parametrize(
    ("annotation", "parts"),
    [
        (
            {"type": "file_citation", "file_id": "f", "filename": "a", "index": 0},
            [{"type": "file_citation", "file_id": "f", "filename": "a", "index": 0}],
        ),
        (
            {
                "type": "file",
                "file": {
                    "hash": "h",
                    "name": "a.pdf",
                    "content": [
                        {"type": "text", "text": "A"},
                        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                    ],
                },
            },
            [
                {
                    "type": "file_annotation",
                    "name": "a.pdf",
                    "parts": [
                        _text("A"),
                        {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "", "byte_size": 3},
                    ],
                }
            ],
        ),
        ({"type": "file", "file": {}}, [{"type": "file_annotation"}]),
        ({"url": "no type"}, []),
        (None, []),
    ],
)
def test_annotations(annotation: object, parts: list[Any]) -> None:
    """File citations keep their fields; the content that was parsed from a file becomes nested parts."""
    assert annotation_part(annotation, FILTER) == parts


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (None, []),
        (3, []),
        ("", []),
        (["bare"], [_text("bare")]),
        ([{"type": 3}, {}, None], []),
        ([{"type": "text"}, {"type": "image_url"}, {"type": "file", "file": {}}, {"type": "input_audio"}], []),
        ([{"type": "text", "text": ""}, {"type": "new_kind", "data": "x"}], [{"type": "new_kind"}]),
        (
            [{"type": "input_audio", "input_audio": {"url": "https://a.example/a.mp3", "format": "mp3"}}],
            [{"type": "uri", "modality": "audio", "uri": "https://a.example/a.mp3", "mime_type": "audio/mp3"}],
        ),
        (
            [{"type": "input_audio", "input_audio": {"data": "AAAA"}}],
            [{"type": "blob", "modality": "audio", "content": "", "byte_size": 3}],
        ),
        (
            [{"type": "video_url", "video_url": {"url": "data:video/mp4;base64,AAAA"}}],
            [{"type": "blob", "modality": "video", "mime_type": "video/mp4", "content": "", "byte_size": 3}],
        ),
    ],
)
def test_malformed_content(content: object, parts: list[Any]) -> None:
    """Malformed content gives no parts; a piece of an unknown type gives a part with only its type."""
    assert content_parts(content, FILTER) == parts


def _nested(depth: int, wrap: Callable[[Any], Any], value: Any) -> Any:
    for _ in range(depth):
        value = wrap(value)
    return value


@pytest.mark.parametrize(
    "wrap",
    [
        lambda inner: {"type": "text", "text": "x", "annotations": [{"type": "file", "file": {"content": [inner]}}]},
        lambda inner: {"type": "thinking", "thinking": [inner]},
        lambda inner: {"type": "hologram", "hologram": inner},
        lambda inner: [inner],
    ],
)
def test_deep_content(wrap: Callable[[Any], Any]) -> None:
    """Content that is nested far deeper than Python can recurse is read as far as a message nests."""
    content = _nested(20_000, wrap, {"type": "text", "text": "deepest"})
    assert "deepest" not in str(content_parts([content], FILTER))


@pytest.mark.parametrize(
    ("thinking", "expected"),
    [
        ("a", [{"type": "reasoning", "content": "a"}]),
        (
            [{"type": "text", "text": "a"}, {"text": "b"}, {"text": 3}, None, "c"],
            [{"type": "reasoning", "content": "ab"}],
        ),
        ("", []),
        (None, []),
        (3, []),
    ],
)
def test_thinking(thinking: object, expected: list[Any]) -> None:
    """A `thinking` block is reasoning, whether it has a text or a list of blocks; its signature is not read."""
    piece = {"type": "thinking", "thinking": thinking, "signature": "secret"}
    assert content_parts([piece], FILTER) == expected
