"""The schema of captured content. It is stricter than the semantic conventions: only what this project emits.

It follows open-telemetry/semantic-conventions-genai, model/gen-ai/gen-ai-{input-messages,output-messages,system-instructions,
tool-definitions}.json, which allow any typed object and any additional property.
"""

from typing import Any, Final

from jsonschema import Draft202012Validator

STRING: Final = {"type": "string"}
TEXT: Final = {"type": "string", "minLength": 1}
COUNT: Final = {"type": "integer", "minimum": 0}
MODALITY: Final = {"enum": ["image", "video", "audio", "document"]}


def _object(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
        "additionalProperties": False,
    }


def _typed(kind: str, required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    return _object({"type": {"const": kind}, **required}, **optional)


def _server_tool(kind: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {"type": TEXT},
        "required": ["type"],
        "additionalProperties": True,
        "$comment": kind,
    }


PART: Final = {
    "oneOf": [
        _typed("text", {"content": TEXT}),
        _typed("reasoning", {"content": TEXT}),
        _typed(
            "tool_call",
            {"name": STRING},
            id=TEXT,
            arguments={"type": ["object", "array", "string", "number", "boolean", "null"]},
        ),
        _typed(
            "tool_call_response",
            {"response": {"oneOf": [STRING, {"type": "array", "items": {"$ref": "#/$defs/part"}}]}},
            id=TEXT,
        ),
        _typed("server_tool_call", {"name": TEXT, "server_tool_call": _server_tool("call")}, id=TEXT),
        _typed("server_tool_call_response", {"server_tool_call_response": _server_tool("response")}, id=TEXT),
        _typed(
            "blob",
            {"modality": MODALITY, "content": {"const": ""}, "byte_size": COUNT},
            mime_type={"type": "string", "pattern": "^[^/ ]+/[^/ ]+$"},
            transcript=TEXT,
            name=TEXT,
        ),
        _typed("file", {"modality": MODALITY, "file_id": TEXT}, name=TEXT),
        _typed(
            "uri",
            {"modality": MODALITY, "uri": {"type": "string", "not": {"pattern": "^data:"}}},
            mime_type=TEXT,
            name=TEXT,
        ),
        # These types are not in the conventions, which allow any type.
        _typed("refusal", {"content": TEXT}),
        _typed("tokens", {"count": COUNT}),
        _typed("item_reference", {"id": TEXT}),
        _typed("url_citation", {"url": TEXT}, title=STRING, content=STRING, start_index=COUNT, end_index=COUNT),
        _object(
            {"type": {"type": "string", "pattern": "_location$"}, "cited_text": STRING},
            document_index=COUNT,
            start_char_index=COUNT,
            end_char_index=COUNT,
        ),
        _typed("file_annotation", {}, name=TEXT, parts={"type": "array", "items": {"$ref": "#/$defs/part"}}),
        _typed("hologram", {}),  # only the type of an unknown part is recorded
    ]
}
PARTS: Final = {"type": "array", "items": {"$ref": "#/$defs/part"}}
_INPUT: Final = _object({"role": TEXT, "parts": {**PARTS, "minItems": 1}}, name=TEXT)
_OUTPUT: Final = _object(
    {"role": {"const": "assistant"}, "parts": PARTS},
    finish_reason={"enum": ["stop", "length", "content_filter", "tool_call", "error"]},
)
_DEFINITION: Final = _object({"type": TEXT, "name": TEXT}, description=TEXT, parameters={"type": "object"})
_SCHEMAS: Final = {
    "gen_ai.system_instructions": {**PARTS, "minItems": 1},
    "gen_ai.input.messages": {"type": "array", "items": _INPUT, "minItems": 1},
    "gen_ai.output.messages": {"type": "array", "items": _OUTPUT, "minItems": 1},
    "gen_ai.tool.definitions": {"type": "array", "items": _DEFINITION, "minItems": 1},
}
_VALIDATORS: Final = {
    name: Draft202012Validator({**schema, "$defs": {"part": PART}}) for name, schema in _SCHEMAS.items()
}
CONTENT: Final = tuple(_SCHEMAS)
"""The attributes that carry content."""


def validate(content: dict[str, Any]) -> None:
    """Raise if *content*, a mapping from attribute name to value, does not match the schema."""
    for name, value in content.items():
        _VALIDATORS[name].validate(value)
