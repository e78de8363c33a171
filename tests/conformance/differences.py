"""The differences that the instrumentation may cause, each with its reason. Any other difference is a failure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .case import Case


@dataclass(frozen=True)
class AllowedDifference:
    """One allowed difference."""

    path: str
    """A regular expression that matches the path of the difference."""
    text: str
    """A regular expression that matches the description of the difference."""
    why: str
    patterns: tuple[str, ...] = ()
    """The only access patterns in which it is allowed; all if empty."""
    uncollected: str = ""
    """A regular expression for a type that must be left to the garbage collector in the uninstrumented run, too."""
    is_fewer: bool = False
    """Allowed if there are fewer with the instrumentation."""

    def matches(self, path: str, text: str, case: Case, types: Iterable[str]) -> bool:
        """Return whether this is the difference that was found.

        Args:
            path: the path of the difference.
            text: the description of the difference.
            case: the case in which it was found.
            types: the types that only the garbage collector frees in the uninstrumented run.
        """
        if self.patterns and case.pattern_name not in self.patterns:
            return False
        if self.uncollected and not any(re.search(self.uncollected, kind) for kind in types):
            return False
        if self.is_fewer and not _is_fewer(text):
            return False
        return re.search(self.path, path) is not None and re.search(self.text, text) is not None


def _is_fewer(text: str) -> bool:
    numbers = re.fullmatch(r"(\d+) without instrumentation, (?:(\d+)|'-') with it", text)
    return numbers is not None and int(numbers[2] or 0) < int(numbers[1])


_SDK: Final = "(openai|anthropic)"
_HTTP: Final = r"httpx2?\."
_AIOHTTP_READS: Final = r"'?aiohttp/streams\.py:\d+ (read\w*|_wait)'"
"""A frame of a method that reads the body of an aiohttp response, such as `readline`, `readuntil`, `_wait`."""

_DROPPED: Final = (
    "dropped",
    "dropped unread",
    "break",
    "break, raw",
    "caller raises",
    "generator of the caller",
)
"""The access patterns that drop a stream, a response, or the iterator of one, before its end."""

ALLOWED_DIFFERENCES: Final[tuple[AllowedDifference, ...]] = (
    AllowedDifference(
        rf"^(leaked|alive until collected) > {_HTTP}(URL|_urlparse\.ParseResult)$",
        "",
        "the base URLs of the last clients are cached, so that each is parsed once",
    ),
    AllowedDifference(
        rf"^alive until collected > {_SDK}\.(_models\.FinalRequestOptions|NotGiven)$",
        "^[1-9]",
        "a copy of the options is sent, which the garbage collector frees if it frees the SDK's own options",
    ),
    AllowedDifference(
        rf"^alive until collected > {_SDK}\.types\.",
        "",
        "the parsed result lives as long as the response, which the SDK itself leaves to the garbage collector",
        uncollected=rf"^{_HTTP}Response$",
    ),
    AllowedDifference(
        rf"^(leaked|alive until collected) > ({_SDK}\.types\..*|{_HTTP}Headers)$",
        "",
        "the record of a dropped stream is kept until the next call, which ends its span",
        patterns=_DROPPED,
    ),
    AllowedDifference(
        r"^alive until collected > ",
        "",
        "a stream is read through a copy, so that its last reference frees it, and its response",
        is_fewer=True,
    ),
    AllowedDifference(
        rf"^alive until collected > {_SDK}\.(_streaming\.)?(Async)?Stream$",
        "^1 without instrumentation, 2 with it$",
        "the copy is freed when the SDK's own stream is, which an exception may keep alive",
    ),
    AllowedDifference(
        r"^alive until collected > httpcore2?\._trace\.Trace$",
        "^'-' without instrumentation, 1 with it$",
        "an async stream that was left is closed at once, without the garbage collector; httpcore leaves this object",
        patterns=(*_DROPPED, "closed early"),
    ),
    AllowedDifference(
        r"^exception > frames( \[\d+\])?$",
        rf"{_AIOHTTP_READS}.* without instrumentation, .*{_AIOHTTP_READS}",
        "aiohttp raises for a damaged body at once, or while it waits for it; this depends on when the body arrives",
    ),
    AllowedDifference(
        r"^result \[stream.*> attributes > _iterator$",
        "^'-' without instrumentation, True with it$",
        "the Anthropic SDK makes the iterator of a stream at its first use; ours is there before, and has not begun",
    ),
    AllowedDifference(
        r"> attributes > _opentelemetry_openrouter_body$",
        "^'-' without instrumentation, True with it$",
        "urllib3's response has a private attribute until it has been read",
    ),
    AllowedDifference(
        r"^result \[options.*( > post_parser|> repr)$",
        "_StainlessExchange",
        "the SDK calls our parser when it parses; an override of `_prepare_options` finds it in the options",
    ),
    AllowedDifference(
        r"^(logs|result \[options, as JSON\])",
        "without instrumentation, .*_StainlessExchange",
        "if the SDK's method has its own parser, which the SDK logs and JSON rejects, ours replaces it",
    ),
    AllowedDifference(
        r"^warnings ",
        r"coroutine 'AsyncAPIClient\.request' was never awaited"
        r".*'ClientInstrumentation\._wrap_request_async' was never awaited",
        "the warning about a coroutine that is not awaited names its function",
    ),
)
