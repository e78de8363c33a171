"""The calling styles of each client, as calls that the probe can make and check."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

SCENARIO: Final = "served_elsewhere"  # its headers name the upstream provider; a Responses API body does not


class Call(NamedTuple):
    """One calling style with a request."""

    endpoint: str
    style: str
    group: str
    """The column of its client's table."""
    run: Callable[[str], Any]
    """Makes the call, given the simulator's URL, and returns the result as plain data."""
    input_tokens: int = 10
    cost: float = 7.1e-06


EMBEDDING: Final[dict[str, Any]] = {"input_tokens": 7, "cost": 1.4e-06}
"""What the simulator bills for an embedding."""


def outcome(run: Callable[[], Any]) -> Any:
    """Return the caller's result, or the exception's type, message and body."""
    try:
        return run()
    except Exception as error:  # noqa: BLE001 - any exception is an outcome
        return type(error), str(error), getattr(error, "body", None)
