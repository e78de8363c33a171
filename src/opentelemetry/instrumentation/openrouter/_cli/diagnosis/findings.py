"""What a check finds: one line with its level, and for a warning or a problem its cause.

A cause is a row of the table in docs/troubleshooting.md.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias


class Level(Enum):
    """How a line is to be read."""

    OK = "ok"
    NOTE = "-"
    WARNING = "warning"
    PROBLEM = "problem"


class Cause(Enum):
    """Why there may be no span, no cost or no content."""

    VERSION = "version-out-of-range"
    NO_SDK = "no-sdk"
    NO_CLIENT = "no-client"
    CLIENT_VERSION = "client-version"
    NO_ENTRY_POINT = "no-entry-point"
    DISABLED = "instrumentation-disabled"
    NOT_ENABLED = "not-enabled"
    NO_PROVIDER = "no-provider"
    OTHER_HIDES_COST = "other-hides-cost"
    UNKNOWN_NAME = "unknown-name"
    SIMILAR_VARIABLE = "similar-variable"
    WRONG_VALUE = "wrong-value"
    CONFIGURATION_FILE = "configuration-file"
    CONTENT_OFF = "content-off"
    CONTENT_WITHOUT_LOGS = "content-without-logs"
    SDK_DISABLED = "sdk-disabled"
    SAMPLED_OUT = "sampled-out"
    NO_DISTRIBUTION = "no-distribution"
    NO_EXPORTER = "no-exporter"
    EXPORTER_NOT_INSTALLED = "exporter-not-installed"
    PROTOCOL = "unsupported-protocol"
    ENDPOINT = "endpoint-invalid"
    PORT = "port-of-other-protocol"
    UNREACHABLE = "exporter-unreachable"
    REFUSED = "export-refused"
    MISSING_DIALECT = "missing-dialect"
    BASE_URL = "base-url-not-traced"
    NO_API_KEY = "no-api-key"
    CALL_FAILED = "call-failed"
    NO_SPAN = "no-span"
    NO_COST = "no-cost"
    CHECK_FAILED = "check-failed"


@dataclass(frozen=True)
class Finding:
    """One line."""

    level: Level
    text: str
    cause: Cause | None = None


Findings: TypeAlias = Iterator[Finding]
Check: TypeAlias = Callable[[], Findings]


def ok(text: str) -> Finding:
    """Return a line about something that works."""
    return Finding(Level.OK, text)


def note(text: str) -> Finding:
    """Return a line about something that may be as it is."""
    return Finding(Level.NOTE, text)


def warning(cause: Cause, text: str) -> Finding:
    """Return a line about something that may be intended."""
    return Finding(Level.WARNING, text, cause)


def problem(cause: Cause, text: str) -> Finding:
    """Return a line about something that costs a span, a cost or content."""
    return Finding(Level.PROBLEM, text, cause)


def run_check(check: Check) -> Findings:
    """Yield the findings of *check*; its own error is one of them."""
    try:
        yield from check()
    except Exception as error:
        name = type(error).__name__  # its text may contain a value
        yield problem(Cause.CHECK_FAILED, f"The doctor cannot finish this check ({name}): report it as a bug.")
