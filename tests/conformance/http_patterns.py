"""One way of making a request with an HTTP library and of reading its response, and what all libraries share."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from .describe import describe, kind, normalized
from .http_clients import Call
from .sync_async import iterate


@dataclass(frozen=True)
class Pattern:
    """One way."""

    read: Callable[[Call], Awaitable[None]]
    is_main: bool = False
    """Whether it is combined with all endpoints."""
    is_representative: bool = False
    """Whether it is combined with all options, as a main one is."""


async def attempt_async(do: Callable[[], Awaitable[Any]]) -> Any:
    """Return the description of the result of *do*, or of the exception that it raises."""
    try:
        return describe(await do())
    except Exception as error:  # noqa: BLE001 - the exception is compared
        return f"{kind(error)}: {normalized(error)}"


async def take(pieces: Any) -> list[Any]:
    """Return the remaining pieces."""
    return [piece async for piece in iterate(pieces)]
