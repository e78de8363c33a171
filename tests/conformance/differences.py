"""What may differ under us, each with its reason. Anything else is a fault."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .cases import Case


@dataclass(frozen=True)
class Reason:
    """One difference."""

    place: str
    """A regular expression over the place where it is seen."""
    words: str
    """One over what differs."""
    why: str
    manner: str = ""
    """The only manner in which it may be; any where it is empty."""
    beside: str = ""
    """One over what must be left to the collector without us, too; nothing where it is empty."""

    def holds(self, place: str, words: str, case: Case, left: Iterable[str]) -> bool:
        """Whether it is the reason of this difference.

        Args:
            place: where it is seen.
            words: what differs.
            case: in which it is seen.
            left: the types of what only the collector frees without us.
        """
        if self.manner and self.manner != case.manner_name:
            return False
        if self.beside and not any(re.search(self.beside, kind) for kind in left):
            return False
        return re.search(self.place, place) is not None and re.search(self.words, words) is not None


_HTTP: Final = r"httpx2?\."

REASONS: Final[tuple[Reason, ...]] = (
    Reason(
        rf"^kept( until collected)? > {_HTTP}(URL|_urlparse\.ParseResult)$",
        "",
        "the base URLs of the last clients are remembered, so that each is read once",
    ),
    Reason(
        r"^kept until collected > openai\.(_models\.FinalRequestOptions|NotGiven)$",
        "^[1-9]",
        "a copy of the options is sent, and left to the collector where the SDK leaves the options themselves to it",
    ),
    Reason(
        r"^kept until collected > openai\.types\.",
        "",
        "what was read of an answer lives as long as the response, which the SDK itself leaves to the collector",
        beside=rf"^{_HTTP}Response$",
    ),
    Reason(
        rf"^kept( until collected)? > (openai\.types\..*|{_HTTP}Headers)$",
        "",
        "what was read of a stream that was dropped is kept until the next call, which ends its span",
        manner="dropped",
    ),
    Reason(
        r"^result \[options.*( > post_parser|> repr)$",
        "_OpenAIExchange",
        "the SDK calls a parser of ours when it parses, which who overrides `_prepare_options` finds in its options",
    ),
    Reason(
        r"^(logs|result \[options, as JSON\])",
        "without us, .*_OpenAIExchange",
        "where the SDK's method has a parser of its own, which its log shows and JSON refuses, ours stands there",
    ),
    Reason(
        r"^warnings ",
        r"coroutine 'AsyncAPIClient\.request' was never awaited.*'Seam\._request_async' was never awaited",
        "a coroutine that is not awaited goes by the name of its function",
    ),
)
