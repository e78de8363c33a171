"""Text completions: like chat, with a prompt and a text."""

from dataclasses import replace
from typing import Any, Final

from .chat import HELLO
from .chat import SCENARIOS as CHAT
from .scenario import IDENTITY, Scenario, both, input_messages, message, output_messages, text, usage_attributes

REQUEST: Final[dict[str, Any]] = {"model": "openai/gpt-4o-mini", "prompt": "Say hello."}
REQUEST_ATTRIBUTES: Final = {"gen_ai.operation.name": "text_completion"}
HELLO_INPUT: Final = input_messages(message(text("Say hello."), role="user"))

# Scenarios that depend neither on the request nor on the text of the response.
SHARED: Final = (
    "null_finish",
    "no_choices",
    "byok",
    "free",
    "routed",
    "routed_in_vain",
    "cached",
    "ends_early",
    "error_in_stream",
    "error_finish",
    "error_in_200",
    "html",
    "null_body",
    "cut_json",
    "whitespace",
    "empty_stream",
    "rate_limited",
    "moderated",
)

SCENARIOS: Final[dict[str, Scenario]] = {
    **{
        name: replace(CHAT[name], request=REQUEST, request_attributes=REQUEST_ATTRIBUTES, content=None)
        for name in SHARED
    },
    "hello": both(
        HELLO,
        request=REQUEST,
        request_attributes=REQUEST_ATTRIBUTES,
        content={**HELLO_INPUT, **output_messages(message(text("Hello")))},
    ),
    "too_long": both(
        {
            **HELLO,
            "gen_ai.response.finish_reasons": ("length",),
            "openrouter.response.native_finish_reasons": ("MAX_TOKENS",),
        },
        request=REQUEST,
        request_attributes=REQUEST_ATTRIBUTES,
    ),
    "two_choices": both(
        {
            **IDENTITY,
            **usage_attributes(5, 3, 1e-06),
            "gen_ai.response.finish_reasons": ("stop", "tool_calls"),
            "openrouter.response.native_finish_reasons": ("stop", "tool_use"),
        },
        request={**REQUEST, "prompt": ["One?", "Two?"], "n": 2},
        request_attributes={**REQUEST_ATTRIBUTES, "gen_ai.request.choice.count": 2},
        content={
            **input_messages(message(text("One?"), role="user"), message(text("Two?"), role="user")),
            **output_messages(message(text("Yes")), message(text("No!"), reason="tool_call")),
        },
    ),
    "tokens": both(
        HELLO,
        request={**REQUEST, "prompt": [9906, 1917]},
        request_attributes=REQUEST_ATTRIBUTES,
        content={
            **input_messages(message({"type": "tokens", "count": 2}, role="user")),
            **output_messages(message(text("Hello"))),
        },
        reply_name="hello",
    ),
}
