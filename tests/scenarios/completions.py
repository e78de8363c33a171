"""Text completions: as chat, with a prompt and a text."""

from dataclasses import replace
from typing import Any, Final

from .chat import HELLO
from .chat import SCENARIOS as CHAT
from .record import IDENTITY, Scenario, answered, asked, both, said, spent, text

REQUEST: Final[dict[str, Any]] = {"model": "openai/gpt-4o-mini", "prompt": "Say hello."}
ASKED: Final = {"gen_ai.operation.name": "text_completion"}
HELLO_ASKED: Final = asked(said(text("Say hello."), role="user"))

# What does not depend on what is asked, or on the words of the answer.
ALIKE: Final = (
    "null_finish",
    "no_choices",
    "byok",
    "free",
    "routed",
    "routed_in_vain",
    "cached",
    "error_in_stream",
    "error_finish",
    "error_in_200",
    "whitespace",
    "empty_stream",
    "rate_limited",
    "moderated",
)

SCENARIOS: Final[dict[str, Scenario]] = {
    **{name: replace(CHAT[name], request=REQUEST, asked=ASKED, content=None) for name in ALIKE},
    "hello": both(HELLO, request=REQUEST, asked=ASKED, content={**HELLO_ASKED, **answered(said(text("Hello")))}),
    "too_long": both(
        {
            **HELLO,
            "gen_ai.response.finish_reasons": ("length",),
            "openrouter.response.native_finish_reasons": ("MAX_TOKENS",),
        },
        request=REQUEST,
        asked=ASKED,
    ),
    "two_choices": both(
        {
            **IDENTITY,
            **spent(5, 3, 1e-06),
            "gen_ai.response.finish_reasons": ("stop", "tool_calls"),
            "openrouter.response.native_finish_reasons": ("stop", "tool_use"),
        },
        request={**REQUEST, "prompt": ["One?", "Two?"], "n": 2},
        asked={**ASKED, "gen_ai.request.choice.count": 2},
        content={
            **asked(said(text("One?"), role="user"), said(text("Two?"), role="user")),
            **answered(said(text("Yes")), said(text("No!"), reason="tool_call")),
        },
    ),
    "tokens": both(
        HELLO,
        request={**REQUEST, "prompt": [9906, 1917]},
        asked=ASKED,
        content={
            **asked(said({"type": "tokens", "count": 2}, role="user")),
            **answered(said(text("Hello"))),
        },
        exchange="hello",
    ),
}
