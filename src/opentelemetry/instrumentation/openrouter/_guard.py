"""Our own failures end here: a bug of ours may cost a span, never the caller's call.

Whatever the host's code enters us through is `guarded`; nothing else in this package swallows an exception.
"""

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

logger = logging.getLogger(__package__)
_reported: set[str] = set()


def guarded(entrance: Callable[P, R]) -> Callable[P, R | None]:
    """Make *entrance* return None instead of raising an `Exception`.

    `BaseException` passes: an interrupt or a cancellation is the host's, not ours.
    """

    @functools.wraps(entrance)
    def entered(*args: P.args, **kwargs: P.kwargs) -> R | None:
        try:
            return entrance(*args, **kwargs)
        except Exception:
            report(entrance.__qualname__)
            return None

    return entered


def report(place: str) -> None:
    """Log the exception in flight: once a *place* as a warning without its text, each time at debug with traceback."""
    if place not in _reported:
        _reported.add(place)
        logger.warning(
            "OpenRouter instrumentation failed in %s; the call goes on, its telemetry may be incomplete. "
            "Said once; details at debug level.",
            place,
        )
    logger.debug("OpenRouter instrumentation failed in %s", place, exc_info=True)  # noqa: LOG014 - called from handlers
