"""Pieces of content in, parts out: the corners that no scenario has."""

from typing import Any

import pytest
from opentelemetry.instrumentation.openrouter._content.chat import chat_input, chat_output, text_input
from opentelemetry.instrumentation.openrouter._content.parts import (
    annotation_part,
    content_parts,
    json_safe,
    make_text_filter,
    media_part,
    parsed_arguments,
)
from opentelemetry.instrumentation.openrouter._content.responses_api import responses_input, responses_output
from opentelemetry.instrumentation.openrouter._content.results import (
    image_input,
    image_output,
    rerank_input,
    transcription_input,
)
from opentelemetry.instrumentation.openrouter._wire.fields import base64_size

from tests.message_schema import validate

KEEP = make_text_filter()


def _text(content: str, kind: str = "text") -> dict[str, Any]:
    return {"type": kind, "content": content}


@pytest.mark.parametrize(
    ("limit", "value", "kept"),
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
def test_keeper(limit: int | None, value: object, kept: str | None) -> None:
    """A text is kept as any exporter can encode it, cut, and without files in it."""
    assert make_text_filter(limit)(value) == kept


def test_redaction_comes_before_the_cut() -> None:
    """The user's function sees the whole text, so that nothing hides behind a cut; None drops the text."""
    seen: list[str] = []

    def redact(text: str) -> str | None:
        seen.append(text)
        return None if "secret" in text else text.upper()

    keep = make_text_filter(3, redact)
    assert [keep(each) for each in ("abcdef", "a secret", "", 3)] == ["AB…", None, None, None]
    assert seen == ["abcdef", "a secret"]


@pytest.mark.parametrize(("data", "size"), [("", 0), ("AAAA", 3), ("AAA=", 2), ("AA==", 1), ("=", 0)])
def test_base64_size(data: str, size: int) -> None:
    """So many bytes as it decodes to."""
    assert base64_size(data) == size


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
    """A URL stays, unless it holds the data itself."""
    assert media_part(url, "image", KEEP) == parts


def test_a_uri_may_be_redacted() -> None:
    """A URL may hold a signature: it goes through the user's function, too."""
    assert media_part("https://a.example?sig=1", "image", make_text_filter(None, lambda _: "")) == []
    assert media_part(
        "https://a.example?sig=1", "image", make_text_filter(None, lambda url: url.partition("?")[0])
    ) == [{"type": "uri", "modality": "image", "uri": "https://a.example"}]


@pytest.mark.parametrize(
    ("wire", "told"),
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
def test_arguments(wire: object, told: object) -> None:
    """Arguments are told as an object that any exporter can encode, or as the text that they are."""
    assert parsed_arguments(wire, KEEP) == told


def test_depth_is_bounded() -> None:
    """What is nested without end is told as far as it goes."""
    endless: list[Any] = []
    endless.append(endless)
    assert str(json_safe(endless, KEEP)).count("[") == 33


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
    """Citations, and what was read out of a file."""
    assert annotation_part(annotation, KEEP) == parts


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
def test_odd_content(content: object, parts: list[Any]) -> None:
    """What is not of the wire's shape says nothing; what is new is named."""
    assert content_parts(content, KEEP) == parts


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        ([{"content": "no role"}, {"role": "user"}, None, 3], []),
        (
            [{"role": "function", "name": "f", "content": "r"}],
            [{"role": "function", "parts": [{"type": "tool_call_response", "response": "r"}], "name": "f"}],
        ),
        (
            [{"role": "assistant", "function_call": {"name": "f", "arguments": "{}"}}],
            [{"role": "assistant", "parts": [{"type": "tool_call", "name": "f", "arguments": {}}]}],
        ),
        (
            [
                {
                    "role": "assistant",
                    "tool_calls": [
                        {"id": "s", "type": "openrouter:datetime", "index": 0, "timezone": "CET"},
                        {"id": "x"},
                    ],
                }
            ],
            [
                {
                    "role": "assistant",
                    "parts": [
                        {
                            "type": "server_tool_call",
                            "id": "s",
                            "name": "openrouter:datetime",
                            "server_tool_call": {"type": "openrouter:datetime", "timezone": "CET"},
                        }
                    ],
                }
            ],
        ),
        (
            [
                {
                    "role": "assistant",
                    "tool_calls": [{"type": "function", "function": {"name": None, "arguments": None}}],
                }
            ],
            [{"role": "assistant", "parts": [{"type": "tool_call", "name": ""}]}],
        ),
        ([{"role": "user", "content": "hi", "name": ""}], [{"role": "user", "parts": [_text("hi")]}]),
    ],
)
def test_odd_messages(messages: list[Any], told: list[Any]) -> None:
    """Older and odder messages."""
    content = chat_input({"messages": messages}, KEEP)
    assert content.get("gen_ai.input.messages", []) == told


def test_custom_tools_have_names() -> None:
    """A custom tool of chat stands under `custom`, as a function does under `function`."""
    tool = {"type": "custom", "custom": {"name": "shell", "description": "Runs", "format": {"type": "text"}}}
    assert chat_input({"tools": [tool]}, KEEP) == {
        "gen_ai.tool.definitions": [{"type": "custom", "name": "shell", "description": "Runs"}]
    }


def test_older_functions_are_tools() -> None:
    """`functions` came before `tools`; a tool without a type is none."""
    body: dict[str, Any] = {"functions": [{"name": "f", "parameters": {}}], "tools": [{"name": "x"}, {"type": ""}, 3]}
    assert chat_input(body, KEEP) == {"gen_ai.tool.definitions": [{"type": "function", "name": "f"}]}


@pytest.mark.parametrize("value", [None, 3, [], {}, [{}], [None]])
def test_nothing_asked(value: object) -> None:
    """Odd inputs give nothing, and break nothing."""
    for read, key in (
        (text_input("prompt"), "prompt"),
        (responses_input, "input"),
        (image_input, "prompt"),
        (transcription_input, "input_audio"),
        (rerank_input, "documents"),
    ):
        assert read({key: value}, KEEP) == {}
    for output in (chat_output, responses_output, image_output):
        assert output(value, KEEP) == []


def test_images_made_and_asked_with() -> None:
    """Images start from others, and come as data or as a URL."""
    asked = image_input(
        {
            "prompt": "A cat",
            "input_references": [{"type": "image_url", "image_url": {"url": "https://a.example/a.png"}}],
        },
        KEEP,
    )
    assert [part["type"] for part in asked["gen_ai.input.messages"][0]["parts"]] == ["text", "uri"]
    assert image_output({"data": [{"url": "https://a.example/b.png"}]}, KEEP)[0]["parts"][0]["type"] == "uri"
    assert rerank_input({"query": "q", "documents": [{"text": "a", "image": "data:image/png;base64,AAAA"}]}, KEEP)[
        "gen_ai.input.messages"
    ][0]["parts"] == [
        _text("q"),
        _text("a"),
        {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "", "byte_size": 3},
    ]


@pytest.mark.parametrize(
    ("item", "parts"),
    [
        (
            {
                "type": "openrouter:image_generation",
                "id": "i",
                "status": "completed",
                "imageUrl": "https://a.example/a.png",
            },
            [
                {
                    "type": "server_tool_call",
                    "id": "i",
                    "name": "openrouter:image_generation",
                    "server_tool_call": {"type": "openrouter:image_generation", "status": "completed"},
                },
                {"type": "uri", "modality": "image", "uri": "https://a.example/a.png"},
            ],
        ),
        (
            {
                "type": "code_interpreter_call",
                "id": "c",
                "code": "1",
                "outputs": [{"type": "logs", "logs": "1"}],
                "signature": "secret",
            },
            [
                {
                    "type": "server_tool_call",
                    "id": "c",
                    "name": "code_interpreter_call",
                    "server_tool_call": {"type": "code_interpreter_call", "code": "1"},
                },
                {
                    "type": "server_tool_call_response",
                    "id": "c",
                    "server_tool_call_response": {
                        "type": "code_interpreter_call",
                        "result": [{"type": "logs", "logs": "1"}],
                    },
                },
            ],
        ),
        (
            {"type": "function_call", "id": "f", "name": "f", "arguments": ""},
            [{"type": "tool_call", "id": "f", "name": "f"}],
        ),
        ({"content": "neither type nor role"}, []),
    ],
)
def test_odd_items(item: dict[str, Any], parts: list[Any]) -> None:
    """Items of server tools, each with members of its own."""
    assert responses_output({"output": [item]}, KEEP) == [{"role": "assistant", "parts": parts}]
    validate({"gen_ai.output.messages": responses_output({"output": [item]}, KEEP)})


def test_a_tool_s_result_in_a_request_is_the_tool_s() -> None:
    """Outputs of tools that the caller runs for a server tool."""
    assert responses_input({"input": [{"type": "shell_call_output", "call_id": "c", "output": "ok"}]}, KEEP) == {
        "gen_ai.input.messages": [
            {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c", "response": "ok"}]}
        ]
    }
