"""Keeps secrets out of the output: each line passes through `without_secret_values`.

A check itself shows of a URL the host, and of a value that should be a name only what is like a name.
"""

import os
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import unquote, urlsplit

from ..._mistakes import most_similar

HIDDEN: Final = "***"
_SECRET_NAME: Final = re.compile(
    r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|HEADERS|AUTH(?!OR)|COOKIE|DSN|BAGGAGE$", re.IGNORECASE
)
_NOT_SECRET_NAME: Final = re.compile(r"(?:BAGGAGE_KEYS|_FILE|_PATH|SSH_AUTH_SOCK|XAUTHORITY)$")
_SHORTEST: Final = 6
"""Shorter values, such as `true`, would hide parts of words."""
# OpenRouter's and OpenAI's keys, and those that have a prefix and at least 12 characters more.
_KEY: Final = re.compile(
    r"(?:\b(?:bearer|basic)\s+\S+|\b(?:sk|pk|ak|api|key|lsv2|glc|phc|phx|hny|ghp|gho)[-_][\w.-]{12,})",
    re.IGNORECASE,
)
_USER: Final = re.compile(r"(?<=://)[^\s/@]+@")
_QUERY: Final = re.compile(r"(://[^\s?#,]+)[?#][^\s,]+")
_NAME: Final = re.compile(r"[a-z][a-z_]{0,30}[a-z0-9]?", re.IGNORECASE)


def without_secret_values(text: str) -> str:
    """Return *text* without the values of variables with secrets, and without what has the form of a secret."""
    for value in sorted(_secret_values(), key=len, reverse=True):
        text = text.replace(value, HIDDEN)
    return _KEY.sub(HIDDEN, _QUERY.sub(r"\1", _USER.sub("", text)))


def _secret_values() -> Iterable[str]:
    """Return each secret of the environment; of headers each value alone."""
    found: set[str] = set()
    for name, value in os.environ.items():
        if _SECRET_NAME.search(name) and not _NOT_SECRET_NAME.search(name):
            pieces = [value, *(piece.partition("=")[2] for piece in value.split(","))]
            found.update(each.strip() for piece in pieces for each in (piece, unquote(piece)))
    return (value for value in found if len(value) >= _SHORTEST)


def shown_name(value: str, known: Iterable[str]) -> str:
    """Return *value* as text for a message, with the most similar of the *known* names.

    What is neither similar to a known name nor like a name may be a secret in the wrong place, and is not shown.
    """
    similar = most_similar(value.lower(), known)
    if similar is not None:
        return f"{value!r} (did you mean {similar}?)"
    return repr(value) if _NAME.fullmatch(value) else "a value that is not a name"


def host_of(url: str) -> str:
    """Return the host and the port of *url*, or an empty string if it has none. A scheme may be missing."""
    try:
        split = urlsplit(url if "://" in url else f"//{url}")
        host, port = split.hostname or "", split.port
    except ValueError:
        return ""
    return host if port is None else f"{host}:{port}"
